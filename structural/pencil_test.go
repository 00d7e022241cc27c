package structural

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/modeltext"
)

// pencil is a linear system E x' = A x + f(t) with known solution: the Weierstrass form
// of ordinary equations y_i' = l_i y_i + g_i and nilpotent chains z_(k+1)' = z_k + h_k,
// hidden by unimodular changes of rows and unknowns (Kunkel and Mehrmann,
// Differential-Algebraic Equations, 2006, section 2.1).
type pencil struct {
	n, dof int
	index  int
	e, a   [][]int
	f      []signal // right sides
	q      [][]int  // x = q y
	y      []signal
}

// signal is c*exp(l*t) + sum p_k t^k.
type signal struct {
	c, l float64
	p    []float64
}

func (s signal) at(t float64, order int) float64 {
	x := s.c * math.Pow(s.l, float64(order)) * math.Exp(s.l*t)
	if s.c == 0 {
		x = 0
	}
	for k := order; k < len(s.p); k++ {
		f := s.p[k]
		for j := range order {
			f *= float64(k - j)
		}
		x += f * math.Pow(t, float64(k-order))
	}
	return x
}

func (s signal) plus(k float64, o signal) signal {
	p := make([]float64, max(len(s.p), len(o.p)))
	copy(p, s.p)
	for i, x := range o.p {
		p[i] += k * x
	}
	return signal{p: p}
}

func (s signal) dot() signal {
	var p []float64
	for k := 1; k < len(s.p); k++ {
		p = append(p, float64(k)*s.p[k])
	}
	return signal{p: p}
}

func unimodular(rng *rand.Rand, n, steps int) [][]int {
	m := make([][]int, n)
	for i := range m {
		m[i] = make([]int, n)
		m[i][i] = 1
	}
	for range steps {
		if i, j := rng.IntN(n), rng.IntN(n); i != j {
			k := 1 + rng.IntN(2)
			if rng.IntN(2) == 0 {
				k = -k
			}
			for c := range m[i] {
				m[i][c] += k * m[j][c]
			}
		}
	}
	return m
}

func product(a, b [][]int) [][]int {
	out := make([][]int, len(a))
	for i := range a {
		out[i] = make([]int, len(b[0]))
		for k := range b {
			for j := range b[k] {
				out[i][j] += a[i][k] * b[k][j]
			}
		}
	}
	return out
}

// randomPencil draws the structure and the transformations. The inverse of q is applied
// to the matrices by choosing it first.
func randomPencil(rng *rand.Rand) *pencil {
	d := &pencil{}
	var sizes []int
	d.dof = rng.IntN(4)
	d.n = d.dof
	for range 1 + rng.IntN(2) {
		k := 1 + rng.IntN(4)
		sizes = append(sizes, k)
		d.n += k
		d.index = max(d.index, k)
	}
	e0, a0 := make([][]int, d.n), make([][]int, d.n)
	for i := range e0 {
		e0[i], a0[i] = make([]int, d.n), make([]int, d.n)
	}
	poly := func() []float64 {
		p := make([]float64, 1+rng.IntN(6))
		for k := range p {
			p[k] = float64(rng.IntN(7) - 3)
		}
		return p
	}
	d.y = make([]signal, d.n)
	f0 := make([]signal, d.n)
	for i := range d.dof {
		l := rng.IntN(5) - 3
		e0[i][i], a0[i][i] = 1, l
		d.y[i] = signal{c: float64(1 + rng.IntN(3)), l: float64(l), p: poly()}
		s := signal{p: d.y[i].p}
		f0[i] = s.dot().plus(-float64(l), s)
	}
	at := d.dof
	for _, k := range sizes {
		for i := range k {
			d.y[at+i] = signal{p: poly()}
		}
		for i := range k {
			a0[at+i][at+i] = 1
			f0[at+i] = signal{}.plus(-1, d.y[at+i])
			if i+1 < k {
				e0[at+i][at+i+1] = 1
				f0[at+i] = d.y[at+i+1].dot().plus(-1, d.y[at+i])
			}
		}
		at += k
	}
	// x = q y with q the product of elementary steps; the matrices get the inverse.
	steps := 2 * d.n
	d.q = unimodular(rng, d.n, 0)
	inv := unimodular(rng, d.n, 0)
	for range steps {
		i, j := rng.IntN(d.n), rng.IntN(d.n)
		if i == j {
			continue
		}
		k := 1 - 2*rng.IntN(2)
		for c := range d.q[i] {
			d.q[i][c] += k * d.q[j][c] // row i += k row j
		}
		for r := range inv {
			inv[r][j] -= k * inv[r][i]
		}
	}
	p := unimodular(rng, d.n, steps)
	d.e, d.a = product(p, product(e0, inv)), product(p, product(a0, inv))
	d.f = make([]signal, d.n)
	for i := range p {
		for j, k := range p[i] {
			d.f[i] = d.f[i].plus(float64(k), f0[j])
		}
	}
	return d
}

// x is a derivative of an unknown.
func (d *pencil) x(i int, t float64, order int) float64 {
	s := 0.0
	for j, k := range d.q[i] {
		s += float64(k) * d.y[j].at(t, order)
	}
	return s
}

func (d *pencil) row(i int) string {
	var b strings.Builder
	b.WriteString("0")
	for j := range d.n {
		if k := d.e[i][j]; k != 0 {
			fmt.Fprintf(&b, " - (%d)*der(x%d)", k, j)
		}
		if k := d.a[i][j]; k != 0 {
			fmt.Fprintf(&b, " + (%d)*x%d", k, j)
		}
	}
	for k, c := range d.f[i].p {
		if c != 0 {
			fmt.Fprintf(&b, " + (%g)*time^%d", c, k)
		}
	}
	return b.String()
}

// text is the model. Each row may have multiples of other rows added, with factors that
// are not constant; that changes neither solution nor degrees of freedom.
func (d *pencil) text(rng *rand.Rand, factors []string) string {
	var b strings.Builder
	b.WriteString("param a = 1.5\nparam b = 0.25\n")
	for i := range d.n {
		fmt.Fprintf(&b, "var x%d\n", i)
	}
	rows := make([]string, d.n)
	for i := range rows {
		rows[i] = d.row(i)
	}
	if len(factors) > 0 {
		for range 1 {
			if i, j := rng.IntN(d.n), rng.IntN(d.n); i != j {
				rows[i] = fmt.Sprintf("%s + (%s)*(%s)", rows[i], factors[rng.IntN(len(factors))], rows[j])
			}
		}
	}
	for _, r := range rows {
		b.WriteString(r + " = 0\n")
	}
	return b.String()
}

// compare checks a plan against the exact solution: with the states on it, every
// target, derivative, residual and invariant must agree, and the residuals must
// determine the iteration variables.
func (d *pencil) compare(t *testing.T, pl *Plan, at float64) (bad []string) {
	p := pl.Pool
	v := defaults(pl)
	v[expr.Time] = at
	exact := func(a expr.ID) (float64, bool) {
		name, order := strings.ReplaceAll(p.Name(a), "'", ""), 0
		for strings.HasPrefix(name, "der(") {
			name, order = strings.TrimSuffix(strings.TrimPrefix(name, "der("), ")"), order+1
		}
		i := 0
		if n, err := fmt.Sscanf(name, "x%d", &i); n != 1 || err != nil {
			return 0, false
		}
		return d.x(i, at, order), true
	}
	size := 1.0
	for i := range d.n {
		for o := range 5 {
			size = max(size, math.Abs(d.x(i, at, o)))
		}
	}
	tol := 1e-7 * size // rounding, amplified by the transformations
	for _, s := range pl.States {
		x, ok := exact(s.Atom)
		if !ok {
			return nil // a new unknown: nothing to compare it with
		}
		v[s.Atom] = x
	}
	v.run(pl)
	for _, a := range pl.Seq {
		if x, ok := exact(a.Target); ok && !(math.Abs(v[a.Target]-x) <= tol) {
			bad = append(bad, fmt.Sprintf("%s is %g, exactly %g", p.Name(a.Target), v[a.Target], x))
		}
	}
	// magnitude is the size of the terms of a sum.
	magnitude := func(e expr.ID) float64 {
		s := 0.0
		if p.Op(e) == expr.OpAdd {
			a := p.Args(e)
			for i := 1; i < len(a); i += 2 {
				s += math.Abs(v.of(p, a[i]) * v.of(p, a[i+1]))
			}
		}
		return s
	}
	for _, r := range pl.Residuals {
		if x := v.of(p, r.Value); !(math.Abs(x) <= 100*tol+1e-9*magnitude(r.Value)) {
			bad = append(bad, fmt.Sprintf("residual %s is %g", p.String(r.Value), x))
		}
	}
	for _, r := range pl.Invariants {
		if x := v.of(p, r.Value); !(math.Abs(x) <= 100*tol+1e-9*magnitude(r.Value)) {
			bad = append(bad, fmt.Sprintf("invariant %s is %g", p.String(r.Value), x))
		}
	}
	if k := len(pl.Residuals); k > 0 {
		m := make([][]float64, k)
		for j := range m {
			m[j] = make([]float64, k)
			a := pl.States[pl.NDiff+j].Atom
			x := v[a]
			for _, sign := range []float64{1, -1} {
				v[a] = x + sign
				v.run(pl)
				for i, r := range pl.Residuals {
					m[j][i] += sign / 2 * v.of(p, r.Value)
				}
			}
			v[a] = x
		}
		if r := denseRank(m); r < k {
			bad = append(bad, fmt.Sprintf("%d residuals of rank %d", k, r))
		}
	}
	return bad
}

// denseRank is the rank by elimination with complete pivoting.
func denseRank(m [][]float64) int {
	n := len(m)
	first := 0.0
	for k := range n {
		bi, bj, best := k, k, 0.0
		for i := k; i < n; i++ {
			for j := k; j < n; j++ {
				if x := math.Abs(m[i][j]); x > best {
					bi, bj, best = i, j, x
				}
			}
		}
		if k == 0 {
			first = best
		}
		if best <= 1e-9*first {
			return k
		}
		m[k], m[bi] = m[bi], m[k]
		for i := range m {
			m[i][k], m[i][bj] = m[i][bj], m[i][k]
		}
		for i := k + 1; i < n; i++ {
			f := m[i][k] / m[k][k]
			for j := k; j < n; j++ {
				m[i][j] -= f * m[k][j]
			}
		}
	}
	return n
}

func code(list diag.List, code string) bool {
	return slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Code == code })
}

// TestPencils: the plan of a hidden pencil has its degrees of freedom and its solution.
func TestPencils(t *testing.T) {
	for _, c := range []struct {
		name    string
		factors []string
		least   int // plans in 100 models
	}{
		{"numbers", nil, 100},
		{"parameters and time", []string{"a", "a*b", "time", "1/(2 + time^2)", "sin(time)"}, 90},
		{"unknowns", []string{"sin(x0)", "2 + cos(x1)", "x0", "1/(1 + x0^2)", "cos(x0)*x1"}, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			const count = 60
			planned, compared := 0, 0
			for seed := range uint64(count) {
				rng := rand.New(rand.NewPCG(seed, 77))
				d := randomPencil(rng)
				if d.n < 2 && c.factors != nil {
					planned++
					continue
				}
				m := d.text(rng, c.factors)
				pl, list := Analyze(modeltext.System(t, m), Options{})
				if pl == nil {
					if len(c.factors) == 0 || list.Err() == nil {
						t.Fatalf("seed %d: %v\n%s", seed, list, m)
					}
					t.Logf("seed %d: %v", seed, list.Err() != nil)
					continue
				}
				planned++
				check(t, pl)
				if code(list, "W308") {
					continue // the user is told that the plan may be wrong
				}
				if dof := pl.NDiff - len(pl.Invariants); dof != d.dof {
					t.Errorf("seed %d: %d degrees of freedom, exactly %d", seed, dof, d.dof)
				}
				for _, at := range []float64{0.3, 0.7} {
					for _, x := range d.compare(t, pl, at) {
						t.Errorf("seed %d, t = %g: %s", seed, at, x)
					}
					compared++
				}
				if t.Failed() {
					t.Fatalf("%s\n%s", m, text(pl))
				}
			}
			t.Logf("%d of %d have a plan", planned, count)
			if planned*100 < c.least*count {
				t.Errorf("only %d of %d have a plan", planned, count)
			}
		})
	}
}

// TestSingularPencils: equations of which one is a combination of others determine
// nothing, however they are hidden, and are refused.
func TestSingularPencils(t *testing.T) {
	codes := map[string]int{}
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 78))
		d := randomPencil(rng)
		if d.n < 3 {
			continue
		}
		// The last row becomes a combination of rows and of the derivative of one that has no
		// derivatives.
		l := d.n - 1
		for j := range d.n {
			d.e[l][j], d.a[l][j] = 0, 0
		}
		d.f[l] = signal{}
		for i := range l {
			k := rng.IntN(3) - 1
			if i == 0 && k == 0 {
				k = 1
			}
			for j := range d.n {
				d.e[l][j] += k * d.e[i][j]
				d.a[l][j] += k * d.a[i][j]
			}
			d.f[l] = d.f[l].plus(float64(k), d.f[i])
		}
		if rng.IntN(2) == 0 {
			d.f[l] = d.f[l].plus(1, signal{p: []float64{1, 2}}) // a contradiction
		}
		m := d.text(rng, nil)
		pl, list := Analyze(modeltext.System(t, m), Options{})
		if pl != nil {
			t.Fatalf("seed %d has a plan:\n%s\n%s", seed, m, text(pl))
		}
		codes[list[0].Code]++
	}
	t.Log(codes)
	if len(codes) == 0 {
		t.Error("nothing was refused")
	}
}
