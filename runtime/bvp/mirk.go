package bvp

// Mono-implicit Runge-Kutta methods: the stages of an interval [t_i, t_{i+1}] are explicit in the
// values at its ends,
//
//	Y_r = (1 - v_r) y_i + v_r y_{i+1} + h sum_{j<r} x_rj k_j,   k_r = f(t_i + c_r h, Y_r),
//	y_{i+1} = y_i + h sum_r b_r k_r,
//
// so that the values at the mesh points are the only unknowns: order 4 is the Lobatto IIIA method of three
// stages, order 6 has five (Cash, Singhal, IMA J. Numer. Anal. 2, 1982).
//
// The equations of all intervals and the conditions form one sparse system, almost block diagonal, for
// the values and the unknown parameters; damped Newton iterations solve it (package newton).

import (
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/newton"
)

// scheme is a table of coefficients; the first two stages are f at the ends. The nodes of the extension are
// even in number, so that the matrix of their equations, I - h lambda a, is far from singular for every real
// lambda: the eigenvalues of a are complex, the norm of the inverse is at most 2 (the best on grids of 0.04 and 0.05, with Lebesgue
// constants of 4.4 and 5.9). With an odd number it is singular for some h lambda.
type scheme struct {
	order   int
	c, v, b []float64
	x       [][]float64
	extra   []float64 // nodes of the continuous extension, see interpolant.go
	sample  []float64 // where the defect is looked at
}

var schemes = map[Method]*scheme{
	MIRK2: {order: 2, c: []float64{0, 1}, v: []float64{0, 1}, b: []float64{0.5, 0.5}, x: [][]float64{nil, nil},
		sample: []float64{0.2, 0.5, 0.8}},
	MIRK4: {order: 4, c: []float64{0, 1, 0.5}, v: []float64{0, 1, 0.5}, b: []float64{1.0 / 6, 1.0 / 6, 4.0 / 6},
		x:     [][]float64{nil, nil, {1.0 / 8, -1.0 / 8}},
		extra: []float64{0.36, 0.6}, sample: []float64{0.15, 0.48, 0.82}},
	MIRK6: {order: 6, c: []float64{0, 1, 0.25, 0.75, 0.5}, v: []float64{0, 1, 5.0 / 32, 27.0 / 32, 0.5},
		b:     []float64{7.0 / 90, 7.0 / 90, 32.0 / 90, 32.0 / 90, 12.0 / 90},
		x:     [][]float64{nil, nil, {9.0 / 64, -3.0 / 64}, {3.0 / 64, -9.0 / 64}, {-5.0 / 24, 5.0 / 24, 2.0 / 3, -2.0 / 3}},
		extra: []float64{0.15, 0.3, 0.7, 0.85}, sample: []float64{0.07, 0.22, 0.5, 0.93}},
}

// equations are the discrete equations on one mesh.
type equations struct {
	*system
	sc     *scheme
	t      []float64
	where  []int             // mesh point of each point of the conditions
	whole  *linsolve.Pattern // of all equations
	place  []int32           // where each computed derivative goes, in the order of entries
	k      []float64         // stages, of one interval
	y      []float64
	J      []float64
	ka, kb []float64 // dk/dy at both ends, by stages
	kp     []float64
	da, db []float64
	dp, fp []float64
	tmp    []float64
}

// unknowns is the number of unknowns: values at the mesh points, then parameters.
func (e *equations) unknowns() int { return len(e.t)*e.n + e.m }

// newEquations makes the system for mesh t, which holds the points of the conditions.
func newEquations(s *system, sc *scheme, t []float64) *equations {
	n, m, r := s.n, s.m, len(sc.b)
	e := &equations{system: s, sc: sc, t: t,
		k: make([]float64, r*n), y: make([]float64, n), J: make([]float64, s.pat.NNZ()),
		ka: make([]float64, r*n*n), kb: make([]float64, r*n*n), kp: make([]float64, r*n*m),
		da: make([]float64, n*n), db: make([]float64, n*n), dp: make([]float64, n*m), fp: make([]float64, n*m), tmp: make([]float64, n)}
	for _, x := range s.points {
		for i, v := range t {
			if v == x {
				e.where = append(e.where, i)
			}
		}
	}
	// Rows: those of the intervals, n each, then the conditions. The pattern by columns, through buckets.
	size := e.unknowns()
	rows := make([][]int32, size)
	e.entries(func(i, j int) { rows[j] = append(rows[j], int32(i)) })
	e.whole = &linsolve.Pattern{Rows: size, Cols: size, ColPtr: make([]int32, 1, size+1)}
	for _, c := range rows {
		// Entries of one column come with ascending rows.
		e.whole.RowIdx = append(e.whole.RowIdx, c...)
		e.whole.ColPtr = append(e.whole.ColPtr, int32(len(e.whole.RowIdx)))
	}
	next := append([]int32(nil), e.whole.ColPtr[:size]...)
	e.entries(func(i, j int) {
		e.place = append(e.place, next[j])
		next[j]++
	})
	return e
}

// entries visits the entries of the Jacobian in the order in which they are computed: rows
// of one column ascend.
func (e *equations) entries(visit func(i, j int)) {
	n, m := e.n, e.m
	last := len(e.t) - 1
	for i := range last {
		for j := range n {
			for r := range n {
				visit(i*n+r, i*n+j)
			}
		}
		for j := range n {
			for r := range n {
				visit(i*n+r, (i+1)*n+j)
			}
		}
		for l := range m {
			for r := range n {
				visit(i*n+r, (last+1)*n+l)
			}
		}
	}
	np := len(e.where)
	for col := range np*n + m {
		j := (last+1)*n + col - np*n
		if col < np*n {
			j = e.where[col/n]*n + col%n
		}
		for i := range n + m {
			if e.depends[i][col] {
				visit(last*n+i, j)
			}
		}
	}
}

// load takes the unknown parameters from x and points to the values at the points.
func (e *equations) load(x []float64) {
	for l, j := range e.p.Unknown {
		e.par[j] = x[len(e.t)*e.n+l]
	}
	if len(e.p.Unknown) > 0 {
		e.bind()
	}
	for k, i := range e.where {
		copy(e.at[k], x[i*e.n:(i+1)*e.n])
	}
}

// stages computes the stages of interval i.
func (e *equations) stages(x []float64, i int) {
	n, sc := e.n, e.sc
	h := e.t[i+1] - e.t[i]
	ya, yb := x[i*n:(i+1)*n], x[(i+1)*n:(i+2)*n]
	for r, c := range sc.c {
		e.stage(r, h, ya, yb)
		t := e.t[i] + c*h
		if c == 1 {
			t = e.t[i+1]
		}
		e.rhs(t, e.y, e.k[r*n:(r+1)*n])
	}
}

// stage computes the stage value Y_r into y.
func (e *equations) stage(r int, h float64, ya, yb []float64) {
	n, v := e.n, e.sc.v[r]
	for q := range e.y {
		sum := 0.0
		for j, a := range e.sc.x[r] {
			sum += a * e.k[j*n+q]
		}
		e.y[q] = (1-v)*ya[q] + v*yb[q] + h*sum
	}
}

// residual evaluates all equations.
func (e *equations) residual(x, r []float64) {
	n := e.n
	e.load(x)
	last := len(e.t) - 1
	for i := range last {
		h := e.t[i+1] - e.t[i]
		e.stages(x, i)
		for q := range n {
			sum := 0.0
			for s, b := range e.sc.b {
				sum += b * e.k[s*n+q]
			}
			r[i*n+q] = x[(i+1)*n+q] - x[i*n+q] - h*sum
		}
	}
	e.conditions(r[last*n:])
}

// jacobian evaluates the derivatives of all equations.
func (e *equations) jacobian(x, vals []float64) {
	n, m, sc := e.n, e.m, e.sc
	e.load(x)
	last := len(e.t) - 1
	at := 0
	put := func(v float64) {
		vals[e.place[at]] = v
		at++
	}
	for i := range last {
		h := e.t[i+1] - e.t[i]
		ya, yb := x[i*n:(i+1)*n], x[(i+1)*n:(i+2)*n]
		e.stages(x, i)
		clear(e.da)
		clear(e.db)
		clear(e.dp)
		for r, c := range sc.c {
			e.stage(r, h, ya, yb)
			t := e.t[i] + c*h
			f := e.k[r*n : (r+1)*n]
			e.slope(t, e.y, f, e.J)
			v := sc.v[r]
			ka, kb := e.ka[r*n*n:(r+1)*n*n], e.kb[r*n*n:(r+1)*n*n]
			e.chain(ka, e.ka, r, h, 1-v, n)
			e.chain(kb, e.kb, r, h, v, n)
			for q, b := range ka {
				e.da[q] += sc.b[r] * b
			}
			for q, b := range kb {
				e.db[q] += sc.b[r] * b
			}
			if m > 0 {
				kp := e.kp[r*n*m : (r+1)*n*m]
				e.chain(kp, e.kp, r, h, 0, m)
				e.sensitivity(t, e.y, f, e.fp)
				for q, b := range e.fp {
					kp[q] += b
					e.dp[q] += sc.b[r] * kp[q]
				}
			}
		}
		for j := range n {
			for r := range n {
				v := -h * e.da[j*n+r]
				if r == j {
					v--
				}
				put(v)
			}
		}
		for j := range n {
			for r := range n {
				v := -h * e.db[j*n+r]
				if r == j {
					v++
				}
				put(v)
			}
		}
		for _, v := range e.dp {
			put(-h * v)
		}
	}
	e.slopes(func(_, _ int, v float64) { put(v) })
}

// chain sets dst = J (v I + h sum_j x_rj all_j), the derivative of stage r by what the stages
// before have the derivatives all_j, with cols columns; v I only for states.
func (e *equations) chain(dst, all []float64, r int, h, v float64, cols int) {
	n := e.n
	for q := range cols {
		for i := range n {
			sum := 0.0
			for j, a := range e.sc.x[r] {
				if a != 0 {
					sum += a * all[j*n*cols+q*n+i]
				}
			}
			e.tmp[i] = h * sum
		}
		if v != 0 {
			e.tmp[q] += v
		}
		col := dst[q*n : (q+1)*n]
		clear(col)
		pat := e.pat
		for j, w := range e.tmp {
			if w != 0 {
				for k := pat.ColPtr[j]; k < pat.ColPtr[j+1]; k++ {
					col[pat.RowIdx[k]] += e.J[k] * w
				}
			}
		}
	}
}

// solve runs the iteration from x.
func (e *equations) solve(x []float64, tol float64) newton.Result {
	e.stats.Meshes++
	size := e.unknowns()
	// Unknowns count in units of the largest value of their component.
	nominal := make([]float64, size)
	for q := range e.n {
		most := 0.0
		for i := range e.t {
			most = math.Max(most, math.Abs(x[i*e.n+q]))
		}
		for i := range e.t {
			nominal[i*e.n+q] = math.Max(most, 1e-3)
		}
	}
	s := newton.New(newton.System{N: size, M: size, Pattern: e.whole, Nominal: nominal, Residual: e.residual, Jacobian: e.jacobian},
		newton.Options{Tol: tol, MaxIter: 60})
	res := s.Solve(x)
	e.stats.Newton += res.Iterations
	return res
}
