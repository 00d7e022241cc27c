package ode

import (
	"sort"
	"strings"
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
		d := distance(low, l, limit)
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

// distance is the edit distance of a and b, or limit+1 if it is above limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	prev, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(prev[j]+cost, prev[j+1]+1, row[j]+1)
			least = min(least, row[j+1])
		}
		if least > limit {
			return limit + 1
		}
		prev, row = row, prev
	}
	return min(prev[len(b)], limit+1)
}
