package ode

// Dependent states follow from the invariants: Newton iterations on the columns of a
// chart, with factors that are kept from call to call as long as they do.

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

const (
	dependentIter  = 25
	dependentRate  = 0.1  // contraction above which the factors are renewed
	dependentLoose = 1e-4 // of the error test: accuracy within a step

	// Of the sizes of the states: how far a guess may be off, and how far without a
	// closer look; and the contraction that this look asks for.
	dependentReach    = 0.5
	dependentClose    = 0.02
	dependentContract = 0.25
	dependentExact    = 8 // units of rounding: accuracy of points
	coordsKept        = 8 // charts whose matrices are kept
	followLeast       = 1.0 / 64
)

// dependent solves the invariants for the dependent states of a chart.
type dependent struct {
	ws    *Workspace
	chart *chart
	shape int
	g     []float64
	vals  []float64 // of the Jacobian
	r, w  []float64 // corrections, 1/tolerance of each dependent state
	kept  map[string]*dependentMatrix
	key   []byte
	m     *dependentMatrix
	ok    bool // m.lu holds factors of a Jacobian not too far away

	is       []bool    // dependent, of each state
	coords   []int32   // independent states
	from, at []float64 // points of a continuation
}

// dependentMatrix is the linear algebra for one choice.
type dependentMatrix struct {
	cols []int32 // dependent state of each row
	pick []int32 // entries of the Jacobian
	sub  []float64
	lu   *linsolve.Replay[float64]
}

func newDependent(ws *Workspace, c *chart) *dependent {
	m := ws.P.NInv
	return &dependent{
		ws: ws, chart: c, shape: -1, g: make([]float64, m), vals: make([]float64, ws.invPattern().NNZ()),
		r: make([]float64, m), w: make([]float64, m), is: make([]bool, ws.N()), kept: map[string]*dependentMatrix{},
	}
}

// key appends to b what tells choices apart.
func key(b []byte, dep []int32) []byte {
	for _, j := range dep {
		b = binary.LittleEndian.AppendUint32(b, uint32(j))
	}
	return b
}

// adopt takes over the present choice of the chart.
func (d *dependent) adopt() {
	if d.shape == d.chart.shape {
		return
	}
	d.shape, d.ok = d.chart.shape, false
	clear(d.is)
	for _, j := range d.chart.dep {
		d.is[j] = true
	}
	d.coords = d.coords[:0]
	for i := range int32(d.ws.N()) {
		if !d.is[i] && d.ws.differential(int(i)) {
			d.coords = append(d.coords, i)
		}
	}
	d.key = key(d.key[:0], d.chart.dep)
	if d.m = d.kept[string(d.key)]; d.m != nil {
		d.m.lu.Forget()
		return
	}
	if len(d.kept) >= coordsKept {
		clear(d.kept)
	}
	n := d.ws.P.NInv
	pat := d.ws.invPattern()
	d.m = &dependentMatrix{cols: append([]int32(nil), d.chart.dep...)}
	sub := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, 1, n+1)}
	for _, j := range d.m.cols {
		for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
			sub.RowIdx = append(sub.RowIdx, pat.RowIdx[e])
			d.m.pick = append(d.m.pick, e)
		}
		sub.ColPtr = append(sub.ColPtr, int32(len(sub.RowIdx)))
	}
	d.m.sub = make([]float64, len(d.m.pick))
	d.m.lu = replayed(sub)
	d.kept[string(d.key)] = d.m
}

var errDependent = errors.New("the constraints cannot be solved for the dependent states")

// solve makes the dependent entries of u satisfy the invariants at t, to rounding if
// exact, else to a small part of the error test if that is more. There may be other solutions: the same
// mechanism assembled in another way. So a start that is not close must be in the
// domain where the iteration contracts from the first step on (Deuflhard, Newton Methods
// for Nonlinear Problems, Springer 2004, 5.1, has 1/2 for steps along a path), or it is
// refused. On failure u is of no use.
func (d *dependent) solve(t float64, u []float64, exact bool) error {
	d.adopt()
	ws := d.ws
	cols := d.m.cols
	for k, j := range cols {
		d.w[k] = 1 / (ws.AbsTol[j] + ws.RelTol*math.Abs(u[j]))
	}
	last, first, fresh := math.Inf(1), 0.0, false
	for n := range dependentIter {
		ws.K.Invariants(t, u, ws.Params, d.g)
		if nonFinite(d.g) >= 0 {
			break
		}
		if !d.ok {
			if !d.factor(t, u) {
				break
			}
			fresh = true
		}
		norm, size, done := d.correction(u)
		if n == 0 && size > dependentClose && !fresh {
			if !d.factor(t, u) {
				break
			}
			fresh = true
			norm, size, done = d.correction(u)
		}
		if !(norm <= math.MaxFloat64) || size > dependentReach && n == 0 {
			break
		}
		if n == 0 {
			first = size
		} else if first > dependentClose && n == 1 && size > dependentContract*first {
			break
		}
		if norm > 2*last && norm > dependentLoose {
			if fresh {
				break
			}
			d.ok, last = false, math.Inf(1)
			continue
		}
		for k, j := range cols {
			u[j] -= d.r[k]
		}
		// The error left is about norm times the rate. Where an ill-conditioned Jacobian
		// magnifies rounding, no more is to be had.
		if done || norm <= dependentLoose && (!exact || norm >= 0.5*last && fresh) {
			return nil
		}
		if norm > dependentRate*last {
			d.ok = false
		}
		last = norm
	}
	d.ok = false
	return errDependent
}

// correction solves for the correction of u and returns its size relative to the error
// test and to the sizes of the states, and whether it is rounding alone.
func (d *dependent) correction(u []float64) (norm, size float64, done bool) {
	c := d.chart
	copy(d.r, d.g)
	d.m.lu.Solve(d.r)
	d.ws.Stats.Project++
	done = true
	for k, j := range d.m.cols {
		v := math.Abs(d.r[k])
		norm = math.Max(norm, v*d.w[k])
		size = math.Max(size, v/c.reach[j])
		done = done && v <= dependentExact*eps*math.Max(math.Abs(u[j]), c.scale[j])
	}
	return norm, size, done
}

// follow is solve for a point that is too far from any guess: it goes there from the
// consistent state u0 at t0 along a straight line of the coordinates, in steps that are
// halved where the iteration fails (natural continuation; Allgower, Georg, Numerical
// Continuation Methods, Springer 1990). u holds the coordinates of the end.
func (d *dependent) follow(t0 float64, u0 []float64, t float64, u []float64, exact bool) error {
	if d.from == nil {
		d.from, d.at = make([]float64, len(u)), make([]float64, len(u))
	}
	copy(d.from, u0)
	d.adopt()
	s, step := 0.0, 0.25
	for s < 1 {
		next := math.Min(1, s+step)
		x := (next - s) / (1 - s) // of the way that is left
		copy(d.at, d.from)
		for _, i := range d.coords {
			d.at[i] += x * (u[i] - d.from[i])
		}
		at := t0 + next*(t-t0)
		if next == 1 {
			at = t
			for _, i := range d.coords {
				d.at[i] = u[i]
			}
		}
		if d.solve(at, d.at, exact) != nil {
			if step *= 0.5; step < followLeast {
				return errDependent
			}
			continue
		}
		s = next
		copy(d.from, d.at)
	}
	for _, j := range d.m.cols {
		u[j] = d.from[j]
	}
	return nil
}

// factor factorises the Jacobian at (t, u).
func (d *dependent) factor(t float64, u []float64) bool {
	d.ws.invariantJac(t, u, d.vals)
	for e, k := range d.m.pick {
		d.m.sub[e] = d.vals[k]
	}
	d.ok = d.m.lu.Factor(d.m.sub) == nil
	return d.ok
}
