package structural

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/internal/modeltext"
)

// randomModel writes a system of n equations: affine and nonlinear ones, derivatives,
// parameters, relations, aliases.
func randomModel(rng *rand.Rand) string {
	n := 1 + rng.IntN(7)
	var b strings.Builder
	b.WriteString("param p = 1.5\nparam q = 0.75\n")
	for i := range n {
		fmt.Fprintf(&b, "var x%d", i)
		if rng.IntN(2) == 0 {
			fmt.Fprintf(&b, " = %g", 0.25+float64(rng.IntN(8))/8)
			if rng.IntN(3) == 0 {
				b.WriteString(" fixed")
			}
		}
		b.WriteString("\n")
	}
	v := func() string { return fmt.Sprintf("x%d", rng.IntN(n)) }
	term := func() string {
		switch rng.IntN(14) {
		case 0, 1, 2:
			return "der(" + v() + ")"
		case 3:
			return "p*" + v()
		case 4:
			return "sin(" + v() + ")"
		case 5:
			return v() + "*" + v()
		case 6:
			return "cos(time)"
		case 7:
			return "exp(0.1*" + v() + ")"
		case 8:
			return "(if " + v() + " > q then 2*" + v() + " else " + v() + ")"
		case 9:
			return fmt.Sprintf("%d*%s", 2+rng.IntN(3), v())
		case 10:
			return "der(der(" + v() + "))"
		}
		return v()
	}
	for i := range n {
		k := 1 + rng.IntN(3)
		fmt.Fprintf(&b, "x%d", i)
		for range k {
			b.WriteString([]string{" + ", " - "}[rng.IntN(2)] + term())
		}
		b.WriteString(" = " + term() + "\n")
	}
	return b.String()
}

// TestRandomModels analyses random systems. Whatever has a plan must pass the checker,
// and where it has no invariants its values must satisfy every equation.
func TestRandomModels(t *testing.T) {
	const count = 1200
	planned, compared := 0, 0
	for seed := range uint64(count) {
		rng := rand.New(rand.NewPCG(seed, 42))
		m := randomModel(rng)
		pl, list := Analyze(modeltext.System(t, m), Options{})
		if pl == nil {
			if list.Err() == nil {
				t.Fatalf("seed %d: no plan and no error\n%s", seed, m)
			}
			continue
		}
		planned++
		check(t, pl)
		if len(pl.Invariants) == 0 {
			if bad, solved := violations(t, pl, seed); solved {
				compared++
				for _, x := range bad {
					t.Errorf("%s", x)
				}
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d:\n%s\n%s", seed, m, text(pl))
		}
	}
	t.Logf("%d of %d have a plan, %d were compared", planned, count, compared)
	if planned < count/2 || compared < count/4 {
		t.Errorf("only %d of %d random models have a plan, %d were compared", planned, count, compared)
	}
}
