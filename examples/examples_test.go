// Package examples_test compares every example with an analytic or published answer.
package examples_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/ode"
)

// compile builds the model of a package below this folder.
func compile(t *testing.T, dir, name string, args map[string]string) *ode.Problem {
	t.Helper()
	prob, found := mtkc.New(dir, mtkc.Options{Model: name, Args: args, Check: true}).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return prob
}

func solve(t *testing.T, prob *ode.Problem, opt ode.Options) *ode.Solution {
	t.Helper()
	sol, err := ode.Solve(context.Background(), prob, opt)
	if err != nil {
		t.Fatalf("%s: %v", prob.Name, err)
	}
	return sol
}

func values(t *testing.T, sol *ode.Solution, name string) []float64 {
	t.Helper()
	v, err := sol.Values(name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func last(t *testing.T, sol *ode.Solution, name string) float64 {
	t.Helper()
	v := values(t, sol, name)
	return v[len(v)-1]
}

// near fails unless got is within rel*|want| + abs of want.
func near(t *testing.T, what string, got, want, rel, abs float64) {
	t.Helper()
	if !(math.Abs(got-want) <= rel*math.Abs(want)+abs) {
		t.Errorf("%s = %.12g, want %.12g: off by %.2g, allowed %.2g", what, got, want, got-want, rel*math.Abs(want)+abs)
	}
}

// Reference: Taylor series of order 30 with steps of 0.01 in 30 digits. An error grows
// like exp(0.9 t), about 8000 times until t = 10.
func TestLorenz(t *testing.T) {
	sol := solve(t, compile(t, "lorenz", "", nil), ode.Options{Span: [2]float64{0, 10}, RelTol: 1e-10, AbsTol: 1e-12, FinalOnly: true})
	near(t, "x(10)", last(t, sol, "x"), -5.85768538242409, 0, 1e-5)
	near(t, "y(10)", last(t, sol, "y"), -5.83108248642610, 0, 1e-5)
	near(t, "z(10)", last(t, sol, "z"), 23.9321329870276, 0, 1e-5)
}

func TestLotkaVolterra(t *testing.T) {
	sol := solve(t, compile(t, "lotkavolterra", "", nil), ode.Options{RelTol: 1e-9, AbsTol: 1e-11, Steps: 400})
	x, y := values(t, sol, "prey"), values(t, sol, "predator")
	v := func(i int) float64 { return 0.1*x[i] - 0.4*math.Log(x[i]) + 0.4*y[i] - 1.1*math.Log(y[i]) }
	for i := range x {
		near(t, "the conserved quantity", v(i), v(0), 1e-7, 0)
	}
}

// Reference: Taylor series in 25 digits (mpmath), of equations written by hand.
func TestReactions(t *testing.T) {
	tight := func(stop float64) ode.Options {
		return ode.Options{Span: [2]float64{0, stop}, RelTol: 1e-10, AbsTol: 1e-10, FinalOnly: true}
	}
	sol := solve(t, compile(t, "enzyme", "", nil), tight(50))
	for name, want := range map[string]float64{"s": 1.607127499749895, "e": 104.6851084790893, "se": 15.3148915209107, "p": 284.0779809793394} {
		near(t, "enzyme "+name, last(t, sol, name), want, 1e-8, 0)
	}
	sol = solve(t, compile(t, "repressilator", "", nil), tight(100))
	for name, want := range map[string]float64{
		"gene[0].m": 3.450262848652302, "gene[1].m": 0.1925577392740055, "gene[2].m": 7.327861102690261,
		"gene[0].p": 1038.825623083607, "gene[1].p": 113.8207914871419, "gene[2].p": 288.9341957454556,
	} {
		near(t, "repressilator "+name, last(t, sol, name), want, 1e-8, 0)
	}
}

// Reference: IVP test set, ROBER at t = 1e11.
func TestRobertson(t *testing.T) {
	for _, name := range []string{"Robertson", "RobertsonDAE"} {
		sol := solve(t, compile(t, "robertson", name, nil), ode.Options{RelTol: 1e-8, AbsTol: 1e-16, FinalOnly: true})
		near(t, name+" y1", last(t, sol, "y1"), 2.083340149701255e-8, 1e-5, 0)
		near(t, name+" y2", last(t, sol, "y2"), 8.333360770334713e-14, 1e-5, 0)
		near(t, name+" y3", last(t, sol, "y3"), 0.9999999791665050, 1e-7, 0)
	}
}

// Reference: IVP test set, VDPOL at t = 2000.
func TestVanDerPol(t *testing.T) {
	sol := solve(t, compile(t, "vanderpol", "", nil), ode.Options{RelTol: 1e-8, AbsTol: 1e-10, FinalOnly: true})
	near(t, "x", last(t, sol, "x"), 1.706167732170469, 1e-5, 0)
	near(t, "v", last(t, sol, "v"), -8.928097010248125e-4, 1e-4, 0)
}

// The constraint, the energy and the period 4*K(1/2)*sqrt(L/G) of a pendulum that
// starts from the horizontal.
func TestPendulum(t *testing.T) {
	prob := compile(t, "pendulum", "", nil)
	if prob.Index != 3 {
		t.Errorf("index %d, want 3", prob.Index)
	}
	sol := solve(t, prob, ode.Options{Span: [2]float64{0, 10}, RelTol: 1e-8, Steps: 1000})
	x, y := values(t, sol, "x"), values(t, sol, "y")
	vx, vy := values(t, sol, "der(x)"), values(t, sol, "der(y)")
	for i := range x {
		near(t, "x^2 + y^2", x[i]*x[i]+y[i]*y[i], 1, 0, 1e-6)
		near(t, "energy", (vx[i]*vx[i]+vy[i]*vy[i])/2+9.81*y[i], 0, 0, 1e-5)
	}
	const period = 2.36784194757623745
	sol = solve(t, prob, ode.Options{Span: [2]float64{0, 2 * period}, RelTol: 1e-9, FinalOnly: true})
	near(t, "x after two periods", last(t, sol, "x"), 1, 0, 1e-6)
	near(t, "y after two periods", last(t, sol, "y"), 0, 0, 1e-5)
}

func TestRC(t *testing.T) {
	sol := solve(t, compile(t, "rc", "", nil), ode.Options{RelTol: 1e-8, Steps: 50})
	v, i := values(t, sol, "capacitor.v"), values(t, sol, "resistor.i")
	for k, tk := range sol.Times {
		near(t, "capacitor.v", v[k], 5*(1-math.Exp(-tk/0.1)), 0, 1e-6)
		near(t, "resistor.i", i[k], 0.05*math.Exp(-tk/0.1), 0, 1e-8)
	}
	prob := compile(t, "rc", "", nil)
	sol = solve(t, prob, ode.Options{RelTol: 1e-8, FinalOnly: true, Set: map[string]float64{"resistor.R": 500}})
	near(t, "capacitor.v with R = 500", last(t, sol, "capacitor.v"), 5*(1-math.Exp(-1)), 0, 1e-6)
}

// Reference: the matrix exponential.
func TestRCLadder(t *testing.T) {
	const n = 20
	sol := solve(t, compile(t, "rcladder", "", map[string]string{"N": "20"}), ode.Options{Span: [2]float64{0, 10}, RelTol: 1e-8, FinalOnly: true})
	// v' = A v + b with the input as an extra, constant state.
	a := mat.NewDense(n+1, n+1, nil)
	for i := range n {
		left := i - 1
		if i == 0 {
			left = n // the source
		}
		a.Set(i, i, a.At(i, i)-1)
		a.Set(i, left, a.At(i, left)+1)
		if i < n-1 {
			a.Set(i, i, a.At(i, i)-1)
			a.Set(i, i+1, a.At(i, i+1)+1)
		}
	}
	a.Scale(10, a)
	var e mat.Dense
	e.Exp(a)
	for _, i := range []int{0, 1, 7, n - 1} {
		near(t, "capacitor", last(t, sol, fmt.Sprintf("c[%d].v", i)), e.At(i, n), 0, 1e-7)
	}
}

// Reference: DOP853 at tolerances 1e-10 to 1e-13, which agree in all digits given.
func TestChua(t *testing.T) {
	sol := solve(t, compile(t, "chua", "", nil), ode.Options{Span: [2]float64{0, 400}, RelTol: 1e-10, AbsTol: 1e-12, FinalOnly: true})
	near(t, "L.i", last(t, sol, "l.i"), -1.81567643, 0, 1e-6)
	near(t, "C1.v", last(t, sol, "c1.v"), -1.92035031, 0, 1e-6)
	near(t, "C2.v", last(t, sol, "c2.v"), 0.43204269, 0, 1e-6)
}

// A bounce takes 2*v/g and keeps E of the speed: heights between bounces are known.
func TestBouncingBall(t *testing.T) {
	const g, e = 9.81, 0.7
	sol := solve(t, compile(t, "bouncingball", "", nil), ode.Options{RelTol: 1e-8, Steps: 300})
	h := values(t, sol, "h")
	for k, tk := range sol.Times {
		t0 := math.Sqrt(2 / g) // the first bounce
		want := 1 - g*tk*tk/2
		for v := g * t0 * e; tk >= t0; v *= e {
			s := tk - t0
			want = v*s - g*s*s/2
			if v < 1e-3*e {
				want = 0
				break
			}
			t0 += 2 * v / g
		}
		near(t, "height", h[k], want, 0, 2e-6)
	}
	near(t, "flying at the end", last(t, sol, "flying"), 0, 0, 0)
}

// Heating towards 30 degrees and cooling towards 5, switched at 20.5 and 19.5.
func TestHeater(t *testing.T) {
	sol := solve(t, compile(t, "heater", "", nil), ode.Options{RelTol: 1e-9, Steps: 480})
	temp, on := values(t, sol, "T"), values(t, sol, "on")
	t0, from, heating := 0.0, 15.0, true
	for k, tk := range sol.Times {
		goal, limit := 30.0, 20.5
		for {
			goal, limit = 30, 20.5
			if !heating {
				goal, limit = 5, 19.5
			}
			end := t0 + 3600*math.Log((goal-from)/(goal-limit))
			if tk <= end {
				break
			}
			t0, from, heating = end, limit, !heating
		}
		near(t, "temperature", temp[k], goal+(from-goal)*math.Exp(-(tk-t0)/3600), 0, 1e-6)
		if want := map[bool]float64{true: 1, false: 0}[heating]; on[k] != want {
			t.Errorf("at %v s the heater is %v, want %v", tk, on[k], want)
		}
	}
}

// Reference: the matrix exponential of the linear system, piece by piece.
func TestDCMotor(t *testing.T) {
	const k, ti, r, l, ke, j, d = 0.5, 0.05, 0.5, 4.5e-3, 0.5, 0.02, 0.01
	// States: integral x, current i, speed w; inputs: reference, load torque.
	a := mat.NewDense(5, 5, []float64{
		0, 0, -1 / ti, 1 / ti, 0,
		k / l, -r / l, (-k - ke) / l, k / l, 0,
		0, ke / j, -d / j, 0, 1 / j,
		0, 0, 0, 0, 0,
		0, 0, 0, 0, 0,
	})
	advance := func(s *mat.VecDense, dt float64) {
		var at, e mat.Dense
		at.Scale(dt, a)
		e.Exp(&at)
		s.MulVec(&e, mat.VecDenseCopyOf(s))
	}
	sol := solve(t, compile(t, "dcmotor", "", nil), ode.Options{Span: [2]float64{0, 2}, RelTol: 1e-8, SaveAt: []float64{0.05, 0.15, 0.3, 1, 1.05, 2}})
	w, i := values(t, sol, "rotor.w"), values(t, sol, "l.i")
	for n, tn := range sol.Times {
		s := mat.NewVecDense(5, []float64{0, 0, 0, 100, 0})
		if tn > 0.1 {
			advance(s, min(tn, 1)-0.1)
		}
		if tn > 1 {
			s.SetVec(4, -3)
			advance(s, tn-1)
		}
		near(t, "speed", w[n], s.AtVec(2), 1e-6, 1e-6)
		near(t, "current", i[n], s.AtVec(1), 1e-6, 1e-5)
	}
}

// Reference: Radau at rtol 1e-11 of the same discretisation with 40 points.
func TestBrusselator(t *testing.T) {
	sol := solve(t, compile(t, "brusselator", "Brusselator", nil), ode.Options{RelTol: 1e-8, AbsTol: 1e-10, FinalOnly: true})
	near(t, "u[20]", last(t, sol, "u[20]"), 0.4300851230517, 0, 1e-6)
	near(t, "v[20]", last(t, sol, "v[20]"), 3.6890712250837, 0, 1e-6)
	near(t, "u[0]", last(t, sol, "u[0]"), 0.9369133417207, 0, 1e-6)
}

// Reference: DOP853 and Radau at rtol 1e-11 of the same discretisation with 8 by 8
// points, written on its own; they agree in the digits given.
func TestBrusselator2D(t *testing.T) {
	prob := compile(t, "brusselator", "Brusselator2D", map[string]string{"N": "8"})
	sol := solve(t, prob, ode.Options{RelTol: 1e-9, AbsTol: 1e-11, FinalOnly: true})
	near(t, "u[0][0]", last(t, sol, "u[0][0]"), 0.62251147903, 1e-6, 0)
	near(t, "u[2][4]", last(t, sol, "u[2][4]"), 1.09834229920, 1e-6, 0)
	near(t, "v[7][7]", last(t, sol, "v[7][7]"), 4.84495559257, 1e-6, 0)
}

// Reference: IVP test set, POLLU at t = 60.
func TestPollution(t *testing.T) {
	sol := solve(t, compile(t, "pollution", "", nil), ode.Options{RelTol: 1e-8, AbsTol: 1e-14, FinalOnly: true})
	want := []float64{
		5.646255480022769e-2, 1.342484130422339e-1, 4.139734331099427e-9, 5.523140207484359e-3, 2.018977262302196e-7,
		1.464541863493966e-7, 7.784249118997964e-2, 3.245075353396018e-1, 7.494013383880406e-3, 1.622293157301561e-8,
		1.135863833257075e-8, 2.230505975721359e-3, 2.087162882798630e-4, 1.396921016840158e-5, 8.964884856898295e-3,
		4.352846369330103e-18, 6.899219696263405e-3, 1.007803037365946e-4, 1.772146513969984e-6, 5.682943292316392e-5,
	}
	for i, w := range want {
		near(t, fmt.Sprintf("y[%d]", i), last(t, sol, fmt.Sprintf("y[%d]", i)), w, 1e-5, 1e-16)
	}
}

// Reference: the same arm in the two joint angles, DOP853 at 1e-13; and the energy.
func TestPlanarArm(t *testing.T) {
	prob := compile(t, "planararm", "", nil)
	sol := solve(t, prob, ode.Options{Span: [2]float64{0, 5}, RelTol: 1e-9, AbsTol: 1e-11, Steps: 100})
	for _, e := range values(t, sol, "energy") {
		near(t, "energy", e, 0, 0, 1e-5)
	}
	near(t, "upper.phi", last(t, sol, "upper.phi"), -0.43225253, 0, 1e-5)
	near(t, "lower.phi", last(t, sol, "lower.phi"), -0.32641640, 0, 1e-5)
}

// The flow is the root of the sum of the losses; the temperatures of the supply pipe are
// a matrix exponential, those of the steady state the solution of a linear system.
func TestThermalFluid(t *testing.T) {
	const n, rho, cp, mu, lambda = 10, 992.2, 4179.0, 6.53e-4, 0.02
	prob := compile(t, "thermalfluid", "", map[string]string{"N": "10"})
	sol := solve(t, prob, ode.Options{Span: [2]float64{0, 20000}, RelTol: 1e-9, SaveAt: []float64{0, 60, 200, 20000}})

	loss := func(m, l, d float64) float64 {
		v := m / (rho * math.Pi / 4 * d * d)
		return 32*mu*l/(d*d)*v + lambda*l/d*rho/2*v*v
	}
	m := root(0, 5, func(m float64) float64 {
		// M = M0*DP/((DP^2 + eps^2)^(1/4)*sqrt(DP0)), DP0 = 1e4, eps = 10
		valve := root(0, 1e6, func(dp float64) float64 { return dp/math.Sqrt(math.Hypot(dp, 10))/100 - m })
		return 2*loss(m, 100, 0.05) + loss(m, 10, 0.03) + valve - 0.5e5
	})
	near(t, "valve.m", last(t, sol, "valve.m"), m, 1e-9, 0)

	// The supply pipe: segments T[i], walls W[i], inflow, air.
	const u, c, g, d, l, air = 1000, 600.0, 0.5, 0.05, 100.0 / n, 283.15
	heat, wall, inside := rho*math.Pi/4*d*d*l*cp, c*l, u*math.Pi*d*l
	a := mat.NewDense(2*n+2, 2*n+2, nil)
	for i := range n {
		from := i - 1
		if i == 0 {
			from = 2 * n
		}
		a.Set(i, i, -(m*cp+inside)/heat)
		a.Set(i, from, m*cp/heat)
		a.Set(i, n+i, inside/heat)
		a.Set(n+i, i, inside/wall)
		a.Set(n+i, n+i, -(inside+g*l)/wall)
		a.Set(n+i, 2*n+1, g*l/wall)
	}
	s := mat.NewVecDense(2*n+2, nil)
	for i := range 2 * n {
		s.SetVec(i, 293.15)
	}
	s.SetVec(2*n+1, air)
	before := 0.0
	for k, tk := range []float64{60, 200} {
		s.SetVec(2*n, 313.15+40*float64(k))
		var at, e mat.Dense
		at.Scale(tk-before, a)
		e.Exp(&at)
		s.MulVec(&e, mat.VecDenseCopyOf(s))
		before = tk
		for _, i := range []int{0, 4, n - 1} {
			near(t, "supply.seg.T", values(t, sol, fmt.Sprintf("supply.seg[%d].T", i))[k+1], s.AtVec(i), 0, 1e-5)
			near(t, "supply.wall.T", values(t, sol, fmt.Sprintf("supply.wall[%d].T", i))[k+1], s.AtVec(n+i), 0, 1e-5)
		}
	}

	// Steady state: a segment gives UA*(T - air), the exchanger half of U*A between the sides.
	keep := m * cp / (m*cp + 1/(1/inside+1/(g*l)))
	hot := air + (353.15-air)*math.Pow(keep, n)
	near(t, "supply at the end", last(t, sol, "supply.seg[9].T"), hot, 0, 1e-5)
	const cold, m2 = 283.15, 0.5
	half := 2000 * math.Pi * 0.03 * 1 / 2
	x, b := mat.NewDense(2*n, 2*n, nil), mat.NewVecDense(2*n, nil)
	for i := range n {
		j := 2*n - 1 - i // beside segment i of the hot side
		x.Set(i, i, m*cp+half)
		x.Set(i, j, -half)
		x.Set(j, j, m2*cp+half)
		x.Set(j, i, -half)
		if i == 0 {
			b.SetVec(0, m*cp*hot)
			b.SetVec(n, m2*cp*cold)
		} else {
			x.Set(i, i-1, -m*cp)
			x.Set(n+i, n+i-1, -m2*cp)
		}
	}
	var temp mat.VecDense
	if err := temp.SolveVec(x, b); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 5, n - 1} {
		near(t, "hx.pipe1.T", last(t, sol, fmt.Sprintf("hx.pipe1[%d].T", i)), temp.AtVec(i), 0, 1e-5)
		near(t, "hx.pipe2.T", last(t, sol, fmt.Sprintf("hx.pipe2[%d].T", i)), temp.AtVec(n+i), 0, 1e-5)
	}
}

// root bisects a function that rises from a negative to a positive value.
func root(lo, hi float64, f func(float64) float64) float64 {
	for range 200 {
		if mid := lo + (hi-lo)/2; f(mid) < 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// linkage is a mechanism of one degree of freedom, described by closed forms: the moment of
// inertia as seen at the crank and the potential energy.
type linkage func(phi float64) (inertia, potential float64)

// after is the time that the linkage takes from phi0 to phi with the energy e, by Simpson's
// rule: dt = dphi/w, w = sqrt(2*(e - V)/J).
func (l linkage) after(phi0, phi, e float64) float64 {
	const n = 20000
	h, sum := (phi-phi0)/n, 0.0
	for i := range n + 1 {
		j, v := l(phi0 + float64(i)*h)
		f := math.Sqrt(j / (2 * (e - v)))
		switch {
		case i == 0 || i == n:
			sum += f
		case i%2 == 1:
			sum += 4 * f
		default:
			sum += 2 * f
		}
	}
	return sum * h / 3
}

// link adds a uniform bar between two points that move with u and v per angle of the crank.
func link(mass, x0, y0, x1, y1, u0, v0, u1, v1 float64) (inertia, potential float64) {
	l2 := (x1-x0)*(x1-x0) + (y1-y0)*(y1-y0)
	turn := ((x1-x0)*(v1-v0) - (y1-y0)*(u1-u0)) / l2
	u, v := (u0+u1)/2, (v0+v1)/2
	return mass*(u*u+v*v) + mass*l2/12*turn*turn, mass * 9.81 * (y0 + y1) / 2
}

// The energy, the closure of the loop and the time that the closed form of the linkage takes
// for the angle reached.
func TestFourBar(t *testing.T) {
	sol := solve(t, compile(t, "fourbar", "FourBar", nil), ode.Options{RelTol: 1e-9, AbsTol: 1e-11, Steps: 50})
	const a, b, c, d = 1, 3.5, 3, 4 // crank, coupler, rocker, ground
	l := linkage(func(phi float64) (inertia, potential float64) {
		x, y := a*math.Cos(phi), a*math.Sin(phi)
		// The end of the coupler: on circles around (x, y) and (d, 0), above the line between.
		dx, dy := d-x, -y
		r2 := dx*dx + dy*dy
		s := (b*b - c*c + r2) / (2 * r2)
		h := math.Sqrt(b*b/r2 - s*s)
		cx, cy := x+s*dx-h*dy, y+s*dy+h*dx
		// Its velocity: across the rocker, and with no part along the coupler against the crank.
		ux, uy := -y, x
		k := ((cx-x)*ux + (cy-y)*uy) / (-(cx-x)*cy + (cy-y)*(cx-d))
		vx, vy := -k*cy, k*(cx-d)
		for _, bar := range [][9]float64{{1, 0, 0, x, y, 0, 0, ux, uy}, {b, x, y, cx, cy, ux, uy, vx, vy}, {c, d, 0, cx, cy, 0, 0, vx, vy}} {
			j, v := link(bar[0], bar[1], bar[2], bar[3], bar[4], bar[5], bar[6], bar[7], bar[8])
			inertia, potential = inertia+j, potential+v
		}
		return inertia, potential
	})
	j, v := l(1)
	energy := j*100/2 + v
	for i, e := range values(t, sol, "energy") {
		near(t, "energy", e, energy, 1e-7, 0)
		phi, w := values(t, sol, "j1.phi")[i], values(t, sol, "j1.w")[i]
		j, v := l(phi)
		near(t, "speed of the crank", w, math.Sqrt(2*(energy-v)/j), 1e-6, 0)
	}
	near(t, "time", l.after(1, last(t, sol, "j1.phi"), energy), 5, 0, 1e-6)
}

func TestSliderCrank(t *testing.T) {
	sol := solve(t, compile(t, "fourbar", "SliderCrank", nil), ode.Options{RelTol: 1e-9, AbsTol: 1e-11, Steps: 20})
	const r, rod = 0.1, 0.3
	l := linkage(func(phi float64) (inertia, potential float64) {
		x, y := r*math.Cos(phi), r*math.Sin(phi)
		far := math.Sqrt(rod*rod - y*y)
		u := -y - y*x/far // of the piston
		j1, v1 := link(0.3, 0, 0, x, y, 0, 0, -y, x)
		j2, v2 := link(0.5, x, y, x+far, 0, -y, x, u, 0)
		return 0.02 + j1 + j2 + 0.8*u*u, v1 + v2
	})
	j, v := l(0)
	energy := j*2500/2 + v
	for i, phi := range values(t, sol, "j1.phi") {
		near(t, "piston", values(t, sol, "slide.s")[i], r*math.Cos(phi)+math.Sqrt(rod*rod-r*r*math.Sin(phi)*math.Sin(phi)), 0, 1e-9)
		near(t, "energy", values(t, sol, "energy")[i], energy, 1e-7, 0)
	}
	near(t, "time", l.after(0, last(t, sol, "j1.phi"), energy), 1, 0, 1e-6)
}

// The same arm as in TestPlanarArm, of components with joint angles.
func TestDoublePendulum(t *testing.T) {
	sol := solve(t, compile(t, "fourbar", "DoublePendulum", nil), ode.Options{RelTol: 1e-9, AbsTol: 1e-11, Steps: 100})
	for _, e := range values(t, sol, "energy") {
		near(t, "energy", e, 0, 0, 1e-6)
	}
	near(t, "upper", last(t, sol, "j1.phi"), -0.43225253, 0, 1e-6)
	near(t, "lower", last(t, sol, "j1.phi")+last(t, sol, "j2.phi"), -0.32641640, 0, 1e-6)
}

// The fluctuation-dissipation theorem: spring and particle have the energy KT/2 each on average. A mean of squares over the time T has
// the relative standard error sqrt(2 tau/T) with the correlation time tau of the squares, below 0.7 s here.
func TestLangevin(t *testing.T) {
	const span = 4000.
	sol := solve(t, compile(t, "langevin", "", nil), ode.Options{Span: [2]float64{0, span}, RelTol: 1e-2, AbsTol: 1e-2, Steps: 16 * span, Seed: 1})
	energy := func(name string, k float64) float64 {
		sum := 0.0
		v := values(t, sol, name)
		for _, x := range v {
			sum += k / 2 * x * x
		}
		return sum / float64(len(v))
	}
	slack := 4 * math.Sqrt(2*0.7/span) // four standard errors
	near(t, "energy of the spring", energy("particle.s", 3), 1, slack, 0)
	near(t, "energy of the particle", energy("particle.v", 0.5), 1, slack, 0)
}

// Without noise the shaken pendulum is the damped one; with noise its path is that of the seed.
func TestShaken(t *testing.T) {
	prob := compile(t, "langevin", "Shaken", nil)
	at := func(s float64, seed uint64) float64 {
		return last(t, solve(t, prob, ode.Options{Span: [2]float64{0, 2}, RelTol: 1e-5, AbsTol: 1e-7, Seed: seed, FinalOnly: true, Set: map[string]float64{"S": s}}), "phi")
	}
	still := *prob
	still.Noise = nil
	want := last(t, solve(t, &still, ode.Options{Span: [2]float64{0, 2}, RelTol: 1e-9, AbsTol: 1e-11, FinalOnly: true}), "phi")
	near(t, "phi(2) without noise", at(0, 1), want, 0, 1e-4)
	if a, b := at(2, 1), at(2, 2); a == b || math.Abs(a-want) < 1e-3 {
		t.Errorf("phi(2) = %v and %v with two seeds, %v without noise", a, b, want)
	}
	near(t, "phi(2) again", at(2, 1), at(2, 1), 0, 0)
}
