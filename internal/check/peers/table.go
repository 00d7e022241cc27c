package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// leaders are the two best results of each side for each of the targets; those of measured
// contenders, or all.
func (c *comparison) leaders(p *problem, measured bool) []*result {
	var list []*result
	for _, d := range c.targets {
		for _, ours := range []bool{true, false} {
			n := 0
			for _, r := range c.best(p.name, d, ours, measured) {
				if !slices.Contains(list, r) {
					list = append(list, r)
				}
				if n++; n == 2 {
					break
				}
			}
		}
	}
	return list
}

// best are the results of a side with at least d digits, the fastest first, one of each
// contender. A problem without a reference is judged at the tolerance 10^-d.
func (c *comparison) best(name string, d float64, ours, measured bool) []*result {
	of := map[string]*result{}
	for _, r := range c.results {
		if r.Problem != name || r.ours != ours || r.Status != 0 || measured && r.who == nil {
			continue
		}
		if ok := r.digits() >= d || r.ErrMax == nil && math.Abs(math.Log10(r.RTol)+d) < 1e-3; !ok {
			continue
		}
		if q := of[r.Label]; q == nil || r.best < q.best {
			of[r.Label] = r
		}
	}
	var list []*result
	for _, r := range of {
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].best != list[j].best {
			return list[i].best < list[j].best
		}
		return list[i].Label < list[j].Label
	})
	return list
}

// read takes in results of a file.
func (c *comparison) read(file string, recorded bool) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	add := func(r *result) {
		r.Recorded = recorded
		r.ours = strings.HasPrefix(r.Label, "mtkc/")
		r.best = r.seconds()
		r.judge(c.ref)
		if !recorded || !r.ours {
			c.results = append(c.results, r)
		}
	}
	if strings.HasSuffix(file, ".csv") {
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil || len(rows) == 0 {
			return fmt.Errorf("%s: %v", file, err)
		}
		at := map[string]int{}
		for i, name := range rows[0] {
			at[name] = i
		}
		for _, name := range []string{"problem", "method", "linsol", "rtol", "wall_min_s", "status", "err_max"} {
			if _, ok := at[name]; !ok {
				return fmt.Errorf("%s has no column %s", file, name)
			}
		}
		for _, row := range rows[1:] {
			number := func(name string) float64 { x, _ := strconv.ParseFloat(row[at[name]], 64); return x }
			r := &result{Problem: row[at["problem"]], Method: row[at["method"]], Linsol: row[at["linsol"]], RTol: number("rtol"), WallMin: number("wall_min_s"), Status: int(number("status"))}
			if e := number("err_max"); row[at["err_max"]] != "" && !math.IsNaN(e) {
				r.ErrMax = &e
			}
			r.Label = r.Method
			if r.Linsol == "klu" || r.Linsol == "band" {
				r.Label += ":" + r.Linsol
			}
			add(r)
		}
		return nil
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		r := &result{}
		if err := json.Unmarshal(lines.Bytes(), r); err != nil {
			return fmt.Errorf("%s: %v", file, err)
		}
		add(r)
	}
	return lines.Err()
}

// table prints who is fastest at each number of digits, and our time by the peer's.
func (c *comparison) table(w io.Writer, list []*problem, byRatio bool) {
	type row struct {
		text  string
		worst float64
	}
	var rows []row
	logs, n := make([]float64, len(c.targets)), make([]int, len(c.targets))
	for _, p := range list {
		var cells []string
		r := row{worst: math.Inf(-1)}
		for i, d := range c.targets {
			ours, peers := c.best(p.name, d, true, false), c.best(p.name, d, false, false)
			cell := "-"
			switch {
			case len(ours) > 0 && len(peers) > 0:
				ratio := ours[0].best / peers[0].best
				r.worst = max(r.worst, ratio)
				logs[i] += math.Log(ratio)
				n[i]++
				cell = fmt.Sprintf("%s %s / %s %s = **%.2f**", ours[0].name(), seconds(ours[0].best), peers[0].name(), seconds(peers[0].best), ratio)
			case len(ours) > 0:
				cell = fmt.Sprintf("%s %s / none", ours[0].name(), seconds(ours[0].best))
			case len(peers) > 0:
				r.worst = math.Inf(1)
				cell = fmt.Sprintf("none / %s %s", peers[0].name(), seconds(peers[0].best))
			}
			cells = append(cells, cell)
		}
		worst := "-"
		if !math.IsInf(r.worst, 0) {
			worst = fmt.Sprintf("%.2f", r.worst)
		}
		if strings.Join(cells, "") == strings.Repeat("-", len(cells)) {
			continue
		}
		r.text = fmt.Sprintf("| %s | %s | %s |", p.name, strings.Join(cells, " | "), worst)
		rows = append(rows, r)
	}
	if byRatio {
		sort.SliceStable(rows, func(i, j int) bool { return rows[i].worst > rows[j].worst })
	}
	head := "| problem |"
	for _, d := range c.targets {
		head += fmt.Sprintf(" %g digits: ours / fastest peer = ratio |", d)
	}
	fmt.Fprintln(w, head, "worst |")
	fmt.Fprintln(w, "|"+strings.Repeat("---|", len(c.targets)+2))
	for _, r := range rows {
		fmt.Fprintln(w, r.text)
	}
	mean := "| geometric mean |"
	for i := range c.targets {
		if n[i] == 0 {
			mean += " - |"
		} else {
			mean += fmt.Sprintf(" %.2f of %d |", math.Exp(logs[i]/float64(n[i])), n[i])
		}
	}
	fmt.Fprintln(w, mean, "|")
	for _, r := range c.results {
		if r.Recorded {
			fmt.Fprintln(w, "\n(r): not measured now but recorded elsewhere, perhaps at another load of the machine.")
			break
		}
	}
}

// name is the label of a result as the table shows it.
func (r *result) name() string {
	s := strings.TrimPrefix(r.Label, "mtkc/")
	if r.Recorded {
		s += " (r)"
	}
	return s
}

func seconds(x float64) string {
	switch {
	case x < 1e-3:
		return fmt.Sprintf("%.3g us", x*1e6)
	case x < 1:
		return fmt.Sprintf("%.3g ms", x*1e3)
	}
	return fmt.Sprintf("%.3g s", x)
}
