package jump

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Problems with known laws: shared/data/dde-sde-jump/jump.json.
func birthDeath() *ode.Problem {
	return reactions("birth-death", nil, 1, "0 -> A : 1000", "A -> 0 : 10")
}

func TestMoments(t *testing.T) {
	for _, c := range []struct {
		p              *ode.Problem
		species        string
		n              int
		mean, variance float64
	}{
		{birthDeath(), "A", 2000, 99.99546000702375, 99.99546000702375},
		{reactions("decay", map[string]float64{"A": 100}, 2, "A -> 0 : 0.5"), "A", 20000, 36.787944117144235, 23.254415793482963},
	} {
		for _, m := range exact {
			rows := sample(t, c.p, ode.Options{Method: m, Seed: 1}, c.n)
			mean, variance, se, seVar := moments(rows, 0)
			if math.Abs(mean-c.mean) > 4*se || math.Abs(variance-c.variance) > 4*seVar {
				t.Errorf("%s of %s with %s: mean %v, want %v +- %v, variance %v, want %v +- %v", c.species, c.p.Name, m.name, mean, c.mean, se, variance, c.variance, seVar)
			}
		}
	}
}
