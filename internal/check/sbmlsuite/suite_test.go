package main

import "testing"

// TestSuite runs the cases beside the repository, if they are there: none may give another
// value than the suite's, and of all at least 95 % must pass. They are run again with species computed from conserved totals.
func TestSuite(t *testing.T) {
	const dir = "../../../../shared/data/sbml-semantic"
	cases, err := find(dir)
	if err != nil {
		t.Skip("../shared/data/sbml-semantic is not here")
	}
	defer func() { conserved = false }()
	for _, conserved = range []bool{false, true} {
		runAll(cases, 2)
		n := 0
		for _, c := range cases {
			switch c.outcome {
			case passed:
				n++
			case failed:
				t.Errorf("%s, conserved %v: %s", c.ID, conserved, c.message)
			}
		}
		if share := float64(n) / float64(len(cases)); share < 0.95 {
			t.Errorf("%.1f %% of %d cases pass", 100*share, len(cases))
		}
	}
}
