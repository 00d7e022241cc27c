package ode

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Start values that contradict the equations. A model with more states than its hidden
// constraints leave free (three ideal diodes on the phases of one star point) does not
// show in its structure which of its start values are too many. The compiler fixes
// them, because the structure asks for as many values, and the equations have no
// solution. Then those that the model itself does not fix yield: they move to
// the nearest point at which the equations hold, in the norm weighted with the sizes of
// the values. Where that does not suffice, the same computation with all start values
// says which of those that the model fixes are to blame.
//
// The point is found by projected gradients with restoration: with the start values s,
// weighted and counted from where they are to be, and the unknowns u of the blocks up to
// the one that fails, steps
//
//	min |ds|       subject to   J_s ds + J_u du = -r
//
// lead to where the equations hold, and steps
//
//	min |s + ds|   subject to   J_s ds + J_u du = 0
//
// each followed by the former, along the equations to the nearest such point (Rosen,
// J. SIAM 9, 1961; Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 18). The
// unknowns u are free and leave the problem by projection onto the complement of the
// range of J_u. Where the equations are linear, one step of each kind is exact.

// MovedStart is a start value that was moved.
type MovedStart struct {
	Name     string
	From, To float64

	fixed int
}

// nearestLimit bounds the size of the problem.
const nearestLimit = 300

// upstream lists the blocks that b depends on, b last.
func (in *initializer) upstream(b int) []int32 {
	seen := map[int32]bool{int32(b): true}
	list := []int32{int32(b)}
	for k := 0; k < len(list); k++ {
		for _, r := range in.plan.Blocks[list[k]].Reads {
			if !seen[r] {
				seen[r] = true
				list = append(list, r)
			}
		}
	}
	slices.Sort(list)
	return list
}

// nearest moves start values in in.p, and the unknowns of the blocks up to b in in.w, to
// where the equations of these blocks hold: those that the model does not fix, or all.
// It returns what was moved; nil, with everything as it was but the unknowns of b at
// their guesses, if there is no such point.
func (in *initializer) nearest(b int, t float64, all bool) []MovedStart {
	blocks := in.upstream(b)
	member := map[int32]bool{}
	var unknowns []int32
	m := 0
	for _, k := range blocks {
		member[k] = true
		unknowns = append(unknowns, in.plan.Blocks[k].Unknowns...)
		m += len(in.plan.Blocks[k].Residual)
	}
	var fixed []int
	for i := range in.plan.Fixed {
		if f := &in.plan.Fixed[i]; member[f.Block] && (f.Soft || all) {
			fixed = append(fixed, i)
		}
	}
	ns, nu := len(fixed), len(unknowns)
	for j, i := range in.plan.Blocks[b].Unknowns {
		in.w[i] = in.guess[j]
	}
	if ns == 0 || m == 0 || m > nearestLimit || ns+nu > nearestLimit {
		return nil
	}
	n := &nearestPoint{in: in, t: t, blocks: blocks, fixed: fixed, unknowns: unknowns, m: m}
	n.s0, n.scale = make([]float64, ns), in.startScales(fixed)
	for k, i := range fixed {
		n.s0[k] = in.p[in.plan.Fixed[i].P]
	}
	before := slices.Clone(in.w)
	if !n.run() {
		copy(in.w, before)
		for k, i := range fixed {
			in.p[in.plan.Fixed[i].P] = n.s0[k]
		}
		return nil
	}
	var moved []MovedStart
	for k, i := range fixed {
		f := &in.plan.Fixed[i]
		to := in.p[f.P]
		if math.Abs(to-n.s0[k]) <= 1e-7*math.Max(n.scale[k], math.Abs(to)) {
			in.p[f.P] = n.s0[k]
			continue
		}
		moved = append(moved, MovedStart{in.name(f.W), n.s0[k], to, i})
	}
	if moved == nil {
		copy(in.w, before)
	}
	return moved
}

// startScales weighs start values: what the user set for this run moves last, what has
// no value in the model first.
func (in *initializer) startScales(fixed []int) []float64 {
	most := 0.0
	for _, i := range fixed {
		most = math.Max(most, math.Abs(in.p[in.plan.Fixed[i].P]))
	}
	if most == 0 {
		most = 1
	}
	scale := make([]float64, len(fixed))
	for k, i := range fixed {
		f := &in.plan.Fixed[i]
		v := math.Max(in.nominal[f.W], math.Abs(in.p[f.P]))
		if v == 0 {
			v = most
		}
		if in.set[f.W] {
			v *= 1e-3
		} else if !f.Given {
			v *= 10
		}
		scale[k] = v
	}
	return scale
}

// nearestPoint is the state of one such search.
type nearestPoint struct {
	in       *initializer
	t        float64
	blocks   []int32
	fixed    []int
	unknowns []int32
	m        int
	s0       []float64 // where the start values are to be
	scale    []float64

	places     []*float64 // of start values in p, then of unknowns in w
	usize      []float64
	r, rp, rm  []float64
	row        []float64 // scale of each equation
	js, ju     []float64 // by columns, scaled
	free       []float64 // js without what the unknowns can bring about
	b, ds, du  []float64
	lsu, lss   *linsolve.LeastSquares
	patU, patS *linsolve.Pattern
}

// eval writes the residuals of all blocks to r and reports whether they are finite.
func (n *nearestPoint) eval(r []float64) bool {
	at := 0
	for _, k := range n.blocks {
		c := len(n.in.plan.Blocks[k].Residual)
		n.in.kernels[k].Eval(n.t, n.in.w, n.in.p, r[at:at+c])
		at += c
	}
	return nonFinite(r) < 0
}

// norm is the root mean square of residuals in units of their equations.
func (n *nearestPoint) norm(r []float64) float64 {
	s := 0.0
	for i, v := range r {
		s += v / n.row[i] * (v / n.row[i])
	}
	return math.Sqrt(s / float64(len(r)))
}

// run moves start values and unknowns and reports whether it found a point.
func (n *nearestPoint) run() bool {
	in := n.in
	ns, nu, m := len(n.fixed), len(n.unknowns), n.m
	n.r, n.rp, n.rm, n.row, n.b = make([]float64, m), make([]float64, m), make([]float64, m), make([]float64, m), make([]float64, m)
	n.js, n.free, n.ju = make([]float64, m*ns), make([]float64, m*ns), make([]float64, m*nu)
	n.ds, n.du, n.usize = make([]float64, ns), make([]float64, nu), make([]float64, nu)
	for _, i := range n.fixed {
		n.places = append(n.places, &in.p[in.plan.Fixed[i].P])
	}
	for _, i := range n.unknowns {
		n.places = append(n.places, &in.w[i])
	}
	n.lsu, n.lss = linsolve.NewLeastSquares(m, nu), linsolve.NewLeastSquares(m, ns)
	n.patU, n.patS = linsolve.Dense(m, nu), linsolve.Dense(m, ns)
	if !n.restore() {
		return false
	}
	from := make([]float64, len(n.places))
	for range 60 {
		if !n.linearize() {
			return false
		}
		n.along()
		size := 0.0
		for _, v := range n.ds {
			size = math.Max(size, math.Abs(v))
		}
		far := n.distance()
		if size <= 1e-6*math.Max(far, 1e-3) {
			break
		}
		for j, x := range n.places {
			from[j] = *x
		}
		ds, du := slices.Clone(n.ds), slices.Clone(n.du)
		better := false
		for l := 1.0; l > 0.01 && !better; l /= 2 {
			n.step(from, ds, du, l)
			better = n.restore() && n.distance() < (1-1e-12)*far
		}
		if !better {
			n.step(from, ds, du, 0)
			n.eval(n.r)
			break
		}
	}
	return true
}

// step puts the point l times a step behind from.
func (n *nearestPoint) step(from, ds, du []float64, l float64) {
	for k, v := range ds {
		*n.places[k] = from[k] + l*n.scale[k]*v
	}
	for k, v := range du {
		*n.places[len(ds)+k] = from[len(ds)+k] + l*n.usize[k]*v
	}
}

// restore moves the point to where the equations hold, by the least changes of the
// start values.
func (n *nearestPoint) restore() bool {
	from := make([]float64, len(n.places))
	for range 40 {
		if !n.linearize() {
			return false
		}
		f := n.norm(n.r)
		n.back()
		size := 0.0
		for _, v := range n.ds {
			size = math.Max(size, math.Abs(v))
		}
		for _, v := range n.du {
			size = math.Max(size, math.Abs(v))
		}
		if size <= 1e-10 || f <= 1e-14 {
			return f <= 1e-7
		}
		for j, x := range n.places {
			from[j] = *x
		}
		l, ok := 1.0, false
		for range 30 {
			n.step(from, n.ds, n.du, l)
			if n.eval(n.rp) && n.norm(n.rp) <= (1-0.1*l)*f {
				ok = true
				break
			}
			l /= 2
		}
		if !ok {
			n.step(from, n.ds, n.du, 0)
			n.eval(n.r)
			return f <= 1e-7
		}
	}
	return false
}

// linearize evaluates residuals and Jacobians, the latter by central differences, which
// are accurate to the cube root of the rounding error.
func (n *nearestPoint) linearize() bool {
	ns, nu, m := len(n.fixed), len(n.unknowns), n.m
	for j, i := range n.unknowns {
		n.usize[j] = math.Max(math.Abs(n.in.w[i]), math.Max(n.in.nominal[i], 1e-3))
	}
	clear(n.row)
	for j, x := range n.places {
		col, k, size := n.js, j, 0.0
		if j < ns {
			size = n.scale[j]
		} else {
			col, k = n.ju, j-ns
			size = n.usize[k]
		}
		v := *x
		h := 6e-6 * size
		*x = v + h
		up := n.eval(n.rp)
		*x = v - h
		down := n.eval(n.rm)
		*x = v
		if !up || !down {
			return false
		}
		for i := range m {
			d := (n.rp[i] - n.rm[i]) / (2 * h) * size
			col[k*m+i] = d
			n.row[i] += math.Abs(d)
		}
	}
	if !n.eval(n.r) {
		return false
	}
	for i := range n.row {
		if n.row[i] == 0 {
			n.row[i] = 1
		}
	}
	for _, col := range [][]float64{n.js, n.ju} {
		for e := range col {
			// What is left of terms that cancel is no derivative.
			if col[e] /= n.row[e%m]; math.Abs(col[e]) < 1e-8 {
				col[e] = 0
			}
		}
	}
	if nu > 0 {
		n.lsu.Factor(n.patU, n.ju, 1e-8)
	}
	copy(n.free, n.js)
	for k := range ns {
		col := n.free[k*m : k*m+m]
		was := largest(col)
		n.project(col)
		if largest(col) <= 1e-7*was {
			clear(col)
		}
	}
	n.lss.Factor(n.patS, n.free, 1e-7)
	return true
}

// project removes from v what the unknowns can bring about.
func (n *nearestPoint) project(v []float64) {
	if len(n.du) == 0 {
		return
	}
	n.lsu.Solve(v, n.du)
	for j, z := range n.du {
		for i := range v {
			v[i] -= n.ju[j*n.m+i] * z
		}
	}
}

// back computes the least step to where the equations hold.
func (n *nearestPoint) back() {
	for i, v := range n.r {
		n.b[i] = -v / n.row[i]
	}
	n.project(n.b)
	n.lss.Solve(n.b, n.ds)
	n.follow(n.r)
}

// along computes the step along the equations that leads nearest to where the start
// values are to be.
func (n *nearestPoint) along() {
	clear(n.b)
	for k := range n.ds {
		d := n.away(k)
		for i := range n.b {
			n.b[i] += n.free[k*n.m+i] * d
		}
	}
	n.lss.Solve(n.b, n.ds)
	for k := range n.ds {
		n.ds[k] -= n.away(k)
	}
	n.follow(nil)
}

// follow computes the step of the unknowns that belongs to that of the start values and
// to the residuals r; nil: none.
func (n *nearestPoint) follow(r []float64) {
	clear(n.b)
	for i, v := range r {
		n.b[i] = -v / n.row[i]
	}
	for k, d := range n.ds {
		for i := range n.b {
			n.b[i] -= n.js[k*n.m+i] * d
		}
	}
	if len(n.du) > 0 {
		n.lsu.Solve(n.b, n.du)
	}
}

// away is how far start value k is from where it is to be.
func (n *nearestPoint) away(k int) float64 { return (*n.places[k] - n.s0[k]) / n.scale[k] }

func largest(v []float64) float64 {
	m := 0.0
	for _, x := range v {
		m = math.Max(m, math.Abs(x))
	}
	return m
}

// distance is that of the start values from where they are to be.
func (n *nearestPoint) distance() float64 {
	s := 0.0
	for k := range n.fixed {
		s += n.away(k) * n.away(k)
	}
	return math.Sqrt(s)
}

// tellMoved warns of start values that were moved.
func (in *initializer) tellMoved(moved []MovedStart) {
	in.moved = append(in.moved, moved...)
	var names []string
	for k, m := range moved {
		if k == 6 {
			names = append(names, fmt.Sprintf("and %d more", len(moved)-k))
			break
		}
		names = append(names, fmt.Sprintf("%s from %.6g to %.6g", m.Name, m.From, m.To))
	}
	in.note("start values that the model does not fix contradict its equations and were moved to the nearest that agree: %s; give start values that fit, or fix those that are meant", strings.Join(names, ", "))
}

// agree proposes start values.
func agree(moved []MovedStart) string {
	var names []string
	for k, m := range moved {
		if k == 6 {
			names = append(names, "...")
			break
		}
		names = append(names, fmt.Sprintf("%s = %.6g instead of %.6g", m.Name, m.To, m.From))
	}
	return "the nearest start values that agree are " + strings.Join(names, ", ") + ": use them, or make one of these a guess"
}
