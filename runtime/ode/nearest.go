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
// The point is found by sequential quadratic programming with the Gauss-Newton model of
// the constraints: with the start values s, weighted and counted from where they are to
// be, and the unknowns u of the blocks up to the one that fails,
//
//	min |s + ds|   subject to   J_s ds + J_u du = -r
//
// (Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 18; the unknowns u are
// free and leave the problem by projection onto the complement of the range of J_u).

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

func (n *nearestPoint) run() bool {
	in := n.in
	ns, nu, m := len(n.fixed), len(n.unknowns), n.m
	r, rp, rm := make([]float64, m), make([]float64, m), make([]float64, m)
	js, ju := make([]float64, m*ns), make([]float64, m*nu) // by columns, scaled
	row := make([]float64, m)
	ds, du, tmp := make([]float64, ns), make([]float64, nu), make([]float64, max(nu, 1))
	usize := make([]float64, nu)
	places := make([]*float64, 0, ns+nu)
	for _, i := range n.fixed {
		places = append(places, &in.p[in.plan.Fixed[i].P])
	}
	for _, i := range n.unknowns {
		places = append(places, &in.w[i])
	}
	lsu, lss := linsolve.NewLeastSquares(m, nu), linsolve.NewLeastSquares(m, ns)
	pu, ps := linsolve.Dense(m, nu), linsolve.Dense(m, ns)
	if !n.eval(r) {
		return false
	}
	norm := func(r []float64) float64 {
		s := 0.0
		for i, v := range r {
			s += v / row[i] * (v / row[i])
		}
		return math.Sqrt(s / float64(m))
	}
	// project removes from v what the unknowns can bring about; z is their part.
	project := func(v, z []float64) {
		if nu == 0 {
			return
		}
		lsu.Solve(v, z)
		for j := range nu {
			for i := range m {
				v[i] -= ju[j*m+i] * z[j]
			}
		}
	}
	for range 60 {
		for j, i := range n.unknowns {
			usize[j] = math.Max(math.Abs(in.w[i]), math.Max(in.nominal[i], 1e-3))
		}
		// Central differences, accurate to the cube root of the rounding error.
		clear(row)
		for j, x := range places {
			col, size := ju, 0.0
			k := j - ns
			if j < ns {
				col, k, size = js, j, n.scale[j]
			} else {
				size = usize[k]
			}
			v := *x
			h := 6e-6 * size
			*x = v + h
			up := n.eval(rp)
			*x = v - h
			if !n.eval(rm) || !up {
				*x = v
				return false
			}
			*x = v
			for i := range m {
				d := (rp[i] - rm[i]) / (2 * h) * size
				col[k*m+i] = d
				row[i] += math.Abs(d)
			}
		}
		n.eval(r)
		for i := range row {
			if row[i] == 0 {
				row[i] = 1
			}
		}
		for _, col := range [][]float64{js, ju} {
			for e := range col {
				col[e] /= row[e%m]
			}
		}
		if nu > 0 {
			lsu.Factor(pu, ju, 1e-8)
		}
		// b = -r + J_s (s - s0), without the part of the unknowns.
		b := make([]float64, m)
		for i := range m {
			b[i] = -r[i] / row[i]
		}
		for k := range ns {
			d := (*places[k] - n.s0[k]) / n.scale[k]
			for i := range m {
				b[i] += js[k*m+i] * d
			}
		}
		project(b, tmp)
		free := slices.Clone(js)
		for k := range ns {
			col := free[k*m : k*m+m]
			was := 0.0
			for _, v := range col {
				was = math.Max(was, math.Abs(v))
			}
			project(col, tmp)
			left := 0.0
			for _, v := range col {
				left = math.Max(left, math.Abs(v))
			}
			if left <= 1e-7*was {
				clear(col)
			}
		}
		lss.Factor(ps, free, 1e-7)
		lss.Solve(b, ds)
		for k := range ns {
			ds[k] -= (*places[k] - n.s0[k]) / n.scale[k]
		}
		for i := range m {
			b[i] = -r[i] / row[i]
			for k := range ns {
				b[i] -= js[k*m+i] * ds[k]
			}
		}
		if nu > 0 {
			lsu.Solve(b, du)
		}
		size := 0.0
		for _, v := range ds {
			size = math.Max(size, math.Abs(v))
		}
		for _, v := range du {
			size = math.Max(size, math.Abs(v))
		}
		f := norm(r)
		if size <= 1e-9 {
			return f <= 1e-7
		}
		from := make([]float64, len(places))
		for j, x := range places {
			from[j] = *x
		}
		l, ok := 1.0, false
		for range 30 {
			for k, v := range ds {
				*places[k] = from[k] + l*n.scale[k]*v
			}
			for k, v := range du {
				*places[ns+k] = from[ns+k] + l*usize[k]*v
			}
			if n.eval(rp) && (norm(rp) <= (1-0.1*l)*f || norm(rp) <= 1e-9) {
				ok = true
				break
			}
			l /= 2
		}
		if !ok {
			for j, x := range places {
				*x = from[j]
			}
			n.eval(r)
			return f <= 1e-7
		}
		copy(r, rp)
	}
	return false
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
