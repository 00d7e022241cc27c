package ensemble

import (
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Column is what a number of a trajectory sets: a parameter or a start value, by name as in ode.Options.Set,
// or, where Name is "", by Entry.
type Column struct {
	Name  string
	Entry ode.Entry
}

// Setup is what sets a trajectory apart from the others.
type Setup struct {
	Values []float64 // one for each column of the source
	U0     []float64 // start values (guesses, where the problem solves for them) of all states; nil: those that all have in common
	End    float64   // end of the trajectory, behind its start; NaN: that of the common span
}

// Source yields trajectories one after the other.
type Source interface {
	Columns() []Column
	// Read sets the next trajectories and returns how many; fewer than len(dst) only at the end or with an
	// error, and io.EOF, with n = 0 or not, at the end. The Values of each entry of dst have a place for every column, its
	// U0 is nil and its End NaN. U0 must stay as it is until the ensemble is done.
	Read(dst []Setup) (n int, err error)
}

// Sized is a source that knows how many trajectories it has.
type Sized interface{ Len() int64 }

// Skipper is a source that can pass over trajectories without making them.
type Skipper interface{ Skip(n int64) error }

// Skip passes over the next n trajectories of a source. It is an error if there are fewer.
func Skip(s Source, n int64) error {
	if k, ok := s.(Skipper); ok {
		return k.Skip(n)
	}
	dst := make([]Setup, min(n, 256))
	vals := make([]float64, len(dst)*len(s.Columns()))
	for n > 0 {
		some := dst[:min(n, int64(len(dst)))]
		renew(some, vals, len(s.Columns()))
		k, err := s.Read(some)
		if n -= int64(k); n > 0 && err != nil {
			if err == io.EOF {
				err = fmt.Errorf("the source ends %d trajectories too early", n)
			}
			return err
		}
	}
	return nil
}

// renew makes setups ready to be read, with their values in vals.
func renew(dst []Setup, vals []float64, columns int) {
	for i := range dst {
		dst[i] = Setup{Values: vals[i*columns : (i+1)*columns : (i+1)*columns], End: math.NaN()}
	}
}

// Named makes columns of names.
func Named(names ...string) []Column {
	list := make([]Column, len(names))
	for i, n := range names {
		list[i].Name = n
	}
	return list
}

// indexed is a source whose trajectories are functions of their number.
type indexed struct {
	columns []Column
	n, next int64
	set     func(i int64, s *Setup)
}

func (x *indexed) Columns() []Column { return x.columns }
func (x *indexed) Len() int64        { return x.n }

func (x *indexed) Read(dst []Setup) (int, error) {
	for k := range dst {
		if x.next == x.n {
			return k, io.EOF
		}
		x.set(x.next, &dst[k])
		x.next++
	}
	return len(dst), nil
}

func (x *indexed) Skip(n int64) error {
	if n > x.n-x.next {
		return fmt.Errorf("the source ends %d trajectories too early", n-(x.n-x.next))
	}
	x.next += n
	return nil
}

// Func is a source of n trajectories of which set makes the one with number i.
func Func(columns []Column, n int64, set func(i int64, s *Setup)) Source {
	return &indexed{columns: columns, n: n, set: set}
}

// Repeat yields each trajectory of a source times times, one after the other, for models of which chance makes each another one.
func Repeat(s Source, times int64) Source {
	r := &repeated{Source: s, times: max(times, 0), vals: make([]float64, len(s.Columns()))}
	if n, ok := s.(Sized); ok {
		return &repeatedSized{r, n}
	}
	return r
}

type repeated struct {
	Source
	times, left int64
	one         [1]Setup
	vals        []float64
	err         error // behind one
}

type repeatedSized struct {
	*repeated
	of Sized
}

func (r *repeatedSized) Len() int64 { return r.of.Len() * r.times }

// next reads a trajectory to repeat.
func (r *repeated) next() error {
	if r.times == 0 {
		return io.EOF
	}
	if r.err != nil {
		return r.err
	}
	renew(r.one[:], r.vals, len(r.vals))
	n, err := r.Source.Read(r.one[:])
	if r.err = err; n == 0 {
		return err
	}
	r.left = r.times
	return nil
}

func (r *repeated) Read(dst []Setup) (int, error) {
	for k := range dst {
		if r.left == 0 {
			if err := r.next(); err != nil {
				return k, err
			}
		}
		r.left--
		copy(dst[k].Values, r.one[0].Values)
		dst[k].U0, dst[k].End = r.one[0].U0, r.one[0].End
	}
	return len(dst), nil
}

func (r *repeated) Skip(n int64) error {
	k := min(n, r.left)
	r.left -= k
	if n -= k; n == 0 {
		return nil
	}
	if r.times == 0 {
		return fmt.Errorf("the source ends %d trajectories too early", n)
	}
	if err := Skip(r.Source, n/r.times); err != nil {
		return err
	}
	if n %= r.times; n > 0 {
		if err := r.next(); err == io.EOF {
			return fmt.Errorf("the source ends %d trajectories too early", n)
		} else if err != nil {
			return err
		}
		r.left -= n
	}
	return nil
}

// Rows is a source of given values, a row for each trajectory.
func Rows(columns []Column, rows [][]float64) Source {
	return Func(columns, int64(len(rows)), func(i int64, s *Setup) { copy(s.Values, rows[i]) })
}

// Axis is a parameter or start value and the values that it takes in a grid.
type Axis struct {
	Column Column
	Values []float64
}

// Linear is an axis of n equidistant values from lo to hi.
func Linear(name string, lo, hi float64, n int) Axis {
	return Axis{Column{Name: name}, spaced(lo, hi, n)}
}

// Logarithmic is an axis of n values from lo to hi, both above 0, whose logarithms are equidistant.
func Logarithmic(name string, lo, hi float64, n int) Axis {
	v := spaced(math.Log(lo), math.Log(hi), n)
	for i := range v {
		v[i] = math.Exp(v[i])
	}
	if n > 0 {
		v[n-1], v[0] = hi, lo // whatever the rounding
	}
	return Axis{Column{Name: name}, v}
}

func spaced(lo, hi float64, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		if v[i] = lo; n > 1 {
			v[i] = (float64(n-1-i)*lo + float64(i)*hi) / float64(n-1)
		}
	}
	if n > 1 {
		v[n-1], v[0] = hi, lo // whatever the rounding
	}
	return v
}

// Grid is a source of all combinations of the values of the axes, the last axis varying fastest.
// There must be fewer than 2^62.
func Grid(axes ...Axis) (Source, error) {
	var columns []Column
	n := uint64(1)
	for _, a := range axes {
		columns = append(columns, a.Column)
		hi, lo := bits.Mul64(n, uint64(len(a.Values)))
		if hi > 0 || lo >= 1<<62 {
			return nil, fmt.Errorf("a grid of more than 2^62 trajectories")
		}
		n = lo
	}
	return Func(columns, int64(n), func(i int64, s *Setup) {
		for k := len(axes) - 1; k >= 0; k-- {
			m := int64(len(axes[k].Values))
			s.Values[k] = axes[k].Values[i%m]
			i /= m
		}
	}), nil
}
