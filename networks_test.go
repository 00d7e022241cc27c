package mtkc_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/trace"
)

const networks = "../shared/data/reaction-networks"

// networkCase is an entry of index.json. Errors are the largest difference from the published trajectories over the largest
// value of the column, as whoever collected the files measured them with two other solvers.
type networkCase struct {
	ID                 string
	Net, Gdat, Cdat    string
	Reference          string
	Species, Reactions int
	TEnd               float64  `json:"t_end"`
	GdatError          *float64 `json:"checked_gdat_scaled_error"`
	CdatError          *float64 `json:"checked_cdat_scaled_error"`
	Note               string
}

// networkCases reads the index, or skips the test.
func networkCases(t testing.TB) []networkCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(networks, "index.json"))
	if err != nil {
		t.Skip("no corpus of reaction networks here: ", err)
	}
	var cases []networkCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// trajectory is a table of numbers: columns behind the time.
type trajectory struct {
	times []float64
	names []string
	cols  [][]float64
}

// readTrajectory reads .gdat and .cdat files, numbers with spaces between, and .csv.
func readTrajectory(t testing.TB, file string) *trajectory {
	t.Helper()
	f, err := os.Open(filepath.Join(networks, file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := &trajectory{}
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		words := strings.FieldsFunc(strings.TrimPrefix(s.Text(), "#"), func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
		if len(words) == 0 {
			continue
		}
		if p.names == nil {
			p.names = words[1:]
			p.cols = make([][]float64, len(p.names))
			continue
		}
		if len(words) != len(p.names)+1 {
			t.Fatalf("%s: a row of %d numbers below a header of %d", file, len(words), len(p.names)+1)
		}
		for k, w := range words {
			v, err := strconv.ParseFloat(w, 64)
			if err != nil {
				t.Fatal(err)
			}
			if k == 0 {
				p.times = append(p.times, v)
			} else {
				p.cols[k-1] = append(p.cols[k-1], v)
			}
		}
	}
	if err := s.Err(); err != nil || len(p.times) == 0 {
		t.Fatalf("%s: %d rows, %v", file, len(p.times), err)
	}
	return p
}

// scaledError is the largest difference from rows of a table, from first on, over the largest value of the column. Columns of
// zeros count as they are.
func scaledError(t testing.TB, sol *ode.Solution, names []string, want *trajectory, first int) float64 {
	t.Helper()
	if len(names) != len(want.names) {
		t.Fatalf("%d variables for %d columns", len(names), len(want.names))
	}
	table, err := sol.Table(names)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for k, got := range table {
		col := want.cols[k]
		scale := 0.0
		for _, v := range col {
			scale = math.Max(scale, math.Abs(v))
		}
		if scale == 0 {
			scale = 1
		}
		for i := range min(len(got), len(col)-first) {
			if d := math.Abs(got[i]-col[first+i]) / scale; d > worst || math.IsNaN(d) {
				worst = d
			}
		}
	}
	return worst
}

// compileNetwork compiles a file of the corpus.
func compileNetwork(t testing.TB, file string) (*model.System, *ode.Problem) {
	t.Helper()
	c := mtkc.New(filepath.Join(networks, file), mtkc.Options{Check: true})
	prob, found := c.Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return c.System(), prob
}

// TestNetworks compares every network of the corpus with the trajectories that BioNetGen published, or that were computed
// with two solvers. The bounds are the errors that index.json states, rounded to two digits there (hence 1.05), and what
// remains at the tolerance here.
func TestNetworks(t *testing.T) {
	for _, c := range networkCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			sys, prob := compileNetwork(t, c.Net)
			if c.Reactions > 0 && len(sys.Reactions) != c.Reactions {
				t.Errorf("%d reactions, want %d", len(sys.Reactions), c.Reactions)
			}
			groups := trace.Default(prob)
			var species []string
			for i := range c.Species {
				species = append(species, fmt.Sprint("S", i+1))
			}
			judge := func(file string, names []string, bound float64) {
				t.Helper()
				if file == "" {
					return
				}
				want := readTrajectory(t, file)
				sol, err := ode.Solve(context.Background(), prob, ode.Options{
					Span: [2]float64{want.times[0], want.times[len(want.times)-1]}, RelTol: 1e-10, AbsTol: 1e-12, SaveAt: want.times,
				})
				if err != nil {
					t.Fatal(err)
				}
				if e := scaledError(t, sol, names, want, 0); !(e <= bound) {
					t.Errorf("%s: error %.3g, want at most %.3g", file, e, bound)
				}
			}
			switch c.ID {
			case "bcr":
				bcr(t, c, prob, groups)
			case "continue":
				continued(t, c, prob, groups)
			case "test_time":
				// BioNetGen's time() lags behind, so the last column is wrong there.
				want := readTrajectory(t, c.Gdat)
				want.names, want.cols = want.names[:2], want.cols[:2]
				sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, c.TEnd}, RelTol: 1e-10, AbsTol: 1e-12, SaveAt: want.times})
				if err != nil {
					t.Fatal(err)
				}
				if e := scaledError(t, sol, groups[:2], want, 0); !(e <= 1.1e-6) { // so far is the table from t^2/2
					t.Errorf("error %.3g", e)
				}
				for i, at := range want.times {
					want.cols[0][i], want.cols[1][i] = at, at*at/2
				}
				if e := scaledError(t, sol, groups[:2], want, 0); !(e <= 1e-9) {
					t.Errorf("error against t and t^2/2: %.3g", e)
				}
				v, err := sol.Final([]string{"x_exact", "x_builtin", "f_diff"})
				if err != nil || math.Abs(v[1]-v[0]) > 1e-9 || v[2] > 1e-9 {
					t.Errorf("time() is not t: %v, %v", v, err)
				}
			default:
				if c.GdatError != nil {
					judge(c.Gdat, groups, 1.05**c.GdatError+2e-10)
				}
				if c.CdatError != nil {
					judge(c.Cdat, species, 1.05**c.CdatError+2e-10)
				}
				judge(c.Reference, groups, 5e-9)
			}
		})
	}
}

// bcr is judged at 5e-4 for t up to 1000, and with -long at 1e-2 up to 10000: its observables spike, so that small errors in
// phase become large errors. Without -long it runs to 100.
func bcr(t *testing.T, c networkCase, prob *ode.Problem, groups []string) {
	end, bound := 100.0, 5e-4
	if *long {
		end, bound = c.TEnd, 1e-2
	}
	want := readTrajectory(t, c.Gdat)
	n := sort.SearchFloat64s(want.times, end) + 1
	want.times = want.times[:n]
	for k := range want.cols {
		want.cols[k] = want.cols[k][:n]
	}
	sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, end}, RelTol: 1e-8, AbsTol: 1e-8, SaveAt: want.times})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, %v", sol.Solver, sol.Stats)
	if e := scaledError(t, sol, groups, want, 0); !(e <= bound) {
		t.Errorf("error %.3g, want at most %.3g", e, bound)
	}
	n = sort.SearchFloat64s(want.times, 1000) + 1
	if n > len(want.times) {
		return
	}
	want.times = want.times[:n]
	for k := range want.cols {
		want.cols[k] = want.cols[k][:n]
	}
	if e := scaledError(t, sol, groups, want, 0); !(e <= 5e-4) {
		t.Errorf("error to t = 1000: %.3g, want at most 5e-4", e)
	}
}

// continued follows the protocol of index.json: A() = 1 to t = 10, then A() = 0 to 40.
func continued(t *testing.T, c networkCase, prob *ode.Problem, groups []string) {
	want := readTrajectory(t, c.Gdat)
	set := map[string]float64{"A()": 1}
	var at float64
	k := 0
	for _, end := range []float64{10, 40} {
		n := sort.SearchFloat64s(want.times, end) + 1
		sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{at, end}, RelTol: 1e-10, AbsTol: 1e-12, SaveAt: want.times[k:n], Set: set})
		if err != nil {
			t.Fatal(err)
		}
		if e := scaledError(t, sol, groups, want, k); !(e <= 1.05**c.GdatError+2e-10) {
			t.Errorf("to t = %v: error %.3g, want at most %.3g", end, e, *c.GdatError)
		}
		set = map[string]float64{"A()": 0}
		for i := range prob.States {
			v, err := sol.Values(prob.States[i].Name)
			if err != nil {
				t.Fatal(err)
			}
			set[prob.States[i].Name] = v[len(v)-1]
		}
		at, k = end, n
	}
}

// Networks become loops over reactions and over sums of equal length: their code does not grow with them. The values are those of
// straight-line code, up to the order of sums.
func TestNetworksAreRolled(t *testing.T) {
	files := map[string]string{
		"multisite6":   generated(t, "multisite6", func(w io.Writer) { multisite(w, 6) }),
		"polymers100":  generated(t, "polymers100", func(w io.Writer) { polymers(w, 100) }),
		"egfr_net":     filepath.Join(networks, "egfr_net.net"),
		"test_fixed":   filepath.Join(networks, "test_fixed.net"),
		"multisite3":   generated(t, "multisite3", func(w io.Writer) { multisite(w, 3) }),
		"Motivating_e": filepath.Join(networks, "Motivating_example.net"),
	}
	for name, file := range files {
		if _, err := os.Stat(file); err != nil {
			continue
		}
		var probs [2]*ode.Problem
		for i, from := range []int{0, math.MaxInt32} {
			c := mtkc.New(file, mtkc.Options{Check: true, Lower: backend.Options{RollFrom: from}})
			p, found := c.Problem(context.Background())
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
			probs[i] = p
			if prog := c.Program(); i == 0 && len(c.System().Reactions) > 1000 {
				if ops := prog.RHS.Ops() + prog.Jac.Ops(); len(prog.RHS.Steps) == 0 || ops > 1500 {
					t.Errorf("%s: %d operations of code, want at most 1500", name, ops)
				}
			}
		}
		compareKernels(t, probs[1], probs[0])
	}
}

// TestNetworksAtRandom compares the mean of jump processes with what is known, within 5 standard errors, and the variance
// within 5 of its own, for which values are taken as normal. Of 400 runs each:
//
//	birth-death from 0 is Poisson's with the mean 50*(1-exp(-0.2*t)) at any time
//	two molecules that dimerise do so at the rate k*2*1, not k*2*2
//	the groups of multistate, thousands of molecules, have the mean of the rate equations up to a molecule or two
func TestNetworksAtRandom(t *testing.T) {
	dimer := generated(t, "dimer", func(w io.Writer) {
		fmt.Fprint(w, "begin parameters\n1 k 0.5\nend parameters\nbegin species\n1 A() 2\n2 A2() 0\nend species\nbegin reactions\n1 1,1 2 k\nend reactions\nbegin groups\n1 D 2\nend groups\n")
	})
	const runs = 400
	p := 1 - math.Exp(-1) // at t = 1
	for _, c := range []struct {
		file, name               string
		end, mean, variance, add float64 // add to 5 standard errors
	}{
		{filepath.Join(networks, "birth-death.net"), "Atot", 5, 50 * (1 - math.Exp(-1)), 50 * (1 - math.Exp(-1)), 0},
		{dimer, "D", 1, p, p * (1 - p), 0},
		{filepath.Join(networks, "multistate.net"), "A_P", 20, 0, 0, 2},
	} {
		if !exists(c.file) {
			continue
		}
		prob, found := mtkc.New(c.file, mtkc.Options{Method: "ssa", Check: true}).Problem(context.Background())
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		if c.name == "A_P" {
			_, rates := compileNetwork(t, "multistate.net")
			sol, err := ode.Solve(context.Background(), rates, ode.Options{Span: [2]float64{0, c.end}})
			if err != nil {
				t.Fatal(err)
			}
			v, err := sol.Final([]string{c.name})
			if err != nil {
				t.Fatal(err)
			}
			c.mean = v[0]
		}
		sum, squares := 0.0, 0.0
		for k := range uint64(runs) {
			sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, c.end}, Seed: 7, Path: k, FinalOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			v, err := sol.Final([]string{c.name})
			if err != nil {
				t.Fatal(err)
			}
			sum += v[0]
			squares += v[0] * v[0]
		}
		mean := sum / runs
		variance := (squares - sum*mean) / (runs - 1)
		if se := math.Sqrt(variance / runs); !(math.Abs(mean-c.mean) <= 5*se+c.add) {
			t.Errorf("%s: the mean of %s is %v, want %v within 5 times %v", filepath.Base(c.file), c.name, mean, c.mean, se)
		}
		if se := c.variance * math.Sqrt(2.0/(runs-1)); c.variance > 0 && !(math.Abs(variance-c.variance) <= 5*se) {
			t.Errorf("%s: the variance of %s is %v, want %v within 5 times %v", filepath.Base(c.file), c.name, variance, c.variance, se)
		}
	}
}
