package structural

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/modeltext"
)

// TestNoise compares the drift and the matrix of the noises with what the equations say. want lists the
// entries of the matrix, by state and noise.
func TestNoise(t *testing.T) {
	for _, c := range []struct {
		name, text string
		drift      map[string]string
		want       map[string]string // "state noise": term in states and parameters
	}{
		{"geometric Brownian motion", `
var x = 1 fixed
param a = 2
param b = 3
noise w
der(x) = a*x + b*x*w`, map[string]string{"x": "a*x"}, map[string]string{"x w": "b*x"}},
		{"through variables", `
var x = 1 fixed
var y = 1 fixed
var v
var u
param a = 2
noise w
noise z
v = a - x + x*w
u = (v + y*z)/a
der(x) = v
der(y) = u - v*y`, map[string]string{"x": "a - x", "y": "(a - x)/a - (a - x)*y"}, map[string]string{"x w": "x", "y w": "x/a - x*y", "y z": "y/a"}},
		{"aliases", `
var x = 1 fixed
var v
var m
var in
noise w
in = w
m = -in
v = m
der(x) = -x + 2*v`, map[string]string{"x": "-x"}, map[string]string{"x w": "-2"}},
		{"one process in two equations", `
var x = 1 fixed
var y = 1 fixed
noise w
der(x) = -y + w
der(y) = x + y*w`, map[string]string{"x": "-y", "y": "x"}, map[string]string{"x w": "1", "y w": "y"}},
		{"second order", `
var x = 1 fixed
noise w
der(der(x)) = -x - der(x) + sin(time)*w`, map[string]string{"x": "der(x)", "der(x)": "-x - der(x)"}, map[string]string{"der(x) w": "sin(time)"}},
		{"a linear block", `
var x = 1 fixed
var y = 1 fixed
noise w
2*der(x) + der(y) = -x + w
der(x) - der(y) = y*w - y`, map[string]string{"x": "(-x - y)/3", "y": "(-x + 2*y)/3"}, map[string]string{"x w": "(1 + y)/3", "y w": "(1 - 2*y)/3"}},
		{"an algebraic equation without noise", `
var x = 1 fixed
var y = 0.5
noise w
y^3 + y = x
der(x) = -y + y*w`, map[string]string{"x": "-y"}, map[string]string{"x w": "y"}},
		{"a condition", `
var x = 1 fixed
noise w
der(x) = -x + (if x > 2 then 1 else x)*w + (if time > 1 then w else 0)`, map[string]string{"x": "-x"}, map[string]string{"x w": "(if x > 2 then 1 else x) + (if time > 1 then 1 else 0)"}},
		{"a derivative at the start", `
var x = 1
noise w
init der(x) = 0
der(x) = 2 - x + w`, map[string]string{"x": "2 - x"}, map[string]string{"x w": "1"}},
		{"a pendulum under a random force", `
var x = 1 fixed
var y = 0
var vx
var vy = 0 fixed
var F
noise w
der(x) = vx
der(y) = vy
der(vx) = -F*x + w
der(vy) = -F*y - 10
x^2 + y^2 = 1`, map[string]string{
			"vx": "-(vx^2 + vy^2 - 10*y)/(x^2 + y^2)*x", "vy": "-(vx^2 + vy^2 - 10*y)/(x^2 + y^2)*y - 10",
		}, map[string]string{"vx w": "1 - x^2/(x^2 + y^2)", "vy w": "-x*y/(x^2 + y^2)"}},
		{"the chain rule of Stratonovich", `
var x = 1 fixed
var y = 3 fixed
stratonovich w
der(x) = y*w
der(x^2) + der(y) = -y`, map[string]string{"x": "0", "y": "-y"}, map[string]string{"x w": "y", "y w": "-2*x*y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pl := analyze(t, c.text)
			rng := rand.New(rand.NewPCG(7, 1))
			parse := func(text string) expr.ID {
				e, err := pl.Pool.Parse(text, expr.ParseOptions{})
				if err != nil {
					t.Fatal(err)
				}
				return e
			}
			for range 5 {
				v := defaults(pl)
				v[expr.Time] = rng.Float64() * 2
				for i := range pl.States {
					v[pl.States[i].Atom] = 0.2 + 3*rng.Float64()
				}
				v.relate(pl)
				for _, r := range pl.Hybrid.TimeRelations {
					if v[expr.Time] > v.of(pl.Pool, r.At) {
						v[r.Atom] = 1
					}
				}
				v.run(pl)
				for _, a := range pl.NoiseSeq {
					v[a.Target] = v.of(pl.Pool, a.Value)
				}
				// What the texts say of der(x) of a chain is the state of that name.
				ask := func(text string) float64 {
					e := parse(text)
					return pl.Pool.Eval(e, func(a expr.ID) (float64, bool) {
						if x, ok := v[a]; ok {
							return x, true
						}
						if pl.Pool.Op(a) == expr.OpDer {
							for i := range pl.States {
								if pl.States[i].Name == "der("+pl.Pool.Name(pl.Pool.Args(a)[0])+")" {
									return v[pl.States[i].Atom], true
								}
							}
						}
						return 0, false
					})
				}
				near := func(what string, got, want float64) {
					if !(math.Abs(got-want) <= 1e-12*(1+math.Abs(want))) {
						t.Errorf("%s is %v, want %v", what, got, want)
					}
				}
				for i, d := range pl.Deriv {
					if text, ok := c.drift[pl.States[i].Name]; ok {
						near("der("+pl.States[i].Name+")", v.of(pl.Pool, d), ask(text))
					}
				}
				seen := map[string]bool{}
				for _, d := range pl.Diffusion {
					name := pl.States[d.State].Name + " " + pl.Noises[d.Noise].Name
					text, ok := c.want[name]
					if !ok {
						t.Errorf("%s has a noise", name)
						continue
					}
					seen[name] = true
					near(name, v.of(pl.Pool, d.Value), ask(text))
				}
				for name := range c.want {
					if !seen[name] {
						t.Errorf("%s has no noise", name)
					}
				}
			}
			// Nothing of the plan holds noise.
			for _, k := range pl.Noises {
				var terms []expr.ID
				for _, a := range pl.Seq {
					terms = append(terms, a.Value)
				}
				for _, a := range pl.NoiseSeq {
					terms = append(terms, a.Value)
				}
				for i := range pl.Init.Blocks {
					for _, a := range pl.Init.Blocks[i].Assigns {
						terms = append(terms, a.Value)
					}
					for _, a := range pl.Init.Blocks[i].Residuals {
						terms = append(terms, a.Value)
					}
				}
				for _, e := range terms {
					if slices.Contains(pl.Pool.Atoms(e), k.Atom) {
						t.Errorf("%s is in %s", k.Name, pl.Pool.String(e))
					}
				}
			}
			for i := range pl.Params {
				if pl.Params[i].Name == "w" || pl.Params[i].Name == "z" {
					t.Errorf("the noise %s is a parameter", pl.Params[i].Name)
				}
			}
		})
	}
}

// TestNoiseMistakes holds where noise cannot be. want is the line, the code and words of the diagnostic.
func TestNoiseMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"derivative of a noise", `
var x = 1 fixed
noise w
der(x) = der(w)`, "4|E317|a derivative depends on the noise w"},
		{"derivative of an expression", `
var x = 1 fixed
var y
noise w
der(x) = -x
y = der(x*w)`, "6|E317|a derivative"},
		{"a differentiated constraint", `
var x = 1 fixed
var y
noise w
der(x) = y
x = sin(time) + w`, "6|E317|constraint that must be differentiated"},
		{"a variable that would be differentiated", `
var x = 1
var v
var y
noise w
v = 1 + w
x = v
der(x) = y`, "6|E317|!E318"},
		{"square", `
var x = 1 fixed
noise w
der(x) = -x + w^2`, "4|E318|not linear in the noise w"},
		{"two noises", `
var x = 1 fixed
noise w
noise z
der(x) = -x + w*z`, "5|E318|not linear in the noise w"},
		{"function", `
var x = 1 fixed
var v
noise w
v = 2*w
der(x) = -x + sin(v)`, "6|E318|not linear in the noise w"},
		{"division", `
var x = 1 fixed
noise w
der(x) = -x/(2 + w)`, "4|E318"},
		{"product of carriers", `
var x = 1 fixed
var v
noise w
v = 1 + w
der(x) = -v*v`, "6|E318"},
		{"algebraic loop", `
var x = 1 fixed
var y = 1
noise w
der(x) = -y
y^3 + y = x + w`, "6|E319|algebraic equation"},
		{"output alone", `
var x = 1 fixed
var y
noise w
der(x) = -x
y = x + w`, "6|E319|reaches no derivative"},
		{"condition", `
var x = 1 fixed
noise w
der(x) = if w > 0 then 1 else -x`, "4|E317|a condition"},
		{"condition on a carrier", `
var x = 1 fixed
var v
noise w
v = x + w
der(x) = v + (if v > 0 then 1 else -x)`, "3|E317|the condition 0 < v"},
		{"when", `
var x = 1 fixed
discrete d = 0
noise w
der(x) = d + w
when w > 1 then set d = 1`, "6|E317|the condition of an event"},
		{"when on a carrier", `
var x = 1 fixed
var v
discrete d = 0
noise w
v = w - x
der(x) = d + v
when time > 1 then set d = v`, "8|E317|an event"},
		{"set", `
var x = 1 fixed
discrete d = 0
noise w
der(x) = d + w
when x > 1 then set d = w`, "6|E317|an event"},
		{"reinit", `
var x = 1 fixed
noise w
der(x) = w
when x > 1 then reinit x = w`, "5|E317|an event"},
		{"assertion", `
var x = 1 fixed
noise w
der(x) = w
assert w < 1`, "5|E317|an assertion"},
		{"initial equation", `
var x = 1
noise w
der(x) = -x + w
init x = 1 + w`, "5|E317|an initial equation"},
		{"initial equation on a carrier", `
var x = 1
var v
noise w
v = w + x
der(x) = -x + v
init v = 1`, "7|E317|the initial equation"},
		{"start value", `
var x = w fixed
noise w
der(x) = -x + w`, "2|E313"},
		{"binding", `
var x = 1 fixed
param p = 2*w
noise w
der(x) = -x + p*w`, "3|E313"},
		{"Ito and the chain rule", `
var x = 1 fixed
var y = 1 fixed
noise w
der(x) = -x + w
der(x^2) + der(y) = -y`, "6|E320|which is not linear in x, driven by the Ito noise w"},
		{"Ito and a constraint", `
var x = 1 fixed
var y = 0
var F
noise w
der(x) = -y + F*x + w
der(y) = x + F*y
x^2 + y^2 = 1`, "8|E320|not linear in x"},
		{"nothing driven", `
var x = 1 fixed
noise w
der(x) = -x + w - w`, "3|W310|drives nothing"},
		{"power", `
var x = 1 fixed
var i
var y
noise w
i = w - x
der(x) = i
y = i^2`, "8|W311|y holds white noise|!E318"},
		{"power that drives", `
var x = 1 fixed
var i
var y
var z
noise w
i = w - x
y = i^2
z = 2*y
der(x) = i + z`, "8|E318|i^2|!z = 2*y is not"},
		{"nonlinear equations", `
var x = 1 fixed
var i = 0
var j = 0
param R = 0
noise w
der(x) = i - j
x = R*i*i + j + w
i + j = w`, "9|E319"},
		{"looked at", `
var x = 1 fixed
var y
noise w
der(x) = -x + w
y = x + w`, "6|W311|y holds white noise"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, list := Analyze(modeltext.System(t, c.text), Options{})
			words := strings.Split(c.want, "|")
			text := ""
			for i := range list {
				text += fmt.Sprintln(list[i].String())
			}
			found := false
			for i := range list {
				if list[i].Code == words[1] && fmt.Sprint(list[i].Pos.Line) == words[0] {
					found = true
					if list[i].Next == "" {
						t.Errorf("no next step: %s", text)
					}
				}
			}
			if !found {
				t.Errorf("want %s in\n%s", c.want, text)
			}
			for _, x := range words[2:] {
				if y, not := strings.CutPrefix(x, "!"); not == strings.Contains(text, y) {
					t.Errorf("want %s in\n%s", c.want, text)
				}
			}
		})
	}
}
