package newton

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Each method of the chain by itself, on a system that damped Newton fails on or that
// the method is made for.
func TestMethods(t *testing.T) {
	for _, c := range []struct {
		name   string
		x0     []float64
		f      func(x, r []float64)
		method Method
		want   []float64
	}{
		// F grows, falls and grows again: the curve of the homotopy turns twice in lambda.
		{"fold", []float64{-3}, func(x, r []float64) { r[0] = x[0]*x[0]*x[0] - 3*x[0] - 10 }, NewtonHomotopy, nil},
		{"fold, fixed point", []float64{-3}, func(x, r []float64) { r[0] = x[0]*x[0]*x[0] - 3*x[0] - 10 }, FixedPoint, nil},
		{"fold of a large system", constant(150, -3), func(x, r []float64) { // the border is eliminated
			r[0] = x[0]*x[0]*x[0] - 3*x[0] - 10
			for i := range x[1:] {
				r[i+1] = x[i+1] - 0.9*x[i]
			}
		}, NewtonHomotopy, nil},
		{"chemical equilibrium", []float64{1, 1}, func(x, r []float64) { // all of one substance at the guess
			r[0] = x[0]*x[0]*x[1] - 1e-3*(2-x[0])
			r[1] = x[0] + 3*x[1] - 2.5
		}, NewtonHomotopy, nil},
		{"stable decay", []float64{20, -20}, func(x, r []float64) { // x' = -F(x) has this root as its only rest
			r[0] = math.Atan(x[0]) + 0.1*x[0] + x[1]/(1+x[1]*x[1])
			r[1] = math.Atan(x[1]) + 0.1*x[1] - x[0]/(1+x[0]*x[0])
		}, Transient, []float64{0, 0}},
		{"stable decay, rows turned", []float64{20, -20}, func(x, r []float64) {
			r[1] = -math.Atan(x[0]) - 0.1*x[0] - x[1]/(1+x[1]*x[1])
			r[0] = math.Atan(x[1]) + 0.1*x[1] - x[0]/(1+x[0]*x[0])
		}, Transient, []float64{0, 0}},
		{"valley", []float64{-12, 40}, func(x, r []float64) {
			r[0], r[1] = 100*(x[1]-x[0]*x[0]), 1-x[0]
		}, TrustRegion, []float64{1, 1}},
	} {
		n := len(c.x0)
		s := New(System{N: n, M: n, Residual: c.f}, Options{})
		x := append([]float64(nil), c.x0...)
		copy(s.x0, x)
		var res Result
		switch c.method {
		case NewtonHomotopy:
			res = s.follow(x, c.method)
		case FixedPoint:
			if !s.regular(x) {
				t.Errorf("%s: no matching", c.name)
				continue
			}
			res = s.follow(x, c.method)
		case Transient:
			res = s.transient(x)
		case TrustRegion:
			res = s.levenberg(x)
		}
		if res.Status != Converged || res.Method != c.method {
			t.Errorf("%s: %v, %v, x = %v", c.name, res.Method, res, x)
			continue
		}
		r := make([]float64, n)
		c.f(x, r)
		for i, v := range r {
			if math.Abs(v) > 1e-9*s.scale(i) {
				t.Errorf("%s: residual %d is %g", c.name, i, v)
			}
		}
		for i, v := range c.want {
			if math.Abs(x[i]-v) > 1e-8 {
				t.Errorf("%s: x = %v, want %v", c.name, x, c.want)
			}
		}
	}
}

// The model's own homotopy leads to the branch that belongs to the simplified system,
// though the guess lies at another root's door: (x - 1)(x - 2)(x - 5) + 4 = 0 has one
// real root, near 0.1, far behind two extrema.
func TestModelHomotopy(t *testing.T) {
	lambda := 1.0
	f := func(x, r []float64) {
		actual := (x[0]-1)*(x[0]-2)*(x[0]-5) + 4.5
		r[0] = lambda*actual + (1-lambda)*(10*x[0]+1)
	}
	s := New(System{N: 1, M: 1, Residual: f, Lambda: func(l float64) { lambda = l }}, Options{})
	x := []float64{3.9}
	copy(s.x0, x)
	res := s.follow(x, ModelHomotopy)
	if res.Status != Converged || lambda != 1 {
		t.Fatal(res, x, lambda)
	}
	if r := []float64{0}; math.Abs(x[0]) > 1 {
		f(x, r)
		t.Error(x, r)
	}
}

// Failure leaves what Solve had found, names every method and restores lambda.
func TestNoRoot(t *testing.T) {
	lambda := 1.0
	s := New(System{N: 2, M: 2, Lambda: func(l float64) { lambda = l }, Residual: func(x, r []float64) {
		r[0] = x[0]*x[0] + 1 + (1-lambda)*(x[0]-1)
		r[1] = x[1] - x[0]
	}}, Options{})
	x := []float64{0.5, 0}
	res := s.Further(x, s.Solve(x))
	if res.Status == Converged || lambda != 1 || math.Abs(res.Residual) < 0.5 {
		t.Error(res, lambda, x)
	}
	seen := map[Method]bool{res.Method: true}
	sum := 0
	for _, a := range res.Tried {
		seen[a.Method] = true
		sum += a.Iterations
	}
	for _, m := range []Method{Damped, ModelHomotopy, TrustRegion, NewtonHomotopy, FixedPoint, Transient, Restarted} {
		if !seen[m] {
			t.Errorf("%v was not tried: %v", m, res.Tried)
		}
	}
	if sum > res.Iterations {
		t.Errorf("%d iterations in all, %d in %v", res.Iterations, sum, res.Tried)
	}
}

// circuit is nodal analysis by hand: resistors, current sources and diodes between
// nodes; node 0 is ground.
type circuit struct {
	n      int
	g      [][3]float64 // node, node, conductance
	i      [][3]float64 // from, to, current
	diodes [][4]float64 // anode, cathode, saturation current, 1/(n kT/q)
}

func (c *circuit) system() System {
	v := func(x []float64, k float64) float64 {
		if k == 0 {
			return 0
		}
		return x[int(k)-1]
	}
	sys := System{N: c.n, M: c.n}
	sys.Residual = func(x, r []float64) {
		clear(r)
		flow := func(a, b, i float64) {
			if a > 0 {
				r[int(a)-1] += i
			}
			if b > 0 {
				r[int(b)-1] -= i
			}
		}
		for _, e := range c.g {
			flow(e[0], e[1], e[2]*(v(x, e[0])-v(x, e[1])))
		}
		for _, e := range c.i {
			flow(e[0], e[1], e[2])
		}
		for _, d := range c.diodes {
			flow(d[0], d[1], d[2]*(math.Exp(d[3]*(v(x, d[0])-v(x, d[1])))-1))
		}
	}
	sys.Jacobian = func(x, vals []float64) {
		clear(vals)
		add := func(i, j, g float64) {
			if i > 0 && j > 0 {
				vals[(int(j)-1)*c.n+int(i)-1] += g
			}
		}
		stamp := func(a, b, g float64) {
			add(a, a, g)
			add(a, b, -g)
			add(b, a, -g)
			add(b, b, g)
		}
		for _, e := range c.g {
			stamp(e[0], e[1], e[2])
		}
		for _, d := range c.diodes {
			stamp(d[0], d[1], d[2]*d[3]*math.Exp(d[3]*(v(x, d[0])-v(x, d[1]))))
		}
	}
	return sys
}

// lifted is the same with the arguments of the exponentials as unknowns of their own,
// behind the node voltages.
func (c *circuit) lifted() System {
	k := len(c.diodes)
	n := c.n + k
	v := func(x []float64, k float64) float64 {
		if k == 0 {
			return 0
		}
		return x[int(k)-1]
	}
	linear := (&circuit{n: c.n, g: c.g, i: c.i}).system()
	sys := System{N: n, M: n, Lift: k, Nominal: append(make([]float64, c.n), constant(k, 1)...)}
	sys.Residual = func(x, r []float64) {
		linear.Residual(x[:c.n], r[:c.n])
		for j, d := range c.diodes {
			s := x[c.n+j]
			r[c.n+j] = s - d[3]*(v(x, d[0])-v(x, d[1]))
			if i := d[2] * (math.Exp(s) - 1); d[0] != d[1] {
				if d[0] > 0 {
					r[int(d[0])-1] += i
				}
				if d[1] > 0 {
					r[int(d[1])-1] -= i
				}
			}
		}
	}
	sys.Jacobian = func(x, vals []float64) {
		clear(vals)
		at := func(i, j int) *float64 { return &vals[j*n+i] }
		part := make([]float64, c.n*c.n)
		linear.Jacobian(x[:c.n], part)
		for j := range c.n {
			for i := range c.n {
				*at(i, j) = part[j*c.n+i]
			}
		}
		for j, d := range c.diodes {
			s := c.n + j
			*at(s, s) = 1
			for side, sign := range []float64{1, -1} {
				if m := int(d[side]) - 1; m >= 0 && d[0] != d[1] {
					*at(s, m) = -sign * d[3]
					*at(m, s) = sign * d[2] * math.Exp(x[s])
				}
			}
		}
	}
	return sys
}

// arguments appends those of the exponentials to node voltages.
func (c *circuit) arguments(x []float64) []float64 {
	v := append([]float64{0}, x...)
	for _, d := range c.diodes {
		x = append(x, d[3]*(v[int(d[0])]-v[int(d[1])]))
	}
	return x
}

// Operating points of circuits with junctions, from zero guesses and from guesses far
// off, each by Newton with limited exponents alone. The values follow from Kirchhoff's
// laws at the solution, which is unique: the circuits are passive.
func TestJunctions(t *testing.T) {
	const is, vt = 1e-14, 1 / 0.025
	ladder := &circuit{n: 40, i: [][3]float64{{0, 1, 0.1}}}
	for k := 1; k <= 40; k++ {
		ladder.diodes = append(ladder.diodes, [4]float64{float64(k), float64(k+1) * b2f(k < 40), is, vt})
		ladder.g = append(ladder.g, [3]float64{float64(k), 0, 1e-4})
	}
	for _, c := range []struct {
		name  string
		c     *circuit
		limit int // iterations
	}{
		{"one diode at 10 V", &circuit{n: 1, g: [][3]float64{{1, 0, 1e-3}}, i: [][3]float64{{0, 1, 10}}, diodes: [][4]float64{{1, 0, is, vt}}}, 40},
		{"three in series", &circuit{n: 3, g: [][3]float64{{1, 0, 1e-3}}, i: [][3]float64{{0, 1, 10}},
			diodes: [][4]float64{{1, 2, is, vt}, {2, 3, 1e-9, vt}, {3, 0, 1e-6, vt / 2}}}, 60},
		{"antiparallel", &circuit{n: 2, g: [][3]float64{{1, 0, 1e-3}, {1, 2, 1}}, i: [][3]float64{{0, 1, -5}},
			diodes: [][4]float64{{2, 0, is, vt}, {0, 2, is, vt}}}, 60},
		{"bridge", &circuit{n: 4, g: [][3]float64{{1, 2, 1e-2}, {3, 4, 1e-3}, {4, 0, 1e6}}, i: [][3]float64{{2, 1, 1}},
			diodes: [][4]float64{{1, 3, is, vt}, {2, 3, is, vt}, {4, 1, is, vt}, {4, 2, is, vt}}}, 60},
		{"parallel, unlike", &circuit{n: 1, g: [][3]float64{{1, 0, 1e-6}}, i: [][3]float64{{0, 1, 1}},
			diodes: [][4]float64{{1, 0, 1e-15, vt}, {1, 0, 1e-8, vt}, {1, 0, 1e-12, vt / 2}}}, 40},
		{"ladder of 40", ladder, 400},
	} {
		for _, guess := range []float64{0, 5, -5, 0.7} {
			x := constant(c.c.n, guess)
			if guess == 5 {
				for i := range x {
					x[i] *= float64(i + 1)
				}
			}
			x = c.c.arguments(x)
			sys := c.c.lifted()
			s := New(sys, Options{})
			res := s.Solve(x)
			t.Logf("%s from %g: %d iterations", c.name, guess, res.Iterations)
			if res.Status != Converged || res.Method != Limited || res.Iterations > c.limit {
				t.Errorf("%s from %g: %v, %v, tried %v", c.name, guess, res.Method, res, res.Tried)
				continue
			}
			r := make([]float64, sys.N)
			sys.Residual(x, r)
			for i, v := range r {
				if math.Abs(v) > 1e-9*s.scale(i) {
					t.Errorf("%s from %g: current of %g into node %d", c.name, guess, v, i+1)
				}
			}
		}
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A large sparse system reaches its root by continuation: Bratu's problem on the upper
// side of its fold, u” + 3 e^u = 0, whose lower solution has u(1/2) = 0.6 or so, by
// finite differences on 2000 nodes (Allgower and Georg, chapter 16, treat it so).
func TestLargePath(t *testing.T) {
	const n = 2000
	h := 1.0 / (n + 1)
	p := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: []int32{0}}
	for j := range n {
		for i := max(0, j-1); i <= min(n-1, j+1); i++ {
			p.RowIdx = append(p.RowIdx, int32(i))
		}
		p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	}
	s := New(System{N: n, M: n, Pattern: p, Residual: func(x, r []float64) {
		for i, v := range x {
			r[i] = 2*v - 3*h*h*math.Exp(v)
			if i > 0 {
				r[i] -= x[i-1]
			}
			if i < n-1 {
				r[i] -= x[i+1]
			}
		}
	}, Jacobian: func(x, vals []float64) {
		e := 0
		for j, v := range x {
			for i := max(0, j-1); i <= min(n-1, j+1); i++ {
				vals[e] = -1
				if i == j {
					vals[e] = 2 - 3*h*h*math.Exp(v)
				}
				e++
			}
		}
	}}, Options{})
	x := make([]float64, n)
	copy(s.x0, x)
	res := s.follow(x, NewtonHomotopy)
	// u = 2 ln(cosh(k) / cosh(k (1 - 2t))) with k = sqrt(3/8) cosh(k), so u(1/2) = 2 ln cosh k.
	k := 1.0
	for range 200 {
		k = math.Sqrt(3.0/8) * math.Cosh(k)
	}
	if want := 2 * math.Log(math.Cosh(k)); res.Status != Converged || math.Abs(x[n/2]-want) > 1e-4 {
		t.Error(res, x[n/2], want)
	}
}

// Random circuits of resistors, diodes and current sources. Each has one operating point,
// as its elements are passive and every node has a path of resistors to ground; the
// iteration with limited exponents must find it from any guess, where the exponents are
// unknowns of their own.
func TestRandomCircuits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 7))
	total := 0
	for trial := range 300 {
		n := 1 + rng.IntN(12)
		c := &circuit{n: n}
		node := func() float64 { return float64(rng.IntN(n + 1)) }
		for k := 1; k <= n; k++ {
			c.g = append(c.g, [3]float64{float64(k), 0, math.Pow(10, -7+3*rng.Float64())})
		}
		for range n {
			c.g = append(c.g, [3]float64{node(), node(), math.Pow(10, -5+5*rng.Float64())})
			c.diodes = append(c.diodes, [4]float64{node(), node(), math.Pow(10, -16+9*rng.Float64()), 1 / (0.025 * (1 + rng.Float64()))})
			if rng.IntN(2) == 0 {
				c.i = append(c.i, [3]float64{node(), node(), math.Pow(10, -4+4*rng.Float64())})
			}
		}
		sys := c.lifted()
		s := New(sys, Options{})
		x := make([]float64, n)
		if trial%3 == 1 {
			for i := range x {
				x[i] = 20 * (rng.Float64() - 0.5)
			}
		}
		x = c.arguments(x)
		res := s.Solve(x)
		if res.Status != Converged || res.Method != Limited {
			t.Errorf("trial %d, %d nodes, %d diodes: %v, %v, tried %v", trial, n, len(c.diodes), res.Method, res, res.Tried)
			continue
		}
		total += res.Iterations
		r := make([]float64, sys.N)
		sys.Residual(x, r)
		for i, v := range r {
			// A node at rest counts as 1e-3 V.
			if math.Abs(v) > 1e-6*s.scale(i) {
				t.Errorf("trial %d: current of %g into node %d", trial, v, i+1)
			}
		}
	}
	t.Logf("%d iterations on average", total/300)
}
