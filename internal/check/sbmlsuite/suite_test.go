package main

import "testing"

// TestSuite runs the cases beside the repository, if they are there: none may give another
// value than the suite's, and of all at least 95 % must pass.
func TestSuite(t *testing.T) {
	const dir = "../../../../shared/data/sbml-semantic"
	cases, err := find(dir)
	if err != nil {
		t.Skip("../shared/data/sbml-semantic is not here")
	}
	runAll(cases, 2)
	n := 0
	for _, c := range cases {
		switch c.outcome {
		case passed:
			n++
		case failed:
			t.Errorf("%s: %s", c.ID, c.message)
		}
	}
	if share := float64(n) / float64(len(cases)); share < 0.95 {
		t.Errorf("%.1f %% of %d cases pass", 100*share, len(cases))
	}
}
