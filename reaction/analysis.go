package reaction

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/reaction/notation"
)

// Analysis is what the structure of a network says. Species at the boundary are no species here: they belong to rates.
type Analysis struct {
	Network *Network
	Entries int   // of the stoichiometric matrix that are not zero
	Rank    int   // of the stoichiometric matrix
	Laws    []Law // see Network.Conservation
	// Exact is true but for large networks without structure, where numbers become too long: there are no laws then, and ranks are those
	// modulo a prime, which are too small with a chance of about 1e-15.
	Exact bool

	// Symbolic says that coefficients are no numbers; there are no complexes then, and Rank is that of the species without.
	Symbolic bool

	Complexes []Complex
	Classes   []Class // linkage classes, by their first complex
	// Deficiency is complexes - linkage classes - rank (Horn and Jackson, Feinberg).
	Deficiency       int
	Reversible       bool // every reaction has its reverse
	WeaklyReversible bool // every linkage class is strongly connected
	MassAction       bool // the rate of every reaction is mass action

	Catalysts []int // species that some reaction needs and that no reaction changes
	Boundary  []int // species at the boundary
	Idle      []int // species in no reaction
	// Dead are the reactions that can never happen, since they need what is not there at the start and what nothing makes; Absent are
	// the species that are never there for that reason. Start values of parameters count as they are.
	Dead   []int
	Absent []int
}

// Complex is a side of a reaction: species, ascending, with their numbers. The empty one stands for what is outside.
type Complex struct {
	Species []int
	Numbers []expr.ID
	Class   int // index of its linkage class
	// Terminal says that no reaction leaves the strongly connected set to which it belongs.
	Terminal bool
	strong   int
}

// Class is a linkage class: complexes that reactions connect.
type Class struct {
	Complexes        []int
	Reactions        int
	Rank             int
	Deficiency       int // complexes - 1 - rank of its own reactions
	Strong           int // strongly connected sets of complexes
	Terminal         int // of these, those that no reaction leaves
	WeaklyReversible bool
}

// Analyze finds out what the structure of the network says.
//
// M. Feinberg, Foundations of Chemical Reaction Network Theory, Springer 2019; F. Horn, R. Jackson, Arch. Rational Mech. Anal. 47 (1972) 81.
func (n *Network) Analyze() *Analysis {
	a := &Analysis{Network: n, MassAction: true}
	m := n.matrix(false)
	for _, c := range m.columns {
		a.Entries += len(c)
	}
	sure := false
	a.Rank, sure = rank(m.columns, len(n.Species))
	a.Laws, a.Exact = n.Conservation()
	a.Exact = a.Exact && sure
	for r := range n.Reactions {
		x := &n.Reactions[r]
		a.MassAction = a.MassAction && x.Kinetics != model.Stated
	}
	a.roles(m)
	a.reach()
	for i := range n.Species {
		a.Symbolic = a.Symbolic || m.free[i] && !n.Species[i].Boundary
	}
	for r := range n.Reactions {
		for _, side := range [][]Participant{n.Reactions[r].Reactants, n.Reactions[r].Products} {
			for _, x := range side {
				if _, ok := numeric(n.Pool, x.Number); !ok && !n.Species[x.Species].Boundary {
					a.Symbolic = true
				}
			}
		}
	}
	if !a.Symbolic {
		a.complexes(m)
	}
	return a
}

// roles sorts the species.
func (a *Analysis) roles(m *matrix) {
	n := a.Network
	needed, there, moved := make([]bool, len(n.Species)), make([]bool, len(n.Species)), make([]bool, len(n.Species))
	for r := range n.Reactions {
		x := &n.Reactions[r]
		for _, y := range x.Reactants {
			needed[y.Species], there[y.Species] = true, true
		}
		for _, y := range x.Products {
			there[y.Species] = true
		}
		for _, s := range x.Modifiers {
			needed[s], there[s] = true, true
		}
		for _, c := range n.changesOf(r) {
			moved[c.species] = true
		}
	}
	for i := range n.Species {
		switch {
		case n.Species[i].Boundary:
			a.Boundary = append(a.Boundary, i)
		case !there[i] && !moved[i]:
			a.Idle = append(a.Idle, i)
		case needed[i] && !moved[i]:
			a.Catalysts = append(a.Catalysts, i)
		}
	}
}

// reach finds the species that can be there, and the reactions that can happen.
func (a *Analysis) reach() {
	n := a.Network
	value := n.values()
	there := make([]bool, len(n.Species))
	for i := range n.Species {
		x := &n.Species[i]
		v, ok := 0.0, false
		if x.Start != expr.None {
			v, ok = value(x.Start)
		}
		there[i] = x.Open || !ok || v != 0 // what has no start value that is known, or is changed otherwise, may be there
	}
	happens := make([]bool, len(n.Reactions))
	var queue []int
	fire := func(r int) {
		if happens[r] {
			return
		}
		happens[r] = true
		for _, c := range n.changesOf(r) {
			if !there[c.species] {
				there[c.species] = true
				queue = append(queue, c.species)
			}
		}
		for _, x := range n.Reactions[r].Reactants { // of a reversible reaction; no change does not mean that it is not there
			if n.Reactions[r].Reversible && !there[x.Species] {
				there[x.Species] = true
				queue = append(queue, x.Species)
			}
		}
	}
	// A way is a direction of a reaction, waiting for species.
	type way struct{ reaction, missing int }
	var ways []way
	uses := make([][]int, len(n.Species))
	for r := range n.Reactions {
		x := &n.Reactions[r]
		sides := [][]Participant{x.Reactants}
		if x.Reversible {
			sides = append(sides, x.Products)
		}
		for _, side := range sides {
			w := way{reaction: r}
			if x.Kinetics != model.Stated { // another law may be positive without reactants
				for _, y := range side {
					if !there[y.Species] {
						uses[y.Species] = append(uses[y.Species], len(ways))
						w.missing++
					}
				}
			}
			ways = append(ways, w)
		}
	}
	for i := range ways {
		if ways[i].missing == 0 {
			fire(ways[i].reaction)
		}
	}
	for k := 0; k < len(queue); k++ {
		for _, i := range uses[queue[k]] {
			if ways[i].missing--; ways[i].missing == 0 {
				fire(ways[i].reaction)
			}
		}
	}
	for r := range n.Reactions {
		if !happens[r] {
			a.Dead = append(a.Dead, r)
		}
	}
	for i := range n.Species {
		if !there[i] && !slices.Contains(a.Idle, i) {
			a.Absent = append(a.Absent, i)
		}
	}
}

// values returns a function that evaluates terms in parameters; false: the value is not known.
func (n *Network) values() func(e expr.ID) (float64, bool) {
	bound := map[expr.ID]expr.ID{}
	for i := range n.Parameters {
		bound[n.Parameters[i].Sym] = n.Parameters[i].Value
	}
	if n.sys != nil {
		for i := range n.sys.Vars {
			switch v := &n.sys.Vars[i]; v.Kind {
			case model.ParameterVar, model.ConstantVar, model.InputVar:
				bound[v.Sym] = v.Value
			}
		}
	}
	memo := map[expr.ID]float64{}
	var symbol func(e expr.ID) (float64, bool)
	symbol = func(e expr.ID) (float64, bool) {
		if v, ok := memo[e]; ok {
			return v, v == v
		}
		memo[e] = math.NaN() // what depends on itself has none
		if def, ok := bound[e]; ok && def != expr.None {
			memo[e] = n.Pool.Eval(def, symbol)
		}
		return memo[e], memo[e] == memo[e]
	}
	return func(e expr.ID) (float64, bool) {
		v := n.Pool.Eval(e, symbol)
		return v, v == v
	}
}

// complexes makes the graph of complexes and counts in it.
func (a *Analysis) complexes(m *matrix) {
	n := a.Network
	known := map[string]int{}
	of := func(list []Participant) int {
		kept := make([]Participant, 0, len(list))
		for _, x := range list {
			if !n.Species[x.Species].Boundary && x.Number != expr.Zero {
				kept = append(kept, x)
			}
		}
		slices.SortFunc(kept, func(x, y Participant) int { return cmp.Compare(x.Species, y.Species) })
		var key strings.Builder
		for _, x := range kept {
			key.WriteString(strconv.Itoa(x.Species) + ":" + strconv.FormatUint(uint64(x.Number), 10) + " ")
		}
		if i, ok := known[key.String()]; ok {
			return i
		}
		c := Complex{}
		for _, x := range kept {
			c.Species, c.Numbers = append(c.Species, x.Species), append(c.Numbers, x.Number)
		}
		known[key.String()] = len(a.Complexes)
		a.Complexes = append(a.Complexes, c)
		return len(a.Complexes) - 1
	}
	from, to := make([]int, len(n.Reactions)), make([]int, len(n.Reactions))
	edge := map[[2]int]bool{}
	for r := range n.Reactions {
		x := &n.Reactions[r]
		from[r], to[r] = of(x.Reactants), of(x.Products)
		edge[[2]int{from[r], to[r]}] = true
		if x.Reversible {
			edge[[2]int{to[r], from[r]}] = true
		}
	}
	size := len(a.Complexes)
	next := make([][]int, size)
	both := make([][]int, size)
	a.Reversible = true
	for r := range n.Reactions {
		i, k := from[r], to[r]
		next[i] = append(next[i], k)
		if n.Reactions[r].Reversible {
			next[k] = append(next[k], i)
		}
		both[i], both[k] = append(both[i], k), append(both[k], i)
		a.Reversible = a.Reversible && edge[[2]int{k, i}]
	}
	// Linkage classes are the connected components.
	for i := range a.Complexes {
		a.Complexes[i].Class = -1
	}
	for i := range a.Complexes {
		if a.Complexes[i].Class >= 0 {
			continue
		}
		c := len(a.Classes)
		a.Classes = append(a.Classes, Class{})
		a.Complexes[i].Class = c
		list := []int{i}
		for k := 0; k < len(list); k++ {
			for _, j := range both[list[k]] {
				if a.Complexes[j].Class < 0 {
					a.Complexes[j].Class = c
					list = append(list, j)
				}
			}
		}
		slices.Sort(list)
		a.Classes[c].Complexes = list
	}
	a.strong(next)
	columns := make([][]int, len(a.Classes))
	for r := range n.Reactions {
		c := a.Complexes[from[r]].Class
		columns[c] = append(columns[c], r)
	}
	a.WeaklyReversible = true
	for c := range a.Classes {
		l := &a.Classes[c]
		l.Reactions = len(columns[c])
		l.Rank = a.Rank
		if len(a.Classes) > 1 {
			mine := make([][]entry, len(columns[c]))
			for k, r := range columns[c] {
				mine[k] = m.columns[r]
			}
			l.Rank, _ = rank(mine, len(n.Species))
		}
		l.Deficiency = len(l.Complexes) - 1 - l.Rank
		l.WeaklyReversible = l.Strong == 1
		a.WeaklyReversible = a.WeaklyReversible && l.WeaklyReversible
	}
	a.Deficiency = size - len(a.Classes) - a.Rank
}

// strong finds the strongly connected sets of complexes and which of them are terminal.
//
// R. Tarjan, SIAM J. Comput. 1 (1972) 146, with a stack of its own in place of recursion.
func (a *Analysis) strong(next [][]int) {
	size := len(a.Complexes)
	index, low := make([]int, size), make([]int, size)
	onStack := make([]bool, size)
	at := make([]int, size) // the edge that is looked at
	var stack, path []int
	counter := 0
	var sets [][]int
	for root := range size {
		if index[root] > 0 {
			continue
		}
		path = append(path, root)
		for len(path) > 0 {
			v := path[len(path)-1]
			if index[v] == 0 {
				counter++
				index[v], low[v] = counter, counter
				stack = append(stack, v)
				onStack[v] = true
			}
			if at[v] < len(next[v]) {
				w := next[v][at[v]]
				at[v]++
				if index[w] == 0 {
					path = append(path, w)
				} else if onStack[w] {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				u := path[len(path)-1]
				low[u] = min(low[u], low[v])
			}
			if low[v] != index[v] {
				continue
			}
			var set []int
			for {
				w := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				onStack[w] = false
				a.Complexes[w].strong = len(sets)
				set = append(set, w)
				if w == v {
					break
				}
			}
			sets = append(sets, set)
		}
	}
	for s, set := range sets {
		terminal := true
		for _, v := range set {
			for _, w := range next[v] {
				terminal = terminal && a.Complexes[w].strong == s
			}
		}
		l := &a.Classes[a.Complexes[set[0]].Class]
		l.Strong++
		if terminal {
			l.Terminal++
			for _, v := range set {
				a.Complexes[v].Terminal = true
			}
		}
	}
}

// Text prints a complex.
func (c *Complex) Text(n *Network) string { return notation.Side(n.side(c.side())) }

func (c *Complex) side() []Participant {
	list := make([]Participant, len(c.Species))
	for k, i := range c.Species {
		list[k] = Participant{i, c.Numbers[k]}
	}
	return list
}

// Theorem says in words what is known of steady states by the deficiency, "" where nothing is.
//
// M. Feinberg, Chem. Eng. Sci. 42 (1987) 2229, theorems 4.1 (deficiency zero) and 6.2 (deficiency one).
func (a *Analysis) Theorem() string {
	if a.Symbolic || len(a.Complexes) == 0 || slices.ContainsFunc(a.Network.Species, func(s Species) bool { return s.Open }) {
		return ""
	}
	sum, most, terminal := 0, 0, 0
	for i := range a.Classes {
		l := &a.Classes[i]
		sum += l.Deficiency
		most = max(most, l.Deficiency)
		terminal = max(terminal, l.Terminal)
	}
	within := "with the same conserved totals"
	if len(a.Laws) == 0 {
		within = "at all"
	}
	switch {
	case a.Deficiency == 0 && !a.WeaklyReversible:
		return "deficiency zero, not weakly reversible: whatever the kinetics, there is no steady state and no periodic solution in which all species are present"
	case a.Deficiency == 0 && a.MassAction:
		return "deficiency zero, weakly reversible, mass action: whatever the constants, there is exactly one steady state " + within +
			" in which all species are present; it is stable, and there are no oscillations"
	case a.Deficiency == 0:
		return ""
	case most > 1 || sum != a.Deficiency || terminal != 1:
		return ""
	case a.MassAction && a.WeaklyReversible:
		return "deficiency one theorem, weakly reversible, mass action: whatever the constants, there is exactly one steady state " + within + " in which all species are present"
	case a.MassAction:
		return "deficiency one theorem, mass action: whatever the constants, there is at most one steady state " + within + " in which all species are present"
	}
	return ""
}

func plural(n int, what string) string {
	if n == 1 || what == "species" || strings.HasSuffix(what, " more") {
		return strconv.Itoa(n) + " " + what
	}
	if what == "linkage class" {
		return strconv.Itoa(n) + " linkage classes"
	}
	if what == "complex" {
		return strconv.Itoa(n) + " complexes"
	}
	return strconv.Itoa(n) + " " + what + "s"
}
