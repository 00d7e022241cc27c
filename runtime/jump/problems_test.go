package jump

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// reactions makes a problem of mass action of lines such as "2A + B -> C : 0.5", with start values by name. Species come in the order of
// their first appearance. The constants are the parameters k1, k2, ...
func reactions(name string, start map[string]float64, t1 float64, lines ...string) *ode.Problem {
	var species []string
	places := map[string]int32{}
	index := func(name string) int32 {
		k, ok := places[name]
		if !ok {
			k = int32(len(species))
			places[name], species = k, append(species, name)
		}
		return k
	}
	side := func(text string) map[int32]float64 {
		m := map[int32]float64{}
		for term := range strings.SplitSeq(text, "+") {
			if term = strings.TrimSpace(term); term == "0" || term == "" {
				continue
			}
			at := 0
			for at < len(term) && term[at] >= '0' && term[at] <= '9' {
				at++
			}
			n := 1.0
			if at > 0 {
				n, _ = strconv.ParseFloat(term[:at], 64)
			}
			m[index(strings.TrimSpace(term[at:]))] += n
		}
		return m
	}
	var list []ode.Jump
	var k []float64
	for _, line := range lines {
		eq, constant, _ := strings.Cut(line, ":")
		left, right, _ := strings.Cut(eq, "->")
		in, out := side(left), side(right)
		v, err := strconv.ParseFloat(strings.TrimSpace(constant), 64)
		if err != nil {
			panic(line)
		}
		k = append(k, v)
		list = append(list, massAction(strings.TrimSpace(eq), in, out))
	}
	u0 := make([]float64, len(species))
	for i, s := range species {
		u0[i] = start[s]
	}
	return massActionProblem(name, species, u0, t1, list, k)
}

// massAction is the jump of a reaction.
func massAction(name string, in, out map[int32]float64) ode.Jump {
	j := ode.Jump{Name: name, MassAction: true}
	for _, i := range slices.Sorted(maps.Keys(in)) {
		j.Reactants = append(j.Reactants, ode.Reactant{State: i, Order: int32(in[i])})
		j.Reads = append(j.Reads, i)
	}
	net := maps.Clone(out)
	for i, n := range in {
		net[i] -= n
	}
	for _, i := range slices.Sorted(maps.Keys(net)) {
		if net[i] != 0 {
			j.Changes = append(j.Changes, ode.Change{State: i, By: net[i]})
		}
	}
	return j
}

func massActionProblem(name string, species []string, u0 []float64, t1 float64, list []ode.Jump, k []float64) *ode.Problem {
	p := &ode.Problem{Name: name, Span: [2]float64{0, t1}, U0: u0, P: k, Jumps: &ode.Jumps{Reactions: list, Still: true}}
	for _, s := range species {
		p.States = append(p.States, ode.Quantity{Name: s, Min: math.Inf(-1), Max: math.Inf(1)})
	}
	for i := range k {
		p.Params = append(p.Params, ode.Quantity{Name: fmt.Sprintf("k%d", i+1), Min: math.Inf(-1), Max: math.Inf(1)})
	}
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{
			JumpConstants: func(_ float64, _, p, c []float64) {
				for r := range list {
					v := p[r]
					for _, a := range list[r].Reactants {
						for k := int32(2); k <= a.Order; k++ {
							v /= float64(k)
						}
					}
					c[r] = v
				}
			},
			// The same rates as any others, for problems whose reactions are not said to be of mass action.
			JumpRate: func(r int, _ float64, u, p []float64) float64 {
				v := p[r]
				for _, a := range list[r].Reactants {
					for k := int32(0); k < a.Order; k++ {
						v *= max(0, u[a.State]-float64(k)) / float64(k+1)
					}
				}
				return v
			},
		}
	}
	return p
}

// general is p with reactions that are not said to be of mass action.
func general(p *ode.Problem) *ode.Problem {
	q := *p
	j := *p.Jumps
	j.Reactions = slices.Clone(j.Reactions)
	for r := range j.Reactions {
		j.Reactions[r].MassAction = false
	}
	q.Jumps = &j
	return &q
}

// netFile reads a network of mass action from a .net file of BioNetGen in shared/data.
func netFile(t testing.TB, name string, t1 float64) *ode.Problem {
	f, err := os.Open("../../../shared/data/reaction-networks/" + name + ".net")
	if err != nil {
		f, err = os.Open("../../../../shared/data/reaction-networks/" + name + ".net")
	}
	if err != nil {
		t.Skipf("shared/data/reaction-networks is not there: %v", err)
	}
	defer f.Close()
	values := map[string]float64{}
	var eval func(e ast.Expr) float64
	eval = func(e ast.Expr) float64 {
		switch e := e.(type) {
		case *ast.BasicLit:
			v, _ := strconv.ParseFloat(e.Value, 64)
			return v
		case *ast.Ident:
			v, ok := values[e.Name]
			if !ok {
				t.Fatalf("%s: what is %s?", name, e.Name)
			}
			return v
		case *ast.ParenExpr:
			return eval(e.X)
		case *ast.UnaryExpr:
			return -eval(e.X)
		case *ast.BinaryExpr:
			x, y := eval(e.X), eval(e.Y)
			switch e.Op {
			case token.ADD:
				return x + y
			case token.SUB:
				return x - y
			case token.MUL:
				return x * y
			case token.QUO:
				return x / y
			}
		}
		t.Fatalf("%s: what is %T?", name, e)
		return 0
	}
	value := func(text string) float64 {
		e, err := parser.ParseExpr(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return eval(e)
	}
	var species []string
	var u0, k []float64
	var list []ode.Jump
	section := ""
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line, _, _ := strings.Cut(sc.Text(), "#")
		w := strings.Fields(line)
		switch {
		case len(w) == 0:
		case w[0] == "begin":
			section = w[1]
		case w[0] == "end":
			section = ""
		case section == "parameters":
			values[w[1]] = value(w[2])
		case section == "species":
			species, u0 = append(species, w[1]), append(u0, math.Round(value(w[2])))
		case section == "reactions":
			side := func(text string) map[int32]float64 {
				m := map[int32]float64{}
				for s := range strings.SplitSeq(text, ",") {
					if i, _ := strconv.Atoi(s); i > 0 {
						m[int32(i-1)]++
					}
				}
				return m
			}
			c := value(w[3])
			in := side(w[1])
			for _, n := range in { // .net files have the factor 1/2 of equal molecules in the constant
				for i := 2.0; i <= n; i++ {
					c *= i
				}
			}
			list, k = append(list, massAction("R"+w[0], in, side(w[2]))), append(k, c)
		}
	}
	return massActionProblem(name, species, u0, t1, list, k)
}

// sample runs n paths and returns the state at the end, one row for each path.
func sample(t testing.TB, p *ode.Problem, opt ode.Options, n int) [][]float64 {
	t.Helper()
	opt.FinalOnly = opt.SaveAt == nil
	rows := make([][]float64, n)
	var in *ode.Integrator
	for i := range rows {
		opt.Path = uint64(i)
		var err error
		if in == nil {
			in, err = ode.NewIntegrator(t.Context(), p, opt)
		} else {
			err = in.Reset(t.Context(), opt)
		}
		for err == nil && !in.Done() {
			err = in.Step()
		}
		if err != nil {
			t.Fatal(err)
		}
		rows[i] = slices.Clone(in.U())
	}
	return rows
}

// moments are the mean and the variance of a column, with their standard errors.
func moments(rows [][]float64, column int) (mean, variance, se, seVar float64) {
	n := float64(len(rows))
	for _, r := range rows {
		mean += r[column] / n
	}
	m4 := 0.0
	for _, r := range rows {
		d := r[column] - mean
		variance += d * d / (n - 1)
		m4 += d * d * d * d / n
	}
	return mean, variance, math.Sqrt(variance / n), math.Sqrt((m4 - variance*variance) / n)
}

// dimers is an example of Wilkinson's: a gene, its messenger, its protein and the pairs of that.
func dimers() *ode.Problem {
	return reactions("dimers", map[string]float64{"G": 1}, 1, "G -> G + M : 25", "M -> M + P : 1000", "2P -> D : 0.002", "M -> 0 : 0.1", "P -> 0 : 1")
}

// walk is a random walk on a line of sites: 2 (sites - 1) reactions.
func walk(sites int) *ode.Problem {
	var lines []string
	start := map[string]float64{}
	for i := range sites {
		start[fmt.Sprint("X", i)] = 10
		if i+1 < sites {
			lines = append(lines, fmt.Sprintf("X%d -> X%d : 1", i, i+1), fmt.Sprintf("X%d -> X%d : 1", i+1, i))
		}
	}
	p := reactions(fmt.Sprint("walk", sites), nil, 10, lines...)
	for i := range p.U0 {
		p.U0[i] = 10
	}
	return p
}

// twentyGenes is a network of McCollum et al. 2006: of twenty genes, each second is induced by the protein of the one before.
func twentyGenes() *ode.Problem {
	var lines []string
	start := map[string]float64{}
	for i := 1; i <= 10; i++ {
		a, b := 2*i-1, 2*i
		start[fmt.Sprint("G", a)], start[fmt.Sprint("G", b)] = 1, 1
		lines = append(lines,
			fmt.Sprintf("G%d -> G%d + M%d : 10", a, a, a), fmt.Sprintf("M%d -> M%d + P%d : 10", a, a, a), fmt.Sprintf("M%d -> 0 : 1", a), fmt.Sprintf("P%d -> 0 : 1", a),
			fmt.Sprintf("G%d -> G%d + M%d : 5", b, b, b), fmt.Sprintf("M%d -> M%d + P%d : 5", b, b, b), fmt.Sprintf("M%d -> 0 : 1", b), fmt.Sprintf("P%d -> 0 : 1", b),
			fmt.Sprintf("G%d + P%d -> I%d : 1e-4", b, a, b), fmt.Sprintf("I%d -> I%d + M%d : 100", b, b, b))
	}
	return reactions("twenty genes", start, 2000, lines...)
}
