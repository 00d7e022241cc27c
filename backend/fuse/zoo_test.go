package fuse

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
)

// zoo compiles a problem of shared/data/ivp, and returns its end and its reference values by
// state; the test is skipped where the data folder is absent.
func zoo(t testing.TB, name string) (prog *backend.Program, t1 float64, reference []float64) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "ivp", name+".json"))
	if err != nil {
		t.Skipf("no test data: %v", err)
	}
	var z struct {
		Parameters  map[string]float64
		Unknowns    []string
		Definitions [][2]string
		Equations   []string
		Initial     map[string]float64
		Reference   struct {
			T      float64
			Values map[string]string
		}
	}
	if err := json.Unmarshal(raw, &z); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var params []string
	for p := range z.Parameters {
		params = append(params, p)
	}
	slices.Sort(params)
	for _, p := range params {
		fmt.Fprintf(&b, "param %s = %v\n", p, z.Parameters[p])
	}
	for _, u := range z.Unknowns {
		fmt.Fprintf(&b, "var %s = %v fixed\n", u, z.Initial[u])
	}
	for _, d := range z.Definitions {
		fmt.Fprintf(&b, "var %s\n%s = %s\n", d[0], d[0], d[1])
	}
	for _, eq := range z.Equations {
		fmt.Fprintln(&b, eq)
	}
	prog = compile(t, b.String())
	for i := range prog.Meta.States {
		v, err := strconv.ParseFloat(z.Reference.Values[prog.Meta.States[i].Name], 64)
		if err != nil {
			t.Fatal(err)
		}
		reference = append(reference, v)
	}
	return prog, z.Reference.T, reference
}
