package reaction

import (
	"bufio"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mtkc/mtkc/expr"
)

func parse(t testing.TB, text string) *Network {
	t.Helper()
	n := New("test")
	if found := n.Parse(text, "test"); found.Errors() > 0 {
		t.Fatal(found)
	}
	return n
}

// laws prints the conservation laws.
func laws(n *Network, list []Law) string {
	var lines []string
	for i := range list {
		lines = append(lines, list[i].Text(n))
	}
	return strings.Join(lines, "; ")
}

// TestAnalyze compares with what the literature says of small networks.
func TestAnalyze(t *testing.T) {
	for _, c := range []struct {
		name, text                      string
		complexes, classes, rank, defic int
		weakly, reversible              bool
		terminal                        int // terminal sets of all classes
		laws                            string
		theorem                         string
	}{
		// M. Feinberg, Chem. Eng. Sci. 42 (1987) 2229, network (2.1) and the discussion of it.
		{"Feinberg", "(k,k), A <-> 2B; (k,k), A + C <-> D; k, D -> B + E; k, B + E -> A + C",
			5, 2, 3, 0, true, false, 2, "2 A + B + 2 D + E; C + D + E", "deficiency zero, weakly reversible, mass action"},
		// B. Edelstein, J. Theor. Biol. 29 (1970) 57; its deficiency is in Feinberg's lectures (1979), 2.A.
		{"Edelstein", "(k,k), A <-> 2A; (k,k), A + B <-> C; (k,k), C <-> B", 5, 2, 2, 1, true, true, 2, "B + C", ""},
		// I. Prigogine, R. Lefever, J. Chem. Phys. 48 (1968) 1695.
		{"Brusselator", "(k,k), 0 <-> X; k, X -> Y; k, 2X + Y -> 3X", 5, 2, 2, 1, false, false, 2, "", ""},
		{"Michaelis Menten", "(k,k), S + E <-> SE; k, SE -> P + E", 3, 1, 2, 0, false, false, 1, "S + SE + P; E + SE", "deficiency zero, not weakly reversible"},
		// F. Schlögl, Z. Phys. 253 (1972) 147, the outer species being constant.
		{"Schlögl", "(k,k), 2X <-> 3X; (k,k), X <-> 0", 4, 2, 1, 1, true, true, 2, "", ""},
		// F. Horn, R. Jackson, Arch. Rational Mech. Anal. 47 (1972) 81, example (7).
		{"Horn Jackson", "k, 3A -> A + 2B; k, A + 2B -> 3B; k, 3B -> 2A + B; k, 2A + B -> 3A", 4, 1, 1, 2, true, false, 1, "A + B", ""},
		{"futile cycle", "(k,k), S0 + E <-> ES0; k, ES0 -> S1 + E; (k,k), S1 + F <-> FS1; k, FS1 -> S0 + F",
			6, 2, 3, 1, false, false, 2, "S0 + ES0 + S1 + FS1; E + ES0; F + FS1", ""},
		// C. Conradi, D. Flockerzi, J. Raisch, Math. Biosci. 211 (2008) 105: two sites, deficiency 2.
		{"two sites", "(k,k), S0 + E <-> ES0; k, ES0 -> S1 + E; (k,k), S1 + E <-> ES1; k, ES1 -> S2 + E;" +
			"(k,k), S2 + F <-> FS2; k, FS2 -> S1 + F; (k,k), S1 + F <-> FS1; k, FS1 -> S0 + F",
			10, 2, 6, 2, false, false, 2, "S0 + ES0 + S1 + ES1 + S2 + FS2 + FS1; E + ES0 + ES1; F + FS2 + FS1", ""},
		{"deficiency one", "(k,k), 0 <-> A; (k,k), A <-> 2A", 3, 1, 1, 1, true, true, 1, "", "deficiency one theorem, weakly reversible, mass action"},
		{"at most one", "k, 2A -> A; (k,k), A <-> 0; k, 0 -> 3A", 4, 1, 1, 2, false, false, 1, "", ""},
		{"birth and death", "k, 0 -> A; k, A -> 0", 2, 1, 1, 0, true, true, 1, "", "exactly one steady state at all"},
		{"two ends", "k, A -> B; k, A -> C", 3, 1, 2, 0, false, false, 2, "A + B + C", "deficiency zero, not weakly reversible"},
		{"another law", "k*A/(1+A), A => B; (k,k), B <-> A", 2, 1, 1, 0, true, true, 1, "A + B", ""},
		{"rational", "k, 1/2 O2 + H2 -> H2O", 2, 1, 1, 0, false, false, 1, "2 O2 + H2O; H2 + H2O", "deficiency zero, not weakly reversible"},
	} {
		n := parse(t, c.text)
		a := n.Analyze()
		if len(a.Complexes) != c.complexes || len(a.Classes) != c.classes || a.Rank != c.rank || a.Deficiency != c.defic ||
			a.WeaklyReversible != c.weakly || a.Reversible != c.reversible {
			t.Errorf("%s: %d complexes, %d classes, rank %d, deficiency %d, weakly reversible %v, reversible %v", c.name,
				len(a.Complexes), len(a.Classes), a.Rank, a.Deficiency, a.WeaklyReversible, a.Reversible)
		}
		terminal := 0
		for _, l := range a.Classes {
			terminal += l.Terminal
		}
		if terminal != c.terminal {
			t.Errorf("%s: %d terminal sets, want %d", c.name, terminal, c.terminal)
		}
		if got := laws(n, a.Laws); got != c.laws {
			t.Errorf("%s: laws %q, want %q", c.name, got, c.laws)
		}
		if got := a.Theorem(); c.theorem == "" && got != "" || !strings.Contains(got, c.theorem) {
			t.Errorf("%s: %q, want %q", c.name, got, c.theorem)
		}
		conserved(t, n, a.Laws, a.Rank)
	}
}

// conserved checks that the laws are in the left null space, exactly, and are all of it for the species that reactions change.
func conserved(t interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}, n *Network, list []Law, rank int) {
	t.Helper()
	m := n.matrix(true)
	moved := map[int32]bool{}
	at := make([]map[int]*big.Int, len(list))
	for k := range list {
		at[k] = map[int]*big.Int{}
		for j, i := range list[k].Species {
			at[k][i] = list[k].Numbers[j]
		}
	}
	var sum, x big.Rat
	for r, col := range m.columns {
		for _, e := range col {
			moved[e.i] = true
		}
		for k := range list {
			sum.SetInt64(0)
			for _, e := range col {
				if v := at[k][int(e.i)]; v != nil {
					sum.Add(&sum, x.Mul(x.SetInt(v), e.v.rat()))
				}
			}
			if sum.Sign() != 0 {
				t.Fatalf("law %s is changed by %v by reaction %s", list[k].Text(n), &sum, n.Text(&n.Reactions[r]))
			}
		}
	}
	if rank >= 0 && len(list) != len(moved)-rank {
		t.Errorf("%d laws for %d species and rank %d", len(list), len(moved), rank)
	}
	q := newQuotient[num](len(n.Species))
	for k := range list {
		v := make([]entry, 0, len(list[k].Species))
		for j, i := range list[k].Species {
			v = append(v, entry{int32(i), small(new(big.Rat).SetInt(list[k].Numbers[j]))})
		}
		if !q.put(v) {
			t.Errorf("law %s depends on the others", list[k].Text(n))
		}
	}
}

// readNet reads species and reactions of a BioNetGen network: enough for its structure.
func readNet(t testing.TB, path string) *Network {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("%v: the data are not there", err)
	}
	defer f.Close()
	n := New(filepath.Base(path))
	block := ""
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line, _, _ := strings.Cut(sc.Text(), "#")
		w := strings.Fields(line)
		switch {
		case len(w) == 0:
		case w[0] == "begin":
			block = w[1]
		case w[0] == "end":
			block = ""
		case block == "species":
			name := strings.TrimPrefix(w[1], "$")
			i := n.AddSpecies(name, 1)
			n.Species[i].Boundary = strings.HasPrefix(w[1], "$") || strings.Contains(w[1], "::$")
		case block == "reactions":
			side := func(text string) []Participant {
				var out []Participant
				for _, s := range strings.Split(text, ",") {
					if k, err := strconv.Atoi(s); err == nil && k > 0 {
						out = append(out, Participant{k - 1, expr.One})
					}
				}
				return out
			}
			n.AddReaction(Reaction{Reactants: side(w[1]), Products: side(w[2]), Rate: expr.One, Law: expr.None})
		}
	}
	return n
}

const networks = "../../shared/data/reaction-networks/"

// TestMolecules compares the laws of generated networks with the numbers of molecules in their species: moieties are molecules where
// reactions bind and modify them.
func TestMolecules(t *testing.T) {
	for _, c := range []struct {
		file      string
		molecules []string
	}{
		{"egfr_net.net", []string{"egf(", "Grb2(", "Shc(", "Sos(", "egfr("}},
		{"bcr.net", nil},
		{"Motivating_example.net", nil}, {"toy-jim.net", nil}, {"Haugh2b.net", nil}, {"blbr.net", nil}, {"multistate.net", nil}, {"Repressilator.net", nil},
		{"CaOscillate_Func.net", nil}, {"simple_system.net", nil}, {"test_fixed.net", nil}, {"univ_synth.net", nil}, {"birth-death.net", nil},
	} {
		n := readNet(t, networks+c.file)
		start := time.Now()
		a := n.Analyze()
		t.Logf("%s: %d species, %d reactions, rank %d, deficiency %d, laws %d: %.3f s", c.file, len(n.Species), len(n.Reactions), a.Rank, a.Deficiency, len(a.Laws), time.Since(start).Seconds())
		conserved(t, n, a.Laws, a.Rank)
		if c.molecules == nil {
			continue
		}
		if len(a.Laws) != len(c.molecules) {
			t.Errorf("%s: %d laws, want %d", c.file, len(a.Laws), len(c.molecules))
		}
		for _, molecule := range c.molecules {
			want := map[int]int64{}
			for i := range n.Species {
				for _, part := range strings.Split(n.Species[i].Name, ".") {
					if strings.HasPrefix(part, molecule) {
						want[i]++
					}
				}
			}
			if !slices.ContainsFunc(a.Laws, func(l Law) bool {
				if len(l.Species) != len(want) {
					return false
				}
				for k, i := range l.Species {
					if l.Numbers[k].Cmp(big.NewInt(want[i])) != 0 {
						return false
					}
				}
				return true
			}) {
				t.Errorf("%s: no law counts %s)", c.file, molecule)
			}
		}
	}
}

// TestConservation draws networks with moieties that are known: species are random compositions, and reactions those that keep them.
func TestConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		atoms, species := rapid.IntRange(1, 4).Draw(t, "atoms"), rapid.IntRange(2, 12).Draw(t, "species")
		n := New("")
		made := make([][]int64, species)
		for i := range made {
			n.AddSpecies(fmt.Sprintf("S%d", i), 1)
			made[i] = make([]int64, atoms)
			for k := range made[i] {
				made[i][k] = rapid.Int64Range(0, 3).Draw(t, "composition")
			}
		}
		for range rapid.IntRange(1, 14).Draw(t, "reactions") {
			// a*x + b*y -> c*z wherever that keeps the atoms, and x -> y of equal composition
			x, y, z := rapid.IntRange(0, species-1).Draw(t, "x"), rapid.IntRange(0, species-1).Draw(t, "y"), rapid.IntRange(0, species-1).Draw(t, "z")
			a, b, c := rapid.Int64Range(1, 3).Draw(t, "a"), rapid.Int64Range(0, 3).Draw(t, "b"), rapid.Int64Range(1, 3).Draw(t, "c")
			keeps := true
			for k := range atoms {
				keeps = keeps && a*made[x][k]+b*made[y][k] == c*made[z][k]
			}
			if !keeps {
				continue
			}
			left := []Participant{{x, n.Pool.Int(a)}}
			if b > 0 {
				left = append(left, Participant{y, n.Pool.Int(b)})
			}
			n.AddReaction(Reaction{Reactants: left, Products: []Participant{{z, n.Pool.Int(c)}}, Rate: expr.One})
		}
		if len(n.Reactions) == 0 {
			return
		}
		a := n.Analyze()
		conserved(t, n, a.Laws, a.Rank)
	})
}

// TestRandomMatrix has networks without structure, whose laws have signs.
func TestRandomMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		species := rapid.IntRange(2, 10).Draw(t, "species")
		n := New("")
		for i := range species {
			n.AddSpecies(fmt.Sprintf("S%d", i), 1)
		}
		for range rapid.IntRange(1, species).Draw(t, "reactions") {
			r := Reaction{Rate: expr.One}
			for i := range species {
				switch v := rapid.Int64Range(-9, 9).Draw(t, "number"); {
				case v < -5:
					r.Reactants = append(r.Reactants, Participant{i, n.Pool.Num(expr.RatNum(-v, 3))})
				case v > 5:
					r.Products = append(r.Products, Participant{i, n.Pool.Int(v)})
				}
			}
			if len(r.Reactants)+len(r.Products) > 0 {
				n.AddReaction(r)
			}
		}
		if len(n.Reactions) == 0 {
			return
		}
		a := n.Analyze()
		conserved(t, n, a.Laws, a.Rank)
		if want := denseRank(n); a.Rank != want {
			t.Fatalf("rank %d, by dense elimination %d", a.Rank, want)
		}
	})
}

// denseRank is the rank by the textbook.
func denseRank(n *Network) int {
	m := n.matrix(false)
	rows := make([][]*big.Rat, len(n.Species))
	for i := range rows {
		rows[i] = make([]*big.Rat, len(m.columns))
		for j := range rows[i] {
			rows[i][j] = new(big.Rat)
		}
	}
	for j, col := range m.columns {
		for _, e := range col {
			rows[e.i][j].Set(e.v.rat())
		}
	}
	rank := 0
	for j := range m.columns {
		p := -1
		for i := rank; i < len(rows); i++ {
			if rows[i][j].Sign() != 0 {
				p = i
				break
			}
		}
		if p < 0 {
			continue
		}
		rows[rank], rows[p] = rows[p], rows[rank]
		for i := rank + 1; i < len(rows); i++ {
			f := new(big.Rat).Quo(rows[i][j], rows[rank][j])
			for k := j; k < len(m.columns); k++ {
				rows[i][k].Sub(rows[i][k], new(big.Rat).Mul(f, rows[rank][k]))
			}
		}
		rank++
	}
	return rank
}

// TestMoieties wants nonnegative laws where the elimination alone gives signs.
func TestMoieties(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// A -> B + C and B + D -> A + E: in terms of free species some numbers are negative whatever the pivots.
		{"k, A -> B; k, A + C -> D; k, B + D -> E", "A + B + D + 2 E; C + D + E"},
		{"k, A + B -> C + D", ""},
		{"k, A + B -> C", "A + C; B + C"},
		{"k, A + A2 -> B; k, B + C -> D + A", ""},
		{"k, A -> 2 B; k, 3 B -> C", "2 A + B + 3 C"},
		{"k, X -> 2 X + Y", "X - Y"}, // no moiety: only a law with signs
	} {
		n := parse(t, c.text)
		list, _ := n.Conservation()
		conserved(t, n, list, n.Analyze().Rank)
		got := laws(n, list)
		if c.want != "" && got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
		if c.want == "" {
			for i := range list {
				if !list[i].Moiety() {
					t.Errorf("%s: %s is no moiety", c.text, list[i].Text(n))
				}
			}
		}
	}
}

// TestRoles finds catalysts, the boundary, and what can never happen.
func TestRoles(t *testing.T) {
	n := New("roles")
	n.AddSpecies("A", 1)
	for _, zero := range []string{"B", "C", "D", "E", "F"} {
		n.AddSpecies(zero, 0)
	}
	b := n.AddSpecies("Feed", 5)
	n.Species[b].Boundary = true
	n.AddSpecies("Alone", 2)
	if found := n.Parse("k, Feed -> A; k, A -> B; k, C + A -> D; k, D -> E; k, E + B -> F + E; (k,k), A + Cat <-> B + Cat", ""); found != nil {
		t.Fatal(found)
	}
	n.AddSpecies("Cat", 1)
	a := n.Analyze()
	names := func(list []int) string {
		var out []string
		for _, i := range list {
			out = append(out, n.Species[i].Name)
		}
		return strings.Join(out, " ")
	}
	if got := names(a.Catalysts) + "|" + names(a.Boundary) + "|" + names(a.Idle) + "|" + names(a.Absent); got != "Cat|Feed|Alone|C D E F" {
		t.Errorf("%s", got)
	}
	if fmt.Sprint(a.Dead) != "[2 3 4]" {
		t.Errorf("dead reactions %v", a.Dead)
	}
}

// TestLarge is a network of the size of the largest that are published (the receptor model fceri_gamma: 3744 species, 58276 reactions).
func TestLarge(t *testing.T) {
	n := binding(3)
	start := time.Now()
	a := n.Analyze()
	list := a.Laws
	t.Logf("%d species, %d reactions, rank %d, deficiency %d, %d laws: %v", len(n.Species), len(n.Reactions), a.Rank, a.Deficiency, len(list), time.Since(start))
	if len(list) != 4 {
		t.Errorf("%d laws, want those of the scaffold and of three ligands", len(list))
	}
	conserved(t, n, list, a.Rank)
	for i := range list {
		if !list[i].Moiety() {
			t.Errorf("%s is no moiety", list[i].text(n, 10))
		}
	}
}

// TestWithoutStructure gives up in time where numbers become long: a network that is drawn at random. The rank is known nonetheless: almost all
// reactions are independent.
func TestWithoutStructure(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	n := New("")
	const species, reactions = 1000, 950
	for i := range species {
		n.AddSpecies(fmt.Sprintf("S%d", i), 1)
	}
	for range reactions {
		two := func() []Participant { return []Participant{{r.IntN(species), expr.One}, {r.IntN(species), expr.One}} }
		n.AddReaction(Reaction{Rate: expr.One, Reactants: two(), Products: two()})
	}
	a := n.Analyze()
	if a.Exact || len(a.Laws) > 0 || a.Rank != reactions {
		t.Errorf("exact %v, %d laws, rank %d", a.Exact, len(a.Laws), a.Rank)
	}
	// A network with structure needs no prime, and the prime says the same of it.
	n = binding(2)
	m := n.matrix(false)
	v := newQuotient[residue](len(n.Species))
	for _, c := range m.columns {
		w := make([]nonzero[residue], len(c))
		for k, e := range c {
			w[k] = nonzero[residue]{e.i, residueOf(e.v)}
		}
		v.put(w)
	}
	if exact, sure := rank(m.columns, len(n.Species)); !sure || exact != v.rank {
		t.Errorf("rank %d, sure %v, modulo a prime %d", exact, sure, v.rank)
	}
}

// binding makes all complexes of a scaffold with sites, each empty, bound by one of the ligands of its site, or bound and marked.
func binding(kinds int) *Network {
	n := New("scaffold")
	for k := range kinds {
		n.AddSpecies(fmt.Sprintf("L%d", k), 1)
	}
	const size = 6561 // 3^8
	for c := range size {
		n.AddSpecies(fmt.Sprintf("R%d", c), 0)
	}
	for c := range size {
		for p, s := 1, 0; p < size; p, s = p*3, s+1 {
			if c/p%3 == 0 {
				bound := Participant{kinds + c + p, expr.One}
				free := []Participant{{kinds + c, expr.One}, {s % kinds, expr.One}}
				n.AddReaction(Reaction{Reactants: free, Products: []Participant{bound}, Rate: expr.One})
				n.AddReaction(Reaction{Reactants: []Participant{bound}, Products: free, Rate: expr.One})
				marked := Participant{kinds + c + 2*p, expr.One}
				n.AddReaction(Reaction{Reactants: []Participant{bound}, Products: []Participant{marked}, Rate: expr.One})
				n.AddReaction(Reaction{Reactants: []Participant{marked}, Products: free, Rate: expr.One})
			}
		}
	}
	return n
}
