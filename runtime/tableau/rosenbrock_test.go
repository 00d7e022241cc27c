package tableau

import (
	"math/big"
	"testing"
)

// The order conditions of Rosenbrock methods are those of Runge-Kutta methods with
// alpha + Gamma in place of A wherever a node of the tree has exactly one successor
// (Hairer, Wanner, Solving ODEs II, IV.7).
func rosenbrockWeights(alpha, beta [][]*big.Float, list []tree) [][]*big.Float {
	s := len(alpha)
	inner := make([][]*big.Float, len(list)) // sum_j alpha_ij g_j
	chain := make([][]*big.Float, len(list)) // sum_j beta_ij g_j
	g := make([][]*big.Float, len(list))
	times := func(m [][]*big.Float, x []*big.Float) []*big.Float {
		y := make([]*big.Float, s)
		for i := range y {
			y[i] = new(big.Float).SetPrec(prec)
			for j, c := range m[i] {
				if c.Sign() != 0 {
					y[i].Add(y[i], new(big.Float).Mul(c, x[j]))
				}
			}
		}
		return y
	}
	for n, tr := range list {
		g[n] = make([]*big.Float, s)
		for i := range s {
			v := one(0)
			switch {
			case len(tr.sub) == 1:
				v.Set(chain[tr.sub[0]][i])
			default:
				for _, k := range tr.sub {
					v.Mul(v, inner[k][i])
				}
			}
			g[n][i] = v
		}
		inner[n], chain[n] = times(alpha, g[n]), times(beta, g[n])
	}
	return g
}

func TestRosenbrock(t *testing.T) {
	for _, name := range Names(Linear) {
		tol := 1e-14 // the W methods have 15 to 17 digits
		if name == "Rodas4PW" {
			tol = 1e-12 // coefficients of 100 with 15 digits
		}
		r := ReadRosenbrock(name)
		s := len(r.B)
		alpha, gamma := mat(r.Standard.Alpha), mat(r.Standard.Gamma)
		beta := make([][]*big.Float, s)
		for i := range beta {
			for j := range i + 1 {
				v := new(big.Float).SetPrec(prec).Set(gamma[i][j])
				if j < i {
					v.Add(v, alpha[i][j])
				}
				beta[i] = append(beta[i], v)
			}
		}
		list := trees(max(r.Order, r.Embedded) + 1)
		g := rosenbrockWeights(alpha, beta, list)
		if e := residual(vec(r.Standard.B), g, list, r.Order, one); e > tol {
			t.Errorf("%s: order %d violated by %g", name, r.Order, e)
		}
		if e := residual(vec(r.Standard.B), g, list, r.Order+1, one); e < 1e-9 {
			t.Errorf("%s: has order %d, more than it states", name, r.Order+1)
		}
		if r.Embedded > 0 {
			if e := residual(vec(r.Standard.BHat), g, list, r.Embedded, one); e > tol {
				t.Errorf("%s: embedded order %d violated by %g", name, r.Embedded, e)
			}
		}
		// The transformed form is the standard one: Gamma^-1 = I/gamma - C, A Gamma = alpha,
		// b = b_standard Gamma^-1; the nodes are the row sums.
		c := r.Coeffs()
		al, ga, b := matrix(r.Standard.Alpha), matrix(r.Standard.Gamma), floats(r.Standard.B)
		near := func(what string, got, want float64) {
			if d := got - want; d > 1e-11 || d < -1e-11 {
				t.Errorf("%s: %s is %v, want %v", name, what, got, want)
			}
		}
		for i := range s {
			node, d := 0.0, 0.0
			for j := range i + 1 {
				id := 0.0
				for k := j; k <= i; k++ {
					inv := 0.0
					if k == i {
						inv = 1 / c.Gamma
					} else {
						inv = -c.C[i][k]
					}
					id += inv * ga[k][j]
				}
				want := 0.0
				if i == j {
					want = 1
				}
				near("Gamma^-1 Gamma", id, want)
				d += ga[i][j]
				if j < i {
					a := 0.0
					for k := j; k < i; k++ {
						a += c.A[i][k] * ga[k][j]
					}
					near("A Gamma", a, al[i][j])
					node += al[i][j]
				}
			}
			near("node", c.Nodes[i], node)
			near("d", c.D[i], d)
			sum := 0.0
			for k := i; k < s; k++ {
				sum += c.B[k] * ga[k][i]
			}
			near("b Gamma", sum, b[i])
		}
	}
}

// The classes that the papers state.
func TestRosenbrockStability(t *testing.T) {
	for name, want := range map[string]string{
		"Rodas4": "L-stable", "Rodas5P": "L-stable", "Rodas3": "L-stable", "ROS3P": "A-stable",
		"GRK4A": "A-stable", "Rosenbrock23": "L-stable", "ROS34PW2": "L-stable", "Ros4LStab": "L-stable",
	} {
		if got := ReadRosenbrock(name).StabilityClass(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
