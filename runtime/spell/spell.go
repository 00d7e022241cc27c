// Package spell finds what a misspelt name may have meant.
//
// In: a name and the names that exist. Out: the few that look most like it.
package spell

import "strings"

// Near lists at most three names of the list that look most like name: few letters
// apart, or equal but for the beginning of the path; those alone that differ in the case
// of letters only, if there are any. The order of the list decides among equals.
func Near(name string, list []string) []string {
	const most = 3
	var best [most]string
	var dist [most]int
	n := 0
	low := strings.ToLower(name)
	limit := 1 + len(name)/3
	for _, s := range list {
		l := strings.ToLower(s)
		d := Distance(low, l, limit)
		if d > limit && (strings.HasSuffix(l, "."+low) || strings.HasSuffix(low, "."+l)) {
			d = limit
		}
		if d > limit {
			continue
		}
		k := n
		for k > 0 && dist[k-1] > d {
			k--
		}
		if k == most {
			continue
		}
		n = min(n+1, most)
		copy(best[k+1:n], best[k:n-1])
		copy(dist[k+1:n], dist[k:n-1])
		best[k], dist[k] = s, d
	}
	if n > 0 && dist[0] == 0 {
		for dist[n-1] > 0 {
			n--
		}
	}
	return append([]string(nil), best[:n]...)
}

// Distance is the number of edits between a and b, limit+1 if there are more.
func Distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, row[j]+1, row[j+1]+1)
			least = min(least, row[j+1])
		}
		if least > limit {
			return limit + 1
		}
	}
	return min(row[len(b)], limit+1)
}
