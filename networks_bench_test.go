package mtkc_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/frontend/bngl"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// multisite writes the network of a receptor with independent sites, each of which is phosphorylated, and
// then binds an adaptor of its own: 3^sites states of the receptor, and sites*4*3^(sites-1) reactions. All reactions of a site
// meet in the balance of its adaptor, which couples all species.
func multisite(w io.Writer, sites int) {
	b := bufio.NewWriter(w)
	defer b.Flush()
	total := 1
	for range sites {
		total *= 3
	}
	fmt.Fprint(b, "# multisite phosphorylation\nbegin parameters\n    1 R0 1e5 # Constant\n    2 X0 3e4 # Constant\n")
	n := 3
	for s := range sites {
		for _, p := range []struct {
			name  string
			value float64
		}{{"kp", 1}, {"km", 0.5}, {"kon", 1e-4}, {"koff", 0.1}} {
			fmt.Fprintf(b, "%5d %s%d %v # Constant\n", n, p.name, s, p.value*(1+0.1*float64(s)))
			n++
		}
	}
	fmt.Fprint(b, "end parameters\nbegin species\n")
	for k := range total {
		fmt.Fprintf(b, "%5d R(", k+1)
		bonds := ""
		for s, q, bond := 0, k, 1; s < sites; s, q = s+1, q/3 {
			if s > 0 {
				b.WriteByte(',')
			}
			switch q % 3 {
			case 0:
				fmt.Fprintf(b, "s%d~U", s)
			case 1:
				fmt.Fprintf(b, "s%d~P", s)
			default:
				fmt.Fprintf(b, "s%d~P!%d", s, bond)
				bonds += fmt.Sprintf(".X%d(r!%d)", s, bond)
				bond++
			}
		}
		amount := "0"
		if k == 0 {
			amount = "R0"
		}
		fmt.Fprintf(b, ")%s %s\n", bonds, amount)
	}
	for s := range sites {
		fmt.Fprintf(b, "%5d X%d(r) X0\n", total+s+1, s)
	}
	fmt.Fprint(b, "end species\nbegin reactions\n")
	r := 1
	for k := range total {
		for s, q, step := 0, k, 1; s < sites; s, q, step = s+1, q/3, 3*step {
			free := total + s + 1
			switch q % 3 {
			case 0:
				fmt.Fprintf(b, "%5d %d %d kp%d #P%d\n", r, k+1, k+1+step, s, s)
			case 1:
				fmt.Fprintf(b, "%5d %d %d km%d #U%d\n", r, k+1, k+1-step, s, s)
				r++
				fmt.Fprintf(b, "%5d %d,%d %d kon%d #B%d\n", r, k+1, free, k+1+step, s, s)
			default:
				fmt.Fprintf(b, "%5d %d %d,%d koff%d #B%dr\n", r, k+1, k+1-step, free, s, s)
			}
			r++
		}
	}
	fmt.Fprint(b, "end reactions\nbegin groups\n")
	for s := range sites {
		fmt.Fprintf(b, "%5d Bound%d ", s+1, s)
		comma := ""
		for k := range total {
			q := k
			for range s {
				q /= 3
			}
			if q%3 == 2 {
				fmt.Fprintf(b, "%s%d", comma, k+1)
				comma = ","
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprint(b, "end groups\n")
}

// polymers writes the network of linear polymers of up to n units that join at their ends and break: n species and some
// n*n/2 reactions, each species coupled to each.
func polymers(w io.Writer, n int) {
	b := bufio.NewWriter(w)
	defer b.Flush()
	fmt.Fprint(b, "begin parameters\n 1 A0 1e4\n 2 kf 1e-4\n 3 kr 0.1\nend parameters\nbegin species\n")
	for i := 1; i <= n; i++ {
		amount := "0"
		if i == 1 {
			amount = "A0"
		}
		fmt.Fprintf(b, "%5d A(n~%d) %s\n", i, i, amount)
	}
	fmt.Fprint(b, "end species\nbegin reactions\n")
	r := 1
	for i := 1; i <= n; i++ {
		for j := i; i+j <= n; j++ {
			f := "2*"
			if i == j {
				f = ""
			}
			fmt.Fprintf(b, "%5d %d,%d %d %skf #join\n%5d %d %d,%d %skr #break\n", r, i, j, i+j, f, r+1, i+j, i, j, f)
			r += 2
		}
	}
	fmt.Fprint(b, "end reactions\nbegin groups\n 1 Chains ")
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%d", i)
	}
	fmt.Fprint(b, "\n 2 Units ")
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%d*%d", i, i)
	}
	fmt.Fprint(b, "\nend groups\n")
}

// generated writes a network to a file of its own.
func generated(t testing.TB, name string, write func(io.Writer)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".net")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	write(f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// BenchmarkBngl compiles networks from their files and solves them, rtol 1e-6. It reports species, reactions, the megabytes
// of the file, the seconds of every pass, of the whole compilation and of the solve, and the largest memory of the process in MB
// while it compiles.
func BenchmarkBngl(b *testing.B) {
	type bench struct {
		name string
		path string
		end  float64
	}
	var list []bench
	for _, c := range []struct {
		id  string
		end float64
	}{{"egfr_net", 10}, {"bcr", 1000}} {
		path := filepath.Join(networks, c.id+".net")
		if _, err := os.Stat(path); err == nil {
			list = append(list, bench{c.id, path, c.end})
		}
	}
	for n := 5; n <= 9; n++ {
		list = append(list, bench{fmt.Sprint("multisite", n), generated(b, fmt.Sprint("multisite", n), func(w io.Writer) { multisite(w, n) }), 50})
	}
	for _, n := range []int{200, 400, 800} {
		list = append(list, bench{fmt.Sprint("polymers", n), generated(b, fmt.Sprint("polymers", n), func(w io.Writer) { polymers(w, n) }), 50})
	}
	for _, c := range list {
		b.Run(c.name, func(b *testing.B) {
			now := map[string]float64{}
			for b.Loop() {
				debug.FreeOSMemory()
				_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // Linux: forget the peak
				start := time.Now()
				comp := mtkc.New(c.path, mtkc.Options{})
				p, found := comp.Problem(context.Background())
				if err := found.Err(); err != nil {
					b.Fatal(err)
				}
				now["total"] += time.Since(start).Seconds()
				for _, t := range comp.Timing() {
					now[t.Pass] += t.Seconds
				}
				now["MB"] += peak()
				now["species"] += float64(p.N())
				now["reactions"] += float64(len(comp.System().Reactions))
				now["nonzeros"] += float64(p.Jac.NNZ())
				start = time.Now()
				sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, c.end}, RelTol: 1e-6, FinalOnly: true})
				if err != nil {
					b.Fatal(err)
				}
				now["solve"] += time.Since(start).Seconds()
				now["steps"] += float64(sol.Stats.Steps)
			}
			for _, k := range []string{"species", "reactions", "nonzeros", "load", "structural", "lower", "vm", "total", "MB", "solve", "steps"} {
				b.ReportMetric(now[k]/float64(b.N), k)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// sbmlOf writes a network as SBML, as BioNetGen does: a species for each, rates as MathML in concentrations of a compartment of size 1.
func sbmlOf(w io.Writer, sys *model.System) {
	b := bufio.NewWriter(w)
	defer b.Flush()
	p := sys.Pool
	id := map[expr.ID]string{}
	for i := range sys.Vars {
		id[sys.Vars[i].Sym] = sys.Vars[i].Name
		if a := sys.Vars[i].Alias; a != "" {
			id[sys.Vars[i].Sym] = a
		}
	}
	value := map[expr.ID]float64{}
	var eval func(e expr.ID) float64
	eval = func(e expr.ID) float64 {
		return p.Eval(e, func(a expr.ID) (float64, bool) {
			if v, ok := value[a]; ok {
				return v, true
			}
			k, ok := sys.VarOf(a)
			if !ok || sys.Vars[k].Value == expr.None {
				return 0, false
			}
			value[a] = eval(sys.Vars[k].Value)
			return value[a], true
		})
	}
	fmt.Fprint(b, `<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m">`,
		`<listOfCompartments><compartment id="cell" spatialDimensions="3" size="1" constant="true"/></listOfCompartments><listOfSpecies>`, "\n")
	for i := range sys.Vars {
		if v := &sys.Vars[i]; v.Alias != "" {
			start, fixed := v.Start, false
			if v.Kind == model.ParameterVar {
				start, fixed = v.Value, true
			}
			fmt.Fprintf(b, "<species id=%q compartment=\"cell\" initialAmount=\"%v\" hasOnlySubstanceUnits=\"true\" boundaryCondition=\"%v\" constant=\"%v\"/>\n", v.Alias, eval(start), fixed, fixed)
		}
	}
	fmt.Fprint(b, "</listOfSpecies><listOfParameters>\n")
	for i := range sys.Vars {
		if v := &sys.Vars[i]; v.Kind == model.ParameterVar && v.Alias == "" {
			fmt.Fprintf(b, "<parameter id=%q value=\"%v\" constant=\"true\"/>\n", v.Name, eval(v.Value))
		}
	}
	fmt.Fprint(b, "</listOfParameters><listOfReactions>\n")
	laws := map[expr.ID]expr.ID{}
	for i := range sys.Equations {
		laws[sys.Equations[i].Lhs] = sys.Equations[i].Rhs
	}
	for i := range sys.Reactions {
		r := &sys.Reactions[i]
		fmt.Fprintf(b, "<reaction id=%q reversible=\"false\" fast=\"false\">", r.Name)
		for _, side := range []struct {
			name string
			list []model.Participant
		}{{"Reactants", r.Reactants}, {"Products", r.Products}} {
			if len(side.list) == 0 {
				continue
			}
			fmt.Fprintf(b, "<listOf%s>", side.name)
			for _, x := range side.list {
				fmt.Fprintf(b, "<speciesReference species=%q stoichiometry=%q constant=\"true\"/>", id[x.Species], p.String(x.Number))
			}
			fmt.Fprintf(b, "</listOf%s>", side.name)
		}
		fmt.Fprint(b, `<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/>`)
		law := laws[r.Rate]
		if p.Op(law) == expr.OpAdd { // a factor times a product
			fmt.Fprintf(b, "<cn> %s </cn>", p.String(p.Args(law)[1]))
			law = p.Args(law)[2]
		}
		factors := []expr.ID{law, expr.One}
		if p.Op(law) == expr.OpMul {
			factors = p.Args(law)
		}
		for k := 0; k < len(factors); k += 2 {
			times, _ := p.Value(factors[k+1])
			for n, _ := times.Int(); n > 0; n-- {
				fmt.Fprintf(b, "<ci> %s </ci>", id[factors[k]])
			}
		}
		fmt.Fprint(b, "</apply></math></kineticLaw></reaction>\n")
	}
	fmt.Fprint(b, "</listOfReactions></model></sbml>\n")
}

// BenchmarkSBML compiles large networks from SBML.
func BenchmarkSBML(b *testing.B) {
	list := map[string]string{"multisite7": generated(b, "multisite7", func(w io.Writer) { multisite(w, 7) })}
	if path := filepath.Join(networks, "bcr.net"); exists(path) {
		list["bcr"] = path
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		sys, found := bngl.Load(list[name])
		if err := found.Err(); err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(b.TempDir(), name+".xml")
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		sbmlOf(f, sys)
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			now := map[string]float64{}
			for b.Loop() {
				comp := mtkc.New(path, mtkc.Options{})
				start := time.Now()
				p, found := comp.Problem(context.Background())
				if err := found.Err(); err != nil {
					b.Fatal(err)
				}
				now["total"] += time.Since(start).Seconds()
				for _, t := range comp.Timing() {
					now[t.Pass] += t.Seconds
				}
				now["species"] += float64(p.N())
				now["nonzeros"] += float64(p.Jac.NNZ())
			}
			for _, k := range []string{"species", "nonzeros", "load", "structural", "lower", "vm", "total"} {
				b.ReportMetric(now[k]/float64(b.N), k)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
