package tableau

import (
	"math"
	"math/big"
	"strings"
	"testing"
)

func implicit() []*FIRK {
	var list []*FIRK
	for _, name := range Names(Full) {
		list = append(list, ReadFIRK(name))
	}
	return list
}

func TestFIRKOrder(t *testing.T) {
	most := mostOrder()
	list := trees(most)
	for _, e := range implicit() {
		g := weights(mat(e.A), upTo(list, e.Order+1))
		if r := residual(vec(e.B), g, list, min(e.Order, most), one); r > exact {
			t.Errorf("%s: order %d violated by %g", e.Name, e.Order, r)
		}
		if e.Order+1 <= most {
			if r := residual(vec(e.B), g, list, e.Order+1, one); r < 1e-9 {
				t.Errorf("%s: has order %d, more than it states", e.Name, e.Order+1)
			}
		}
	}
}

// The simplifying assumptions B(p), C(q), D(r) of Butcher imply the order for every order: p <=
// q + r + 1 and p <= 2q + 2 (Hairer, Norsett, Wanner, Solving ODEs I, theorem II.7.4). That covers the orders
// that the trees do not reach.
func TestFIRKSimplifyingAssumptions(t *testing.T) {
	for _, e := range implicit() {
		a, b, c := mat(e.A), vec(e.B), vec(e.C)
		s := len(b)
		power := func(x *big.Float, n int) *big.Float {
			p := one(0)
			for range n {
				p.Mul(p, x)
			}
			return p
		}
		over := func(x *big.Float, n int) *big.Float {
			return new(big.Float).Quo(x, big.NewFloat(float64(n)).SetPrec(prec))
		}
		off := func(x, y *big.Float) float64 {
			d, _ := new(big.Float).Sub(x, y).Float64()
			return math.Abs(d)
		}
		quadrature := func(k int) float64 { // B: sum b_i c_i^(k-1) = 1/k
			sum := new(big.Float).SetPrec(prec)
			for i := range s {
				sum.Add(sum, new(big.Float).Mul(b[i], power(c[i], k-1)))
			}
			return off(sum, over(one(0), k))
		}
		stages := func(k int) float64 { // C: sum_j a_ij c_j^(k-1) = c_i^k/k
			worst := 0.0
			for i := range s {
				sum := new(big.Float).SetPrec(prec)
				for j := range s {
					sum.Add(sum, new(big.Float).Mul(a[i][j], power(c[j], k-1)))
				}
				worst = math.Max(worst, off(sum, over(power(c[i], k), k)))
			}
			return worst
		}
		adjoint := func(k int) float64 { // D: sum_i b_i c_i^(k-1) a_ij = b_j (1 - c_j^k)/k
			worst := 0.0
			for j := range s {
				sum := new(big.Float).SetPrec(prec)
				for i := range s {
					w := new(big.Float).Mul(b[i], power(c[i], k-1))
					sum.Add(sum, w.Mul(w, a[i][j]))
				}
				want := new(big.Float).Mul(b[j], new(big.Float).Sub(one(0), power(c[j], k)))
				worst = math.Max(worst, off(sum, over(want, k)))
			}
			return worst
		}
		upTo := func(f func(k int) float64) int {
			k := 0
			for k < 2*s && f(k+1) < exact {
				k++
			}
			return k
		}
		p, q, r := upTo(quadrature), upTo(stages), upTo(adjoint)
		if q != e.StageOrder {
			t.Errorf("%s: stage order %d, stated is %d", e.Name, q, e.StageOrder)
		}
		if got := min(p, q+r+1, 2*q+2); got < e.Order {
			// The methods of Lobatto's families A to C with two stages are of order 2 by B(2) and C(1).
			if !(e.Order == 2 && p >= 2 && q >= 1) && !(e.Name == "LobattoIIIB2" && p >= 2 && r >= 1) {
				t.Errorf("%s: B(%d), C(%d), D(%d) give order %d, stated is %d", e.Name, p, q, r, got, e.Order)
			}
		}
		if quadrature(e.Order+1) < 1e-30 { // the residual of Radau's formula of order 13 is 1e-8
			t.Errorf("%s: its quadrature has order %d", e.Name, e.Order+1)
		}
	}
}

// R(z) = det(I - zA + z 1 b^T) / det(I - zA), as z goes to minus infinity.
func TestFIRKStability(t *testing.T) {
	for _, e := range implicit() {
		var table struct {
			R string `json:"R_infinity"`
		}
		read(Full, e.Name, &table)
		s := len(e.B)
		a, b := mat(e.A), vec(e.B)
		r := func(z *big.Float) float64 {
			num, den := bigZero(s, s), bigZero(s, s)
			for i := range s {
				for j := range s {
					den[i][j].Mul(z, a[i][j])
					den[i][j].Neg(den[i][j])
					if i == j {
						den[i][j].Add(den[i][j], bigInt(1))
					}
					num[i][j].Add(den[i][j], new(big.Float).Mul(z, b[j]))
				}
			}
			q, _ := bigNew().Quo(determinant(num), determinant(den)).Float64()
			return q
		}
		far := r(big.NewFloat(-1e12).SetPrec(prec))
		want, _ := new(big.Float).SetString(table.R)
		w, _ := want.Float64()
		switch {
		case math.Abs(w) > 1e10:
			if math.Abs(far) < 1e10 || far*w < 0 {
				t.Errorf("%s: R(-1e12) = %g, stated is no bound", e.Name, far)
			}
		case math.Abs(far-w) > 1e-9: // R - R(infinity) falls as 1/z
			t.Errorf("%s: R(-1e12) = %g, stated is %g at infinity", e.Name, far, w)
		}
		if strings.HasPrefix(e.Name, "LobattoIIICStar") {
			continue // not A-stable
		}
		for k := -20; k <= 20; k++ { // and bounded by 1 on the negative axis
			if v := math.Abs(r(big.NewFloat(-math.Exp(float64(k) / 2)).SetPrec(prec))); v > 1+1e-12 {
				t.Errorf("%s: |R| = %g at -exp(%g)", e.Name, v, float64(k)/2)
			}
		}
	}
}

// determinant by elimination; it spoils m.
func determinant(m [][]*big.Float) *big.Float {
	n := len(m)
	d := bigInt(1)
	for k := range n {
		p := k
		for i := k + 1; i < n; i++ {
			if bigNew().Abs(m[i][k]).Cmp(bigNew().Abs(m[p][k])) > 0 {
				p = i
			}
		}
		if m[p][k].Sign() == 0 {
			return bigNew()
		}
		if p != k {
			m[k], m[p] = m[p], m[k]
			d.Neg(d)
		}
		d.Mul(d, m[k][k])
		for i := k + 1; i < n; i++ {
			f := bigNew().Quo(m[i][k], m[k][k])
			for j := k; j < n; j++ {
				m[i][j].Sub(m[i][j], bigNew().Mul(f, m[k][j]))
			}
		}
	}
	return d
}

// A T = T Lambda^-1 and T TI = I to rounding, the rows of T are scaled as stated, and the other
// coefficients say of polynomials what they should.
func TestFIRKCanonical(t *testing.T) {
	for _, e := range implicit() {
		x := e.Canonical()
		a, b, c := matrix(e.A), floats(e.B), floats(e.C)
		n, lo := x.N, 0
		if x.First {
			lo = 1
		}
		lambda := make([][]float64, n)
		for i := range lambda {
			lambda[i] = make([]float64, n)
		}
		k := 0
		if x.Gamma != 0 {
			lambda[0][0] = x.Gamma
			k = 1
		}
		for p := range x.Alpha {
			lambda[k][k], lambda[k][k+1] = x.Alpha[p], -x.Beta[p]
			lambda[k+1][k], lambda[k+1][k+1] = x.Beta[p], x.Alpha[p]
			k += 2
		}
		if k != n {
			t.Fatalf("%s: %d eigenvalues for %d stages", e.Name, k, n)
		}
		// Entries of T are at most about 1, of TI 300, of Lambda 12, so rounding errors are
		// below 7 * 300 * 12 * 1e-16.
		const tol = 5e-12
		for i := range n {
			for j := range n {
				id, at, tl := 0.0, 0.0, 0.0
				for l := range n {
					id += x.T[i][l] * x.TI[l][j]
					at += a[lo+i][lo+l] * x.K[l][j]
					tl += x.T[i][l] * lambda[l][j]
				}
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(id-want) > tol {
					t.Errorf("%s: (T TI)_%d%d = %g", e.Name, i, j, id)
				}
				if math.Abs(at-x.T[i][j]) > tol {
					t.Errorf("%s: (A K - T)_%d%d = %g", e.Name, i, j, at-x.T[i][j])
				}
				if math.Abs(tl-x.K[i][j]) > tol {
					t.Errorf("%s: (T Lambda - K)_%d%d = %g", e.Name, i, j, tl-x.K[i][j])
				}
			}
		}
		k = 0
		if x.Gamma != 0 {
			k = 1
			if x.T[n-1][0] != 1 {
				t.Errorf("%s: the last row of T is %v", e.Name, x.T[n-1])
			}
		}
		for ; k < n; k += 2 {
			if x.T[n-1][k] != 1 || x.T[n-1][k+1] != 0 {
				t.Errorf("%s: the last row of T is %v", e.Name, x.T[n-1])
			}
		}
		// With h = 1 and u' = m t^(m-1) the stages have k_i = m c_i^(m-1), the end, the interpolant
		// and the defect at the start are known for m up to the order of the quadrature over the nodes.
		for m := 1; m <= len(b); m++ {
			f := func(t float64) float64 { return float64(m) * math.Pow(t, float64(m-1)) }
			w := make([]float64, n) // K^-1 k = Lambda^-1 TI k
			for i := range w {
				kv := make([]float64, n)
				for l := range n {
					kv[l] = f(c[lo+l])
				}
				// W = TI A k
				for l := range n {
					s := 0.0
					for j := range n {
						s += a[lo+l][lo+j] * kv[j]
					}
					w[i] += x.TI[i][l] * s
				}
			}
			last := f(c[len(c)-1])
			end := x.End0*f(0) + x.End1*last
			defect := f(0) + x.Defect1*last
			for l := range n {
				end += x.EndW[l] * w[l]
				defect += x.DefectW[l] * w[l]
			}
			if m <= e.Order && math.Abs(end-1) > tol {
				t.Errorf("%s: t^%d ends at %.15g", e.Name, m, end)
			}
			if m <= x.Knots && math.Abs(defect) > 1e-10 {
				t.Errorf("%s: the defect of t^%d at the start is %g", e.Name, m, defect)
			}
			if m == x.Knots+1 && math.Abs(defect) < 1e-6 {
				t.Errorf("%s: no defect of t^%d at the start", e.Name, m)
			}
			for _, at := range []float64{0.3, 0.8, 1} {
				u := 0.0
				for r := range x.DenseW {
					d := 0.0
					if x.First {
						d += x.Dense0[r] * f(0)
					}
					if x.Last {
						d += x.Dense1[r] * last
					}
					for l := range n {
						d += x.DenseW[r][l] * w[l]
					}
					u += d * math.Pow(at, float64(r+1))
				}
				if math.Abs(u-math.Pow(at, float64(m))) > 1e-10 {
					t.Errorf("%s: the interpolant of t^%d at %g is off by %g", e.Name, m, at, u-math.Pow(at, float64(m)))
				}
			}
			if x.Ahead == nil {
				continue
			}
			// Continued with q = 1.5: the stages of the next step.
			for i := range n {
				z := 0.0
				for l := range n {
					q := 1.0
					v := 0.0
					for r := range x.Shift {
						q *= 1.5
						s := 0.0
						for j := range n {
							s += x.Shift[r][j] * w[j]
						}
						v += x.Ahead[l][r] * q * s
					}
					z += x.T[i][l] * v
				}
				want := math.Pow(1+1.5*c[i], float64(m)) - 1
				if math.Abs(z-want) > 1e-9*math.Pow(2.5, float64(m)) {
					t.Errorf("%s: t^%d continued to stage %d is %g, want %g", e.Name, m, i, z, want)
				}
			}
		}
		if x.Bubble != nil && e.Order > len(b) { // prod (1 - t/c_i) has no integral over the step
			s := 0.0
			for _, v := range x.Bubble {
				s += v
			}
			if math.Abs(s) > 1e-11 {
				t.Errorf("%s: the bubble ends at %g", e.Name, s)
			}
		}
	}
}

// The tables state eigenvalues, the embedded formula of Radau IIA and interpolants, computed by
// others.
func TestFIRKAgainstTables(t *testing.T) {
	for _, e := range implicit() {
		var table struct {
			Inverse *struct {
				Real    []string
				Complex [][]string
			} `json:"inv_eigenvalues"`
			Embedded *struct {
				Gamma0 string
				EZ     []string `json:"e_z"`
			}
			Dense *Dense
		}
		read(Full, e.Name, &table)
		x := e.Canonical()
		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-12*math.Max(1, math.Abs(want)) {
				t.Errorf("%s: %s is %.16g, the table has %.16g", e.Name, what, got, want)
			}
		}
		if v := table.Inverse; v != nil {
			if len(v.Real) > 0 {
				near("the real eigenvalue", x.Gamma, floats(v.Real)[0])
			}
			if len(v.Complex) != len(x.Alpha) {
				t.Errorf("%s: %d pairs, the table has %d", e.Name, len(x.Alpha), len(v.Complex))
			}
			for _, c := range v.Complex {
				z := floats(c)
				best := math.Inf(1)
				for p := range x.Alpha {
					best = math.Min(best, math.Hypot(x.Alpha[p]-z[0], x.Beta[p]-math.Abs(z[1])))
				}
				if best > 1e-13 {
					t.Errorf("%s: the eigenvalue %v is missing, by %g", e.Name, z, best)
				}
			}
		}
		if v := table.Embedded; v != nil { // gamma0 h f0 + sum e_z Z
			g, _ := rat(v.Gamma0).Float64()
			near("1/gamma", g, 1/x.Gamma)
			for k := range x.N {
				s := 0.0
				for i, ez := range floats(v.EZ) {
					s += ez * x.T[i][k]
				}
				near("the estimate", g*x.DefectW[k], s)
			}
		}
		if v := table.Dense; v != nil && !x.First {
			for r := range x.DenseW {
				for k := range x.N {
					s := 0.0
					for i, row := range matrix(v.B) {
						s += row[r] * x.K[i][k]
					}
					// Coefficients up to 400 multiply entries of K up to 12.
					if math.Abs(s-x.DenseW[r][k]) > 1e-11*math.Max(1, math.Abs(s)) {
						t.Errorf("%s: the interpolant has %g in row %d, the table %g", e.Name, x.DenseW[r][k], r, s)
					}
				}
			}
		}
	}
}

// A changed coefficient must be noticed.
func TestFIRKNotices(t *testing.T) {
	e := ReadFIRK("RadauIIA5")
	list := trees(5)
	a := mat(e.A)
	a[1][2].Add(a[1][2], big.NewFloat(1e-14))
	if r := residual(vec(e.B), weights(a, list), list, 5, one); r < 1e-17 {
		t.Errorf("a changed coefficient leaves a residual of %g", r)
	}
}
