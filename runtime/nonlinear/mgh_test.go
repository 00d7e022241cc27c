package nonlinear

// The test problems of More, Garbow, Hillstrom, ACM Trans. Math. Softw. 7(1), 1981, with their numbers there, standard
// start points and known minima of the sum of squares. Data are those of the paper.

import (
	"context"
	"math"
	"testing"
)

type mgh struct {
	name string
	m    int
	x0   []float64
	f    func(x, r []float64)
	min  []float64 // known local minima of the sum of squares; +Inf: any value is a minimum that flattens out
}

func constant(n int, v float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = v
	}
	return x
}

func sq(x float64) float64 { return x * x }

var (
	bard     = []float64{0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39}
	gaussian = []float64{0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044, 0.0009}
	meyer    = []float64{34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872}
	kowalikY = []float64{0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246}
	kowalikU = []float64{4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625}
	osborne1 = []float64{0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506,
		0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406}
	osborne2 = []float64{1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649,
		0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633,
		0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054}
)

func watson(x, r []float64) {
	for i := range 29 {
		t := float64(i+1) / 29
		s1, s2, p := 0.0, 0.0, 1.0
		for j, v := range x {
			if j > 0 {
				s1 += float64(j) * v * math.Pow(t, float64(j-1))
			}
			s2 += v * p
			p *= t
		}
		r[i] = s1 - s2*s2 - 1
	}
	r[29], r[30] = x[0], x[1]-x[0]*x[0]-1
}

func chebyquad(x, r []float64) {
	n := float64(len(x))
	clear(r)
	for _, v := range x {
		a, b := 1.0, 2*v-1
		for i := range r {
			r[i] += b / n
			a, b = b, 2*(2*v-1)*b-a
		}
	}
	for i := range r {
		if k := float64(i + 1); i%2 == 1 {
			r[i] += 1 / (k*k - 1)
		}
	}
}

// equations have zero residual: they are systems as well.
var equations = []mgh{
	{"1 Rosenbrock", 2, []float64{-1.2, 1}, func(x, r []float64) { r[0], r[1] = 10*(x[1]-x[0]*x[0]), 1-x[0] }, []float64{0}},
	{"3 Powell badly scaled", 2, []float64{0, 1}, func(x, r []float64) { r[0], r[1] = 1e4*x[0]*x[1]-1, math.Exp(-x[0])+math.Exp(-x[1])-1.0001 }, []float64{0}},
	{"7 helical valley", 3, []float64{-1, 0, 0}, func(x, r []float64) {
		theta := math.Atan(x[1]/x[0]) / (2 * math.Pi)
		if x[0] < 0 {
			theta += 0.5
		}
		r[0], r[1], r[2] = 10*(x[2]-10*theta), 10*(math.Hypot(x[0], x[1])-1), x[2]
	}, []float64{0}},
	{"13 Powell singular", 4, []float64{3, -1, 0, 1}, func(x, r []float64) {
		r[0], r[1], r[2], r[3] = x[0]+10*x[1], math.Sqrt(5)*(x[2]-x[3]), sq(x[1]-2*x[2]), math.Sqrt(10)*sq(x[0]-x[3])
	}, []float64{0}},
	{"21 extended Rosenbrock", 20, alternate(20, -1.2, 1), func(x, r []float64) {
		for i := 0; i < len(x); i += 2 {
			r[i], r[i+1] = 10*(x[i+1]-x[i]*x[i]), 1-x[i]
		}
	}, []float64{0}},
	{"26 trigonometric", 10, constant(10, 0.1), func(x, r []float64) {
		s := float64(len(x))
		for _, v := range x {
			s -= math.Cos(v)
		}
		for i, v := range x {
			r[i] = s + float64(i+1)*(1-math.Cos(v)) - math.Sin(v)
		}
	}, []float64{0, 2.79506e-5}},
	{"27 Brown almost linear", 10, constant(10, 0.5), func(x, r []float64) {
		s, p := -float64(len(x)+1), 1.0
		for _, v := range x {
			s += v
			p *= v
		}
		for i, v := range x {
			r[i] = v + s
		}
		r[len(x)-1] = p - 1
	}, []float64{0, 1}},
	{"28 discrete boundary value", 10, boundary(10), func(x, r []float64) {
		n := len(x)
		h := 1 / float64(n+1)
		for i, v := range x {
			r[i] = 2*v + h*h/2*math.Pow(v+float64(i+1)*h+1, 3)
			if i > 0 {
				r[i] -= x[i-1]
			}
			if i < n-1 {
				r[i] -= x[i+1]
			}
		}
	}, []float64{0}},
	{"29 discrete integral equation", 10, boundary(10), func(x, r []float64) {
		n := len(x)
		h := 1 / float64(n+1)
		for i, v := range x {
			ti := float64(i+1) * h
			a, b := 0.0, 0.0
			for j, w := range x {
				tj := float64(j+1) * h
				if c := math.Pow(w+tj+1, 3); j <= i {
					a += tj * c
				} else {
					b += (1 - tj) * c
				}
			}
			r[i] = v + h*((1-ti)*a+ti*b)/2
		}
	}, []float64{0}},
	{"30 Broyden tridiagonal", 30, constant(30, -1), func(x, r []float64) {
		for i, v := range x {
			r[i] = (3-2*v)*v + 1
			if i > 0 {
				r[i] -= x[i-1]
			}
			if i < len(x)-1 {
				r[i] -= 2 * x[i+1]
			}
		}
	}, []float64{0}},
	{"31 Broyden banded", 30, constant(30, -1), func(x, r []float64) {
		for i, v := range x {
			r[i] = v*(2+5*v*v) + 1
			for j := max(0, i-5); j <= min(len(x)-1, i+1); j++ {
				if j != i {
					r[i] -= x[j] * (1 + x[j])
				}
			}
		}
	}, []float64{0}},
	{"35 Chebyquad, 7", 7, ramp(7), chebyquad, []float64{0}},
	{"35 Chebyquad, 9", 9, ramp(9), chebyquad, []float64{0}},
}

// fits are the problems with more residuals than unknowns, or none that vanish.
var fits = []mgh{
	{"2 Freudenstein and Roth", 2, []float64{0.5, -2}, func(x, r []float64) {
		r[0] = -13 + x[0] + ((5-x[1])*x[1]-2)*x[1]
		r[1] = -29 + x[0] + ((x[1]+1)*x[1]-14)*x[1]
	}, []float64{0, 48.9842536792}},
	{"4 Brown badly scaled", 3, []float64{1, 1}, func(x, r []float64) { r[0], r[1], r[2] = x[0]-1e6, x[1]-2e-6, x[0]*x[1]-2 }, []float64{0}},
	{"5 Beale", 3, []float64{1, 1}, func(x, r []float64) {
		for i, y := range []float64{1.5, 2.25, 2.625} {
			r[i] = y - x[0]*(1-math.Pow(x[1], float64(i+1)))
		}
	}, []float64{0}},
	{"6 Jennrich and Sampson", 10, []float64{0.3, 0.4}, func(x, r []float64) {
		for i := range r {
			k := float64(i + 1)
			r[i] = 2 + 2*k - math.Exp(k*x[0]) - math.Exp(k*x[1])
		}
	}, []float64{124.3621823556}},
	{"8 Bard", 15, []float64{1, 1, 1}, func(x, r []float64) {
		for i, y := range bard {
			u, v := float64(i+1), float64(15-i)
			r[i] = y - (x[0] + u/(v*x[1]+math.Min(u, v)*x[2]))
		}
	}, []float64{8.21487730657e-3, 17.4286933}},
	{"9 Gaussian", 15, []float64{0.4, 1, 0}, func(x, r []float64) {
		for i, y := range gaussian {
			r[i] = x[0]*math.Exp(-x[1]*sq(float64(7-i)/2-x[2])/2) - y
		}
	}, []float64{1.12793276962e-8}},
	{"10 Meyer", 16, []float64{0.02, 4000, 250}, func(x, r []float64) {
		for i, y := range meyer {
			r[i] = x[0]*math.Exp(x[1]/(45+5*float64(i+1)+x[2])) - y
		}
	}, []float64{87.9458551706}},
	{"12 box three-dimensional", 10, []float64{0, 10, 20}, func(x, r []float64) {
		for i := range r {
			t := 0.1 * float64(i+1)
			r[i] = math.Exp(-t*x[0]) - math.Exp(-t*x[1]) - x[2]*(math.Exp(-t)-math.Exp(-10*t))
		}
	}, []float64{0}},
	{"14 Wood", 6, []float64{-3, -1, -3, -1}, func(x, r []float64) {
		r[0], r[1], r[2], r[3] = 10*(x[1]-x[0]*x[0]), 1-x[0], math.Sqrt(90)*(x[3]-x[2]*x[2]), 1-x[2]
		r[4], r[5] = math.Sqrt(10)*(x[1]+x[3]-2), (x[1]-x[3])/math.Sqrt(10)
	}, []float64{0}},
	{"15 Kowalik and Osborne", 11, []float64{0.25, 0.39, 0.415, 0.39}, func(x, r []float64) {
		for i, u := range kowalikU {
			r[i] = kowalikY[i] - x[0]*(u*u+u*x[1])/(u*u+u*x[2]+x[3])
		}
	}, []float64{3.07505603849e-4, 1.02734e-3}},
	{"16 Brown and Dennis", 20, []float64{25, 5, -5, -1}, func(x, r []float64) {
		for i := range r {
			t := float64(i+1) / 5
			r[i] = sq(x[0]+t*x[1]-math.Exp(t)) + sq(x[2]+x[3]*math.Sin(t)-math.Cos(t))
		}
	}, []float64{85822.2016264}},
	{"17 Osborne 1", 33, []float64{0.5, 1.5, -1, 0.01, 0.02}, func(x, r []float64) {
		for i, y := range osborne1 {
			t := 10 * float64(i)
			r[i] = y - (x[0] + x[1]*math.Exp(-t*x[3]) + x[2]*math.Exp(-t*x[4]))
		}
	}, []float64{5.46489469748e-5}},
	{"18 Biggs EXP6", 13, []float64{1, 2, 1, 1, 1, 1}, func(x, r []float64) {
		for i := range r {
			t := 0.1 * float64(i+1)
			y := math.Exp(-t) - 5*math.Exp(-10*t) + 3*math.Exp(-4*t)
			r[i] = x[2]*math.Exp(-t*x[0]) - x[3]*math.Exp(-t*x[1]) + x[5]*math.Exp(-t*x[4]) - y
		}
	}, []float64{0, 5.65564992501e-3}},
	{"19 Osborne 2", 65, []float64{1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5}, func(x, r []float64) {
		for i, y := range osborne2 {
			t := float64(i) / 10
			r[i] = y - (x[0]*math.Exp(-t*x[4]) + x[1]*math.Exp(-sq(t-x[8])*x[5]) + x[2]*math.Exp(-sq(t-x[9])*x[6]) + x[3]*math.Exp(-sq(t-x[10])*x[7]))
		}
	}, []float64{4.01377362935e-2}},
	{"20 Watson, 6", 31, constant(6, 0), watson, []float64{2.28767005355e-3}},
	{"20 Watson, 9", 31, constant(9, 0), watson, []float64{1.39976013809e-6}},
	{"20 Watson, 12", 31, constant(12, 0), watson, []float64{4.72238e-10}},
	{"23 penalty I, 4", 5, []float64{1, 2, 3, 4}, func(x, r []float64) {
		a := math.Sqrt(1e-5)
		s := -0.25
		for i, v := range x {
			r[i] = a * (v - 1)
			s += v * v
		}
		r[len(x)] = s
	}, []float64{2.24997758e-5}},
	{"25 variably dimensioned, 10", 12, falling(10), func(x, r []float64) {
		s := 0.0
		for i, v := range x {
			r[i] = v - 1
			s += float64(i+1) * (v - 1)
		}
		r[len(x)], r[len(x)+1] = s, s*s
	}, []float64{0}},
	{"32 linear, full rank", 20, constant(10, 1), func(x, r []float64) {
		s := 0.0
		for _, v := range x {
			s += v
		}
		for i := range r {
			r[i] = -2*s/float64(len(r)) - 1
			if i < len(x) {
				r[i] += x[i]
			}
		}
	}, []float64{10}}, // m - n
	{"33 linear, rank 1", 20, constant(10, 1), func(x, r []float64) {
		s := 0.0
		for j, v := range x {
			s += float64(j+1) * v
		}
		for i := range r {
			r[i] = float64(i+1)*s - 1
		}
	}, []float64{20 * 19 / (2 * 41.0)}}, // m (m - 1)/(2 (2 m + 1))
	{"35 Chebyquad, 8", 8, ramp(8), chebyquad, []float64{3.51687372568e-3}},
	{"35 Chebyquad, 10", 10, ramp(10), chebyquad, []float64{6.50395480254e-3, 4.77271369e-3}},
}

func alternate(n int, a, b float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = a
		if i%2 == 1 {
			x[i] = b
		}
	}
	return x
}

func ramp(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i+1) / float64(n+1)
	}
	return x
}

func falling(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1 - float64(i+1)/float64(n)
	}
	return x
}

func boundary(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		t := float64(i+1) / float64(n+1)
		x[i] = t * (t - 1)
	}
	return x
}

func (c *mgh) problem() *Problem {
	return &Problem{N: len(c.x0), M: c.m, X0: c.x0, Residual: func(x, _, r []float64) { c.f(x, r) }}
}

// The automatic choice solves all systems from the standard starts and from ten and a hundred times these,
// and each method most of them; how many each misses is noted, so that a change for the worse shows.
func TestEquations(t *testing.T) {
	type key struct {
		m    Method
		name string
	}
	missed := map[key]int{}
	for i := range equations {
		c := &equations[i]
		for _, factor := range []float64{1, 10, 100} {
			if c.name[:2] == "35" && factor > 1 {
				continue // polynomials of degree 9 far from [0, 1]: of size 1e20
			}
			p := c.problem()
			x0 := make([]float64, p.N)
			for j, v := range c.x0 {
				x0[j] = factor * v
			}
			for _, m := range []Method{Auto, Newton, Dogleg, Levenberg, PseudoTransient, NewtonHomotopy} {
				sol, err := Solve(context.Background(), p, Options{Method: m, X0: x0})
				if err != nil {
					if m == Auto {
						t.Errorf("%s, start times %g: %v", c.name, factor, err)
					}
					missed[key{m, c.name}]++
					continue
				}
				worst := 0.0
				for _, v := range sol.Residual {
					worst = math.Max(worst, math.Abs(v))
				}
				// Number 3 and 13 have roots near which F is flat; 1e-7 is a millionth of the terms of the others.
				if worst > 1e-7 {
					t.Errorf("%s, start times %g, %v: residual %.3g at %.6g", c.name, factor, m, worst, sol.X)
				}
			}
		}
	}
	count := map[Method]int{}
	for k, n := range missed {
		count[k.m] += n
	}
	t.Logf("of 35 cases each: missed %v", missed)
	// As measured: most are of numbers 26 and 27, which have local minima of the sum of squares and roots at
	// infinity.
	for m, most := range map[Method]int{Newton: 6, Dogleg: 8, Levenberg: 3, PseudoTransient: 5, NewtonHomotopy: 7} {
		if count[m] > most {
			t.Errorf("%v misses %d of 35, at most %d expected", m, count[m], most)
		}
	}
}

// Least squares finds known minima from the standard starts, of systems too.
func TestLeastSquares(t *testing.T) {
	for _, list := range [][]mgh{equations, fits} {
		for i := range list {
			c := &list[i]
			fit, err := LeastSquares(context.Background(), c.problem(), Options{})
			if err != nil {
				t.Errorf("%s: %v (%.12g at %v)", c.name, err, fit.Cost, fit.X)
				continue
			}
			ok := false
			for _, want := range c.min {
				// Minima are known to six digits and more; 1e-12 is zero.
				ok = ok || math.Abs(fit.Cost-want) <= 1e-5*want+1e-12
			}
			if !ok {
				t.Errorf("%s: sum of squares %.12g, want one of %v (%d iterations)", c.name, fit.Cost, c.min, fit.Iterations)
			}
		}
	}
}
