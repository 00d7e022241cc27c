package structural

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/internal/modeltext"
)

// branch of a random circuit.
type element struct {
	kind byte // R, C, L, V or I
	a, b int
}

// parts counts the connected parts of a graph with the elements that keep accepts.
func parts(nodes int, list []element, keep func(kind byte) bool) (components, edges int) {
	uf := make([]int, nodes)
	for i := range uf {
		uf[i] = i
	}
	var find func(i int) int
	find = func(i int) int {
		if uf[i] != i {
			uf[i] = find(uf[i])
		}
		return uf[i]
	}
	components = nodes
	for _, e := range list {
		if !keep(e.kind) {
			continue
		}
		edges++
		if a, b := find(e.a), find(e.b); a != b {
			uf[a] = b
			components--
		}
	}
	return components, edges
}

// TestCircuits compares the degrees of freedom of random circuits with the order of
// complexity of circuit theory: capacitors and inductors, less the independent loops of
// capacitors and sources of voltage, less the independent cut sets of inductors and
// sources of current (Bashkow, IRE Trans. Circuit Theory 4(3), 1957; Bryant, Proc. IEE C
// 106, 1959). Circuits with a loop of sources of voltage or a cut set of sources of
// current have no solution, or many, and must be refused.
func TestCircuits(t *testing.T) {
	for _, nonlinear := range []bool{false, true} {
		planned, refused, converted := 0, 0, 0
		for seed := range uint64(400) {
			rng := rand.New(rand.NewPCG(seed, 57))
			nodes := 2 + rng.IntN(5)
			var list []element
			for i := 1; i < nodes; i++ {
				list = append(list, element{0, i, rng.IntN(i)})
			}
			for range rng.IntN(6) {
				if a, b := rng.IntN(nodes), rng.IntN(nodes); a != b {
					list = append(list, element{0, a, b})
				}
			}
			var b strings.Builder
			kcl := make([]string, nodes)
			b.WriteString("param R = 1.5\nparam R2 = 2\n")
			for i := 1; i < nodes; i++ {
				fmt.Fprintf(&b, "var v%d\n", i)
			}
			v := func(i int) string {
				if i == 0 {
					return "0"
				}
				return fmt.Sprintf("v%d", i)
			}
			der := func(i int) string {
				if i == 0 {
					return "0"
				}
				return fmt.Sprintf("der(v%d)", i)
			}
			var eqs []string
			count := map[byte]int{}
			for k := range list {
				e := &list[k]
				e.kind = "RRCCCCLLVI"[rng.IntN(10)]
				count[e.kind]++
				u := v(e.a) + " - " + v(e.b)
				i := fmt.Sprintf("i%d", k)
				p := fmt.Sprintf("p%d", k)
				fmt.Fprintf(&b, "param %s = %g\n", p, 0.5+rng.Float64())
				switch e.kind {
				case 'C':
					// The current of a capacitor is no variable: its stamp goes into the balances.
					i = fmt.Sprintf("%s*(%s - %s)", p, der(e.a), der(e.b))
					if nonlinear {
						i = fmt.Sprintf("%s*(1 + (%s)^2)*(%s - %s)", p, u, der(e.a), der(e.b))
					}
				case 'R':
					i = fmt.Sprintf("(%s)/%s", u, p)
				case 'I':
					i = fmt.Sprintf("cos(%s*time)", p)
				default:
					fmt.Fprintf(&b, "var %s\n", i)
					if e.kind == 'L' {
						eqs = append(eqs, fmt.Sprintf("%s = %s*der(%s)", u, p, i))
					} else {
						eqs = append(eqs, fmt.Sprintf("%s = sin(%s*time)", u, p))
					}
				}
				kcl[e.a] += " + " + i
				kcl[e.b] += " - " + i
			}
			for i := 1; i < nodes; i++ {
				eqs = append(eqs, "0"+kcl[i]+" = 0")
			}
			rng.Shuffle(len(eqs), func(i, j int) { eqs[i], eqs[j] = eqs[j], eqs[i] })
			m := b.String() + strings.Join(eqs, "\n")
			is := func(kinds string) func(byte) bool {
				return func(k byte) bool { return strings.IndexByte(kinds, k) >= 0 }
			}
			vc, ve := parts(nodes, list, is("V"))
			cutI, _ := parts(nodes, list, is("RCLV"))
			singular := ve > nodes-vc || cutI > 1
			cc, ce := parts(nodes, list, is("CV"))
			cutL, _ := parts(nodes, list, is("RCV"))
			want := count['C'] + count['L'] - (ce - (nodes - cc)) - (cutL - 1)
			pl, found := Analyze(modeltext.System(t, m), Options{})
			if singular {
				refused++
				if pl != nil {
					t.Fatalf("seed %d has a plan, but no solution:\n%s\n%s", seed, m, text(pl))
				}
				continue
			}
			if pl == nil {
				t.Fatalf("seed %d: %v\n%s", seed, found, m)
			}
			check(t, pl)
			planned++
			if code(found, "W306") {
				converted++
			}
			if dof := pl.NDiff - len(pl.Invariants); dof != want {
				t.Fatalf("seed %d: %d degrees of freedom, want %d\n%s\n%s", seed, dof, want, m, text(pl))
			}
			if len(pl.Invariants) == 0 {
				if bad, solved := violations(t, pl, seed); solved && len(bad) > 0 {
					t.Fatalf("seed %d: %v\n%s\n%s", seed, bad, m, text(pl))
				}
			}
		}
		t.Logf("nonlinear %v: %d plans, %d with hidden constraints, %d refused", nonlinear, planned, converted, refused)
		if planned < 100 || refused < 30 || converted < 20 {
			t.Errorf("%d plans, %d with hidden constraints, %d refused", planned, converted, refused)
		}
	}
}
