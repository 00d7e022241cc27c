package sde

import (
	"math"
	"testing"
)

func dot(a, b []float64) (s float64) {
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

func times(m [][]float64, v []float64) []float64 {
	out := make([]float64, len(m))
	for i, row := range m {
		out[i] = dot(row, v)
	}
	return out
}

func each(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i, v := range a {
		out[i] = v * b[i]
	}
	return out
}

// The conditions for strong order 1.5 (Rössler 2010, theorems 3.1 and 4.1 of the arXiv version), to the 13 digits that the optimised tables have, and row sums.
func TestStochasticTables(t *testing.T) {
	for name, r := range map[string]*srkTable{"SRIW1": &sriw1, "SRIW2": &sriw2, "SOSRI": &sosri, "SOSRI2": &sosri2, "SRA1": &sra1, "SRA2": &sra2, "SRA3": &sra3, "SOSRA": &sosra, "SOSRA2": &sosra2} {
		e := make([]float64, len(r.alpha))
		for i := range e {
			e[i] = 1
		}
		a0, b0 := times(r.a0, e), times(r.b0, e)
		conditions := [][2]float64{{dot(r.alpha, e), 1}, {dot(r.alpha, a0), 0.5}, {dot(r.alpha, b0), 1}, {dot(r.alpha, each(b0, b0)), 1.5}, {dot(r.beta[0], e), 1}, {dot(r.beta[1], e), 0}}
		if r.a1 == nil {
			conditions = append(conditions, [2]float64{dot(r.beta[0], r.c1), 1}, [2]float64{dot(r.beta[1], r.c1), -1})
		} else {
			a1, b1 := times(r.a1, e), times(r.b1, e)
			want := [][]float64{ // of each beta: e, B1 e, A1 e, (B1 e)^2, B1 (B1 e)
				{1, 0, 1, 1, 0}, {0, 1, 0, 0, 0}, {0, 0, -1, -1, 0}, {0, 0, 0, 2, 1},
			}
			for k, beta := range r.beta {
				for j, v := range [][]float64{e, b1, a1, each(b1, b1), times(r.b1, b1)} {
					conditions = append(conditions, [2]float64{dot(beta, v), want[k][j]})
				}
			}
			v := times(r.a1, b0)
			conditions = append(conditions, [2]float64{0.5*dot(r.beta[0], v) + dot(r.beta[2], v)/3, 0})
			for i, c := range r.c1 {
				conditions = append(conditions, [2]float64{a1[i], c})
			}
		}
		for i, c := range r.c0 {
			conditions = append(conditions, [2]float64{a0[i], c})
		}
		for k, c := range conditions {
			if math.Abs(c[0]-c[1]) > 2e-13*100 {
				t.Errorf("%s: condition %d is %v, want %v", name, k, c[0], c[1])
			}
		}
	}
}

// What SKenCarp asks of its stage noises, and KenCarp3's conditions up to order 3.
func TestSKenCarpTable(t *testing.T) {
	k := &skencarp
	alpha := append([]float64(nil), k.a[3][:3]...)
	alpha = append(alpha, k.gamma)
	c, d := k.c[:], k.d[:]
	for i, x := range [][2]float64{
		{dot(alpha, []float64{1, 1, 1, 1}), 1}, {dot(alpha, c), 0.5}, {dot(alpha, each(c, c)), 1. / 3},
		{dot(alpha, d), 1}, {dot(alpha, each(c, c)) + dot(alpha, each(d, d))/12, 0.5},
		{k.a[1][0] + k.gamma, k.c[1]}, {k.a[2][0] + k.a[2][1] + k.gamma, k.c[2]},
		{k.e[0] + k.e[1] + k.e[2] + k.e[3], 0}, {dot(k.e[:], c), 0},
	} {
		if math.Abs(x[0]-x[1]) > 1e-12 {
			t.Errorf("condition %d is %v, want %v", i, x[0], x[1])
		}
	}
}

// The conditions for weak order 2 that are linear in one coefficient vector (Rössler 2009, theorem 5.1): those that fix the tables.
func TestWeakTables(t *testing.T) {
	for name, r := range map[string]*weakTable{"DRI1": &dri1, "RI1": &ri1} {
		e := []float64{1, 1, 1}
		m := func(a [3][3]float64) [][]float64 { return [][]float64{a[0][:], a[1][:], a[2][:]} }
		a0, a1, b0, b1, b2 := times(m(r.a0), e), times(m(r.a1), e), times(m(r.b0), e), times(m(r.b1), e), times(m(r.b2), e)
		al, be := r.alpha[:], r.beta
		for i, x := range [][2]float64{
			{dot(al, e), 1}, {dot(be[0][:], e), 1}, {dot(be[1][:], e), 0}, {dot(be[2][:], e), 0}, {dot(be[3][:], e), 0},
			{dot(be[0][:], b1), 0}, {dot(be[2][:], b2), 0}, {dot(be[3][:], each(b2, b2)), 0},
			{dot(al, a0), 0.5}, {dot(al, each(b0, b0)), 0.5}, {dot(al, b0), 0.5}, {dot(be[0][:], a1), 0.5},
			{dot(be[1][:], b1), 1}, {dot(be[3][:], b2), 1}, {dot(be[0][:], each(b1, b1)), 0.5}, {dot(be[2][:], each(b2, b2)), 0.5},
			{dot(be[0][:], times(m(r.b1), b1)), 0}, {dot(be[2][:], times(m(r.b2), b1)), 0}, {dot(be[1][:], a1), 0}, {dot(be[1][:], each(b1, b1)), 0},
			{dot(be[0][:], times(m(r.a1), b0)), 0}, {dot(be[2][:], times(m(r.b2), a1)), 0}, {dot(be[3][:], times(m(r.b2), b1)), 0},
		} {
			if math.Abs(x[0]-x[1]) > 1e-12 {
				t.Errorf("%s: condition %d is %v, want %v", name, i, x[0], x[1])
			}
		}
	}
}
