package ode

import (
	"sort"
	"strings"

	"github.com/mtkc/mtkc/runtime/spell"
)

// closeNames ends an error message about an unknown name with the names that look
// most like it: `; did you mean "a", "b"?`, or with the whole list if it is short.
func closeNames(name string, list []string) string {
	type candidate struct {
		name string
		dist int
	}
	var best []candidate
	low := strings.ToLower(name)
	for _, s := range list {
		limit := max(2, len(name)/3)
		l := strings.ToLower(s)
		d := spell.Distance(low, l, limit)
		if d > limit && (strings.HasSuffix(l, "."+low) || strings.HasPrefix(l, low+".") || strings.HasPrefix(l, low+"[")) {
			d = limit // another level of the same path
		}
		if d <= limit {
			best = append(best, candidate{s, d})
		}
	}
	sort.SliceStable(best, func(i, j int) bool { return best[i].dist < best[j].dist })
	var names []string
	for _, c := range best[:min(len(best), 3)] {
		names = append(names, `"`+c.name+`"`)
	}
	if len(names) > 0 {
		return "; did you mean " + strings.Join(names, ", ") + "?"
	}
	switch {
	case len(list) == 0:
		return "; it has none"
	case len(list) <= 12:
		return "; there are " + strings.Join(list, ", ")
	}
	return "; the first of them are " + strings.Join(list[:12], ", ")
}
