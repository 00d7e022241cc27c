package examples_test

import (
	"context"
	"math"
	"math/cmplx"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/lti"
)

func linearized(t *testing.T, dir string, opt mtkc.LinearizeOptions) *mtkc.Linearization {
	t.Helper()
	list, found := mtkc.New(dir, mtkc.Options{Check: true}).Linearize(context.Background(), opt)
	if err := found.Err(); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return list[0]
}

// The loops of the cascade against python-control 0.10.2, from the equations of the motor:
//
//	A = [[-R/L,0,-k/L,0,0],[0,0,1,0,0],[k/J1,-c/J1,-d/J1,c/J1,d/J1],[0,0,0,0,1],[0,c/J2,d/J2,-c/J2,-d/J2]]
//	P = ct.ss(A, [[1/L],[0],[0],[0],[0]], [i, w, phi, phiL], 0)    # from the voltage
//	Li = Ci*Pi; Lw = Cw*Ci*Pw/(1+Li); La = 20*Cw*Ci*Pphi/(1+Li)/(1+Lw)
//
// with R, L, k, J1, J2, c, d = 1, 2e-3, 0.1, 1e-4, 3e-4, 20, 5e-3, evaluated at s = i*w;
// poles are numpy.linalg.eigvals of the closed loop, crossovers scipy.optimize.brentq.
func TestServo(t *testing.T) {
	l := linearized(t, "servo", mtkc.LinearizeOptions{})
	if l.N() != 7 || len(l.Inputs) != 2 || l.Outputs[0] != "phi" || !l.Equilibrium(1e-12) {
		t.Fatalf("states %v, inputs %v, outputs %v, drift %v", l.States, l.Inputs, l.Outputs, l.Drift)
	}
	want := []complex128{-15.955119707556578, -30.661142940440225, -106.56413520700619 + 204.66233814935296i, -106.56413520700619 - 204.66233814935296i,
		-454.5963641389629, -426.16288473284715 + 971.830619981565i, -426.16288473284715 - 971.830619981565i}
	for i, p := range l.Poles() {
		if cmplx.Abs(p-want[i]) > 1e-9*cmplx.Abs(want[i]) {
			t.Errorf("pole %v, want %v", p, want[i])
		}
	}
	loop := func(point string, open ...string) *lti.System {
		x, err := l.LoopTransfer(point, open...)
		if err != nil {
			t.Fatal(err)
		}
		return &x.System
	}
	current, speed, angle := loop("current", "speed", "angle"), loop("speed", "angle"), loop("angle")
	for _, x := range []struct {
		name string
		s    *lti.System
		w    float64
		want complex128
	}{
		{"current", current, 5, 38.61995020237757 - 7.340749896296737i},
		{"current", current, 400, -0.17428109050175788 - 2.1810033611353123i},
		{"speed", speed, 50, -2.1118360031079377 - 4.646499874918542i},
		{"speed", speed, 2000, -0.20967378109122142 - 0.11146174737469357i},
		{"angle", angle, 5, -0.0047814845796826586 - 4.019409821982526i},
		{"angle", angle, 400, 0.008758936807734426 - 0.034495514242356785i},
		{"phi/ref", l.Channel(0, 0), 50, 0.10286958868412019 - 0.42743453200796344i},
	} {
		if g := x.s.At(complex(0, x.w))[0]; cmplx.Abs(g-x.want) > 1e-9*cmplx.Abs(x.want) {
			t.Errorf("%s at %v rad/s: %v, want %v", x.name, x.w, g, x.want)
		}
	}
	m := speed.Margins()
	near(t, "phase margin of the speed loop", m.Phase, 52.243567571003695, 1e-8, 0)
	near(t, "its crossover", m.WPhase, 952.8566972137942, 1e-8, 0)
	m = angle.Margins()
	near(t, "phase margin of the angle loop", m.Phase, 87.35966306986185, 1e-8, 0)
	near(t, "its crossover", m.WPhase, 20.895418858578545, 1e-8, 0)
	// The soft shaft: an antiresonance of the motor at sqrt(c/J2).
	z, err := speed.Zeros()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, v := range z {
		found = found || math.Abs(cmplx.Abs(v)-math.Sqrt(20/3e-4)) < 1e-6 && imag(v) > 0
	}
	if !found {
		t.Errorf("zeros of the speed loop %v", z)
	}
}

// A motor at speed: the angle turns on, everything else is steady. With the loop closed
// the constant load has no effect on the speed in the end, and i = (D w + load)/K.
func TestDCMotorSteady(t *testing.T) {
	l := linearized(t, "dcmotor", mtkc.LinearizeOptions{Inputs: []string{"Load.Height"}, Outputs: []string{"rotor.w", "r.i"}, At: []float64{1.5}, Steady: true})
	near(t, "rotor.w", l.Y0[0], 100, 1e-8, 0)
	near(t, "r.i", l.Y0[1], (0.01*100+3)/0.5, 1e-8, 0)
	// J s w + D w = K i + tau,  L s i + R i = v - K w,  v = -0.5 (1 + 1/(0.05 s)) w
	for _, s := range []complex128{0.001, 3 + 10i} {
		v := -0.5*(1+1/(0.05*s)) - 0.5
		want := 1 / (0.02*s + 0.01 - 0.5*v/(4.5e-3*s+0.5))
		if g := l.At(s)[0]; cmplx.Abs(g-want) > 1e-9*cmplx.Abs(want) {
			t.Errorf("w/load(%v) = %v, want %v", s, g, want)
		}
	}
}

// The arm hangs: two coupled pendulums of rods of 1 m and 1 kg. For small angles from
// the vertical, M phi” + K phi = 0 with M = [4/3 1/2; 1/2 1/3] and K = g diag(3/2, 1/2).
func TestPlanarArmHanging(t *testing.T) {
	l := linearized(t, "planararm", mtkc.LinearizeOptions{Inputs: []string{"Upper.G"}, Outputs: []string{"upper.phi"}, Steady: true,
		Set: map[string]float64{"upper.phi": -1.5, "lower.phi": -1.6}})
	if l.N() != 4 {
		t.Fatalf("states %v, dependent %v", l.States, l.Dependent)
	}
	const g = 9.81
	// det(K - w^2 M) = (1.5 g - 4/3 q)(0.5 g - q/3) - q^2/4 = 0 with q = w^2
	a, b, c := 4.0/9-0.25, -g*(0.5+2.0/3), 0.75*g*g
	disc := math.Sqrt(b*b - 4*a*c)
	for i, q := range []float64{(-b - disc) / (2 * a), (-b + disc) / (2 * a)} {
		for k, p := range l.Poles()[2*i : 2*i+2] {
			want := complex(0, math.Sqrt(q))
			if k == 1 {
				want = -want
			}
			if cmplx.Abs(p-want) > 1e-6*cmplx.Abs(want) {
				t.Errorf("pole %v, want %v", p, want)
			}
		}
	}
}

// The four-bar linkage has one degree of freedom, angle and speed of the crank: its other
// 24 states are dependent. Angular accelerations at neighbouring points, which the
// constraints make consistent, show the slopes.
func TestFourBarLinearized(t *testing.T) {
	c := mtkc.New("fourbar", mtkc.Options{})
	at := func(phi, w float64) *mtkc.Linearization {
		list, found := c.Linearize(context.Background(), mtkc.LinearizeOptions{Inputs: []string{"crank.body.M"}, Outputs: []string{"rocker.body.frame.phi"},
			Set: map[string]float64{"Phi0": phi, "W0": w}})
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		return list[0]
	}
	l := at(1, 10)
	if l.N() != 2 || l.States[0] != "crank.body.frame.phi" || l.States[1] != "crank.body.w" || len(l.Dependent) != 24 {
		t.Fatalf("states %v, dependent %v", l.States, l.Dependent)
	}
	const h = 1e-4
	for k, d := range [][2]float64{{h, 0}, {0, h}} {
		hi, lo := at(1+d[0], 10+d[1]), at(1-d[0], 10-d[1])
		near(t, "slope of the acceleration", l.A.At(1, k), (hi.Drift[1]-lo.Drift[1])/(2*h), 1e-5, 1e-5)
		near(t, "slope of the rocker", l.C.At(0, k), (hi.Y0[0]-lo.Y0[0])/(2*h), 1e-5, 1e-6)
	}
}
