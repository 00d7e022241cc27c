package spell

import (
	"strings"
	"testing"
)

func TestNear(t *testing.T) {
	list := []string{"alpha", "beta", "r1.p.v", "betas", "zeta"}
	for _, c := range []struct{ name, want string }{
		{"bta", "beta betas zeta"},
		{"BETA", "beta"},
		{"p.v", "r1.p.v"},
		{"quite.different.thing.altogether", ""},
	} {
		if got := strings.Join(Near(c.name, list), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
