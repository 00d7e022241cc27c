package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mtkc/mtkc/runtime/ode"
)

// bounce is a ball without damping, written by hand: it bounces at t = 1, 3, 5, ...
// from the height 1/2 with g = 1 and counts.
func bounce() *ode.Problem {
	p := &ode.Problem{
		Name: "bounce", Span: [2]float64{0, 4},
		States: []ode.Quantity{{Name: "ball.h", Unit: "m"}, {Name: "v"}},
		Params: []ode.Quantity{{Name: "g"}},
		U0:     []float64{0.5, 0}, P: []float64{1, 0, 0, 0, 0},
		Observables: []ode.Observable{
			{Name: "ball.h", Unit: "m", Kind: ode.State, Sign: 1},
			{Name: "v", Kind: ode.State, Index: 1, Sign: 1},
			{Name: "down", Kind: ode.State, Index: 1, Sign: -1},
			{Name: "g", Kind: ode.Parameter, Sign: 1},
			{Name: "count", Kind: ode.Parameter, Index: 2, Sign: 1},
			{Name: "ball.energy", Kind: ode.Eliminated},
			{Name: "y[1,2]", Kind: ode.Eliminated},
		},
		Hybrid: &ode.Hybrid{
			Relations: []ode.Relation{{Text: "ball.h < 0", Slot: 1, Strict: true}},
			Discrete:  []ode.Discrete{{Name: "count", Cur: 2, Pre: 3}},
			Whens:     []ode.When{{Text: "ball.h < 0", Cond: 4}},
		},
	}
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{
			RHS:       func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -p[0] },
			Crossings: func(t float64, u, p, g []float64) { g[0] = -u[0] },
			Update: func(t float64, u, p, unew, pnew []float64) int {
				copy(unew, u)
				copy(pnew, p)
				if p[1] == 1 && p[4] == 0 {
					unew[1], pnew[2] = -u[1], p[3]+1
				}
				pnew[4] = p[1]
				return 0
			},
		}
	}
	p.NewObserver = func(which []int) func(t float64, u, p, out []float64) {
		return func(t float64, u, p, out []float64) {
			for i := range which {
				out[i] = p[0]*u[0] + u[1]*u[1]/2
			}
		}
	}
	return p
}

func TestRun(t *testing.T) {
	r, err := Run(context.Background(), bounce(), Request{Vars: []string{"ball.h", "count", "ball.energy", "y[1,2]"}})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() || r.Retcode != "Success" || r.T != 4 {
		t.Fatalf("%s at %v: %s", r.Retcode, r.T, r.Message)
	}
	// Free fall from 1/2 with g = 1 takes 1 s; from t = 1 on the period is 2 s, so that
	// at t = 4 the ball is at the top after its second bounce.
	want := []float64{0.5, 2, 0.5, 0.5}
	for i, v := range r.Final {
		if math.Abs(v-want[i]) > 1e-5 { // rtol 1e-6 over 4 s
			t.Errorf("%s = %v at the end, want %v", r.Table.Columns[i].Name, v, want[i])
		}
	}
	if c := r.Table.Columns[1]; !c.Discrete || c.Name != "count" {
		t.Errorf("count is not marked discrete")
	}
	if r.Table.Columns[0].Unit != "m" {
		t.Errorf("no unit")
	}
	// Both sides of the bounces are saved.
	twice := 0
	for i := 1; i < len(r.Table.Times); i++ {
		switch d := r.Table.Times[i] - r.Table.Times[i-1]; {
		case d < 0:
			t.Fatalf("times go back at %v", r.Table.Times[i])
		case d == 0:
			twice++
			before, after := r.Table.Columns[1].Values[i-1], r.Table.Columns[1].Values[i]
			if after != before+1 {
				t.Errorf("count goes from %v to %v at t = %v", before, after, r.Table.Times[i])
			}
		}
	}
	if twice != 2 || r.Stats.Events != 2 {
		t.Errorf("%d times are saved twice, %d events, want 2 of each", twice, r.Stats.Events)
	}
	if n := len(r.Table.Times); n < 20 || n > 3000 {
		t.Errorf("%d points by default", n)
	}
}

func TestCSV(t *testing.T) {
	tenth := 0.1
	r, err := Run(context.Background(), bounce(), Request{
		Options: ode.Options{SaveAt: []float64{0, tenth, tenth + 0.2}}, Vars: []string{"ball.h", "y[1,2]"}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.Table.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if lines[0] != `t,ball.h,"y[1,2]"` {
		t.Errorf("header %q", lines[0])
	}
	if lines[1] != "0,0.5,0.5" {
		t.Errorf("first row %q", lines[1])
	}
	if !strings.HasPrefix(lines[3], "0.30000000000000004,") { // shortest form that reads back
		t.Errorf("third row %q", lines[3])
	}
	if len(lines) != 5 || lines[4] != "" {
		t.Errorf("%d lines", len(lines)-1)
	}
}

func TestSelect(t *testing.T) {
	p := bounce()
	for _, c := range []struct{ wishes, want string }{
		{"", "ball.h v down count y[1,2]"}, // states, discrete, the model's own
		{"v", "v"},
		{"v ball v", "v ball.h ball.energy"},
		{"*.energy", "ball.energy"},
		{"b*l*h", "ball.h"},
		{"*", "ball.h v down g count ball.energy y[1,2]"},
		{"?", "v g"},
		{"y[*", "y[1,2]"},
		{"y", "y[1,2]"},
		{"BALL.h V", "ball.h v"}, // whatever the case of letters
	} {
		got, err := Select(p, strings.Fields(c.wishes))
		if err != nil {
			t.Errorf("%q: %v", c.wishes, err)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q: %s, want %s", c.wishes, s, c.want)
		}
	}
	_, err := Select(p, []string{"ball.H2"})
	u, ok := err.(*UnknownName)
	if !ok || !slices.Contains(u.Near, "ball.h") {
		t.Errorf("unknown name: %v", err)
	}
}

func TestRecord(t *testing.T) {
	r, err := Run(context.Background(), bounce(), Request{Vars: []string{"v", "ball.h"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Final[0] = math.NaN()
	var b bytes.Buffer
	if err := r.Record().Write(&b); err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b.Bytes(), &m); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if why, _ := m["why"].(string); !strings.Contains(why, "as long as the problem is not stiff") {
		t.Errorf("why is %v", m["why"])
	}
	delete(m, "why") // where the automatic choice took the solver
	keys = slices.DeleteFunc(keys, func(k string) bool { return k == "why" })
	// The fields that architecture.md promises.
	if got, want := strings.Join(keys, " "), "message model retcode seconds size solver stats t u"; got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	u := m["u"].(map[string]any)
	if v, ok := u["v"]; !ok || v != nil {
		t.Errorf("NaN is written as %v", v)
	}
	if !strings.Contains(b.String(), `"u":{"v":null,"ball.h":`) {
		t.Errorf("the order of names is lost in %s", b.String())
	}
}

// A program that serves answers as the call in one process does.
func TestServe(t *testing.T) {
	req := Request{Vars: []string{"ball.h", "count"}, Options: ode.Options{Set: map[string]float64{"g": 2}, RelTol: 1e-8, Progress: func(float64) {}}}
	var in, out bytes.Buffer
	if err := WriteRequest(&in, req); err != nil {
		t.Fatal(err)
	}
	if err := Serve(context.Background(), bounce(), &in, &out); err != nil {
		t.Fatal(err)
	}
	got, err := ReadResult(&out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Run(context.Background(), bounce(), req)
	if err != nil {
		t.Fatal(err)
	}
	got.Init, got.Solve, want.Init, want.Solve = 0, 0, 0, 0
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	in.Reset()
	out.Reset()
	if err := WriteRequest(&in, Request{Vars: []string{"nothing"}}); err != nil {
		t.Fatal(err)
	}
	if err := Serve(context.Background(), bounce(), &in, &out); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadResult(&out); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("an unknown variable gave %v", err)
	}
}

// A run that cannot finish says so and keeps what it has.
func TestRunStopsEarly(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := Run(ctx, bounce(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	if r.OK() || r.Retcode != "Interrupted" || len(r.Table.Times) == 0 {
		t.Errorf("%s with %d points", r.Retcode, len(r.Table.Times))
	}
}

// A model with nothing of its own and no state shows what its components have.
func TestDefaultOfComponents(t *testing.T) {
	p := &ode.Problem{Name: "circuit", Observables: []ode.Observable{
		{Name: "r.v", Kind: ode.Eliminated}, {Name: "r.R", Kind: ode.Parameter}, {Name: "r.i", Kind: ode.Eliminated},
	}, Params: make([]ode.Quantity, 1)}
	if got := strings.Join(Default(p), " "); got != "r.v r.i" {
		t.Errorf("got %q", got)
	}
}
