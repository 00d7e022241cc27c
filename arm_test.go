package mtkc

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// TestArmOfSix is a chain of six rods in a vertical plane in redundant coordinates with
// hinge forces as unknowns: index 3, one linear block of 40 equations behind six joint
// accelerations. It is solved in closed form, so that an explicit method integrates it,
// and keeps its energy. The initial joint accelerations are those of the equations of
// motion in minimal coordinates.
func TestArmOfSix(t *testing.T) {
	const n = 6
	build := func(m *model.System) {
		m.Param("L", 1)
		m.Param("M", 1)
		var energy string
		for k := range n {
			m.Var(fmt.Sprintf("phi%d", k), model.Init(0.3*float64(k)))
			m.Var(fmt.Sprintf("w%d", k), model.Init(0.1*float64(k)))
			for _, v := range []string{"x", "y", "bx", "by", "fx", "fy"} {
				m.Var(fmt.Sprintf("%s%d", v, k))
			}
		}
		m.Var("energy")
		for k := range n {
			ax, ay := "0", "0"
			if k > 0 {
				ax, ay = fmt.Sprintf("bx%d", k-1), fmt.Sprintf("by%d", k-1)
			}
			ox, oy := "0", "0" // force of the next rod
			if k+1 < n {
				ox, oy = fmt.Sprintf("fx%d", k+1), fmt.Sprintf("fy%d", k+1)
			}
			// fx, fy act on the rod at its lower hinge; the next rod pushes back.
			m.MustText(fmt.Sprintf(`
				der(phi%[1]d) = w%[1]d;
				x%[1]d = %[2]s + L/2*cos(phi%[1]d); y%[1]d = %[3]s + L/2*sin(phi%[1]d);
				bx%[1]d = x%[1]d + L/2*cos(phi%[1]d); by%[1]d = y%[1]d + L/2*sin(phi%[1]d);
				M*der(der(x%[1]d)) = fx%[1]d - %[4]s; M*der(der(y%[1]d)) = fy%[1]d - %[5]s - 9.81*M;
				M*L^2/12*der(w%[1]d) = L/2*sin(phi%[1]d)*(fx%[1]d + %[4]s) - L/2*cos(phi%[1]d)*(fy%[1]d + %[5]s)`, k, ax, ay, ox, oy))
			if k > 0 {
				energy += " + "
			}
			energy += fmt.Sprintf("M/2*(der(x%[1]d)^2 + der(y%[1]d)^2) + M*L^2/24*w%[1]d^2 + 9.81*M*y%[1]d", k)
		}
		m.MustText("energy = " + energy)
	}
	prob := compileText(t, Options{}, build)
	if prob.N() != 2*n || prob.Mass != nil {
		t.Fatalf("%d states, mass matrix %v", prob.N(), prob.Mass)
	}
	// Minimal coordinates: sum_j M_kj(phi) phi_j'' = -sum_j H_kj w_j^2 - g_k, with the
	// positions x_k = sum_{j<k} L cos phi_j + L/2 cos phi_k.
	u := append([]float64(nil), prob.U0...)
	phi, w := make([]float64, n), make([]float64, n)
	at := map[string]int{}
	for i, s := range prob.States {
		at[s.Name] = i
	}
	for k := range n {
		phi[k], w[k] = 0.3*float64(k), 0.1*float64(k)
		u[at[fmt.Sprintf("phi%d", k)]], u[at[fmt.Sprintf("w%d", k)]] = phi[k], w[k]
	}
	arm := func(k, j int) float64 { // share of rod j in the position of rod k
		switch {
		case j < k:
			return 1
		case j == k:
			return 0.5
		}
		return 0
	}
	a := make([][]float64, n)
	for i := range n {
		a[i] = make([]float64, n+1)
		a[i][i] = 1.0 / 12
		for k := range n {
			a[i][n] -= 9.81 * arm(k, i) * math.Cos(phi[i])
			for j := range n {
				a[i][j] += arm(k, i) * arm(k, j) * math.Cos(phi[i]-phi[j])
				a[i][n] -= arm(k, i) * arm(k, j) * math.Sin(phi[i]-phi[j]) * w[j] * w[j]
			}
		}
	}
	for j := range n { // the mass matrix is positive definite: no pivots
		for i := j + 1; i < n; i++ {
			f := a[i][j] / a[j][j]
			for l := j; l <= n; l++ {
				a[i][l] -= f * a[j][l]
			}
		}
	}
	want := make([]float64, n)
	for j := n - 1; j >= 0; j-- {
		want[j] = a[j][n]
		for l := j + 1; l < n; l++ {
			want[j] -= a[j][l] * want[l]
		}
		want[j] /= a[j][j]
	}
	du := make([]float64, prob.N())
	prob.NewKernels().RHS(0, u, prob.P, du)
	for k := range n {
		if got := du[at[fmt.Sprintf("w%d", k)]]; math.Abs(got-want[k]) > 1e-10*(1+math.Abs(want[k])) {
			t.Errorf("acceleration of joint %d is %v, want %v", k, got, want[k])
		}
	}
	sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, 3}, Solver: "Tsit5", RelTol: 1e-9, AbsTol: 1e-9, Steps: 30})
	if err != nil {
		t.Fatal(err)
	}
	energy, err := sol.Values("energy")
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range energy {
		// Local errors of 1e-9 in angles and rates of about 10 add up over a thousand steps.
		if math.Abs(e-energy[0]) > 1e-4 {
			t.Errorf("energy %v at t = %v, %v at the start", e, sol.Times[i], energy[0])
		}
	}
}
