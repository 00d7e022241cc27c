package jump

import (
	"flag"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

var long = flag.Bool("long", false, "100000 paths where there are some thousands")

// Problems with known laws: shared/data/dde-sde-jump/jump.json.
func birthDeath() *ode.Problem {
	return reactions("birth-death", nil, 1, "0 -> A : 1000", "A -> 0 : 10")
}

func repressor() *ode.Problem {
	return reactions("DNA repressor", map[string]float64{"DNA": 1}, 1000, "DNA -> DNA + mRNA : 0.5", "mRNA -> mRNA + P : 0.11552453009332421", "mRNA -> 0 : 0.005776226504666211",
		"P -> 0 : 0.0011552453009332422", "DNA + P -> DNAR : 0.025", "DNAR -> DNA + P : 1")
}

func dimerRepressor() *ode.Problem {
	return reactions("DNA dimer repressor", map[string]float64{"G": 1000}, 40, "G -> G + M : 0.09", "M -> M + P : 0.05", "M -> 0 : 0.001", "P -> 0 : 0.0009",
		"2P -> P2 : 2e-5", "P2 -> 2P : 0.0005", "P2 + G -> P2G : 0.005", "P2G -> P2 + G : 0.9")
}

func nonlinear() *ode.Problem {
	return reactions("nonlinear", map[string]float64{"A": 200, "B": 100, "C": 150}, 0.01, "2A -> B : 1", "B -> 2A : 2", "A + B -> C : 0.5", "C -> A + B : 0.75", "3C -> 3A : 0.25")
}

// Mean and variance by every exact method, with rates of mass action and with the same as any others, to 4 standard errors: the rule of the file. A mean published
// from simulations may be off by one in a hundred more.
func TestMoments(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		p              *ode.Problem
		species        string
		n              int
		mean, variance float64
		off            float64
	}{
		{birthDeath(), "A", 600, 99.99546000702375, 99.99546000702375, 0},
		{reactions("decay", map[string]float64{"A": 100}, 2, "A -> 0 : 0.5"), "A", 5000, 36.787944117144235, 23.254415793482963, 0},
		{reactions("linear birth-death", map[string]float64{"A": 100}, 50, "A -> 2A : 0.1", "A -> 0 : 0.11"), "A", 1500, 60.653065971263345, 501.1675589365013, 0},
		{reactions("dimerisation", map[string]float64{"A": 2}, 1, "2A -> B : 1"), "B", 20000, 0.6321205588285577, 0.6321205588285577 * (1 - 0.6321205588285577), 0},
		{reactions("gene expression", nil, 1200, "0 -> M : 0.5", "M -> 0 : 0.05", "M -> M + P : 0.4", "P -> 0 : 0.01"), "P", 150, 400, 3066.6666666666665, 0},
		{repressor(), "P", 60, 592.655375, nan, 0.01},
		{nonlinear(), "A", 400, 84.876015625, nan, 0.01},
	} {
		i := slices.IndexFunc(c.p.States, func(q ode.Quantity) bool { return q.Name == c.species })
		for k, p := range []*ode.Problem{c.p, general(c.p)} {
			for _, m := range exact {
				rows := sample(t, p, ode.Options{Method: m, Seed: uint64(1 + k)}, c.n)
				mean, variance, se, seVar := moments(rows, i)
				if math.Abs(mean-c.mean) > 4*se+c.off*c.mean || math.Abs(variance-c.variance) > 4*seVar {
					t.Errorf("%s of %s with %s: mean %v, want %v +- %v, variance %v, want %v +- %v", c.species, p.Name, m.name, mean, c.mean, se, variance, c.variance, seVar)
				}
			}
		}
	}
}

// Mean and variance of 100000 paths by the automatic choice and by each exact method, to 3 standard errors, where they are known in closed form. With -long:
// some minutes.
func TestClosedForms(t *testing.T) {
	if !*long {
		t.Skip("100000 paths of each problem: -long")
	}
	for _, c := range []struct {
		p              *ode.Problem
		species        string
		mean, variance float64
	}{
		{birthDeath(), "A", 99.99546000702375, 99.99546000702375},
		{reactions("decay", map[string]float64{"A": 100}, 2, "A -> 0 : 0.5"), "A", 36.787944117144235, 23.254415793482963},
		{reactions("linear birth-death", map[string]float64{"A": 100}, 50, "A -> 2A : 0.1", "A -> 0 : 0.11"), "A", 60.653065971263345, 501.1675589365013},
		{reactions("dimerisation", map[string]float64{"A": 2}, 1, "2A -> B : 1"), "B", 0.6321205588285577, 0.6321205588285577 * (1 - 0.6321205588285577)},
		{reactions("gene expression", nil, 1200, "0 -> M : 0.5", "M -> 0 : 0.05", "M -> M + P : 0.4", "P -> 0 : 0.01"), "P", 400, 3066.6666666666665},
	} {
		i := slices.IndexFunc(c.p.States, func(q ode.Quantity) bool { return q.Name == c.species })
		list := append(exact[:0:0], nil)
		if c.p.Name != "gene expression" {
			list = append(list, exact...)
		}
		for _, m := range list {
			opt, name := ode.Options{Seed: 1}, "the choice"
			if m != nil {
				opt.Method, name = m, m.name
			}
			mean, variance, se, seVar := moments(sample(t, c.p, opt, 100000), i)
			t.Logf("%s by %s: mean %+.2f, variance %+.2f standard errors", c.p.Name, name, (mean-c.mean)/se, (variance-c.variance)/seVar)
			if math.Abs(mean-c.mean) > 3*se || math.Abs(variance-c.variance) > 3*seVar {
				t.Errorf("%s by %s: mean %v, want %v +- %v, variance %v, want %v +- %v", c.p.Name, name, mean, c.mean, se, variance, c.variance, seVar)
			}
		}
	}
}

// Walkers on a line are independent: means stay, also where there are thousands of reactions.
func TestWalk(t *testing.T) {
	p := walk(1500)
	for _, m := range append(every(), nil) {
		if m == SortingDirect && !*long {
			continue // it searches a thousand rates for each jump
		}
		sol := run(t, p, ode.Options{Method: m, FinalOnly: true, Span: [2]float64{0, 2}})
		if m == nil && sol.Solver != "RSSACR" {
			t.Errorf("the choice is %s", sol.Solver)
		}
		sum, square := 0.0, 0.0
		for _, v := range sol.U {
			sum += v
			square += (v - 10) * (v - 10) / float64(p.N())
		}
		// Walkers that have left a site and come to it: 10 (1 - the sum of the squares of where one is after 2), which is 10 (1 - exp(-8) I0(8)). Tau-leaping is
		// off by a share of about epsilon.
		want := 10 * (1 - 0.143431781856850311)
		if sum != 15000 || math.Abs(square-want) > 4*want*math.Sqrt(2./1500)+0.03*want {
			t.Errorf("%s: %v walkers, variance %v, want %v", sol.Solver, sum, square, want)
		}
	}
}

// The exact methods draw from one law: chi-square of two samples of each method and the direct one, in up to 30 cells of numbers at the end. 5 standard deviations of
// the law of chi-square.
func TestOneLaw(t *testing.T) {
	n := 1500
	if *long {
		n = 20000
	}
	short := twentyGenes()
	short.Span[1] = 1.5
	for _, c := range []struct {
		p       *ode.Problem
		species string
		n       int
	}{{enzyme(), "P", n}, {dimerRepressor(), "P", n / 10}, {nonlinear(), "B", n / 3}, {repressor(), "mRNA", n / 10}, {short, "P20", n / 3}, {walk(12), "X3", n / 5}} {
		i := slices.IndexFunc(c.p.States, func(q ode.Quantity) bool { return q.Name == c.species })
		column := func(m ode.Method, p *ode.Problem, seed uint64) []float64 {
			v := make([]float64, c.n)
			for k, r := range sample(t, p, ode.Options{Method: m, Seed: seed}, c.n) {
				v[k] = r[i]
			}
			slices.Sort(v)
			return v
		}
		want := column(Direct, c.p, 100)
		for k, m := range exact {
			for g, p := range []*ode.Problem{c.p, general(c.p)} {
				got := column(m, p, uint64(200+2*k+g))
				chi, cells := 0.0, 0.0
				for a, b := 0, 0; a < c.n || b < c.n; {
					a0, b0, least := a, b, max(20, c.n/15)
					for a+b-a0-b0 < least && (a < c.n || b < c.n) || 2*c.n-a-b < least && (a < c.n || b < c.n) {
						v := math.Inf(1)
						if a < c.n {
							v = want[a]
						}
						if b < c.n {
							v = min(v, got[b])
						}
						for a < c.n && want[a] == v {
							a++
						}
						for b < c.n && got[b] == v {
							b++
						}
					}
					x, y := float64(a-a0), float64(b-b0)
					chi += (x - y) * (x - y) / (x + y)
					cells++
				}
				if cells < 4 {
					t.Fatalf("%s: %v cells", c.p.Name, cells)
				}
				if free := cells - 1; chi > free+5*math.Sqrt(2*free) {
					t.Errorf("%s of %s: %s differs from Direct, chi-square %v of %v cells", c.species, p.Name, m.name, chi, cells)
				}
			}
		}
	}
}

// The choice goes by the number of reactions and by what changes between jumps, and says so.
func TestChoice(t *testing.T) {
	for _, c := range []struct {
		p    *ode.Problem
		want string
	}{
		{birthDeath(), "Direct"}, {walk(9), "SortingDirect"}, {walk(100), "Direct"}, {walk(600), "RSSACR"}, {general(walk(600)), "CompositionRejection"}, {collapse(1), "PDMP"}, {seasons(1), "PDMP"},
	} {
		c.p.Span[1] = 0.1
		sol := run(t, c.p, ode.Options{})
		if sol.Solver != c.want || sol.Why == "" {
			t.Errorf("%s: %s, because %q, want %s", c.p.Name, sol.Solver, sol.Why, c.want)
		}
	}
	for _, m := range every() {
		for _, p := range []*ode.Problem{collapse(1), seasons(1)} {
			if _, err := ode.Solve(t.Context(), p, ode.Options{Method: m}); err == nil || !strings.Contains(err.Error(), "between jumps") {
				t.Errorf("%s takes %s: %v", m.Info().Name, p.Name, err)
			}
		}
	}
	p := &ode.Problem{Name: "plain", Span: [2]float64{0, 1}, U0: []float64{1}, NewKernels: func() *ode.Kernels {
		return &ode.Kernels{RHS: func(_ float64, u, _, du []float64) { du[0] = -u[0] }}
	}}
	for _, m := range append(every(), PDMP) {
		if _, err := ode.Solve(t.Context(), p, ode.Options{Method: m}); err == nil || !strings.Contains(err.Error(), "no jumps") {
			t.Errorf("%s takes a problem without jumps: %v", m.Info().Name, err)
		}
	}
}
