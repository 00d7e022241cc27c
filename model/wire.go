package model

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// wireMagic opens a hand-over; its last character is the version.
const wireMagic = "mtkc-flat 2\n"

// WriteWire writes a system (nil: none) and findings in the compact form in which a
// model's program hands them to the compiler. ReadWire reads it. The form is private
// to one version of mtkc; the public form of a flat system is Base Modelica.
func WriteWire(w io.Writer, s *System, found diag.List) error {
	e := &wireWriter{w: bufio.NewWriterSize(w, 1<<16), index: map[string]int{}}
	e.w.WriteString(wireMagic)
	e.int(len(found))
	for i := range found {
		d := &found[i]
		e.pos(d.Pos)
		e.str(d.Code)
		e.str(d.Message)
		e.str(d.Next)
		e.int(len(d.Notes))
		for _, n := range d.Notes {
			e.pos(n.Pos)
			e.str(n.Text)
		}
	}
	e.bool(s != nil)
	if s != nil {
		e.system(s)
	}
	if e.err != nil {
		return e.err
	}
	return e.w.Flush()
}

type wireWriter struct {
	w     *bufio.Writer
	index map[string]int
	buf   [binary.MaxVarintLen64]byte
	err   error
}

func (e *wireWriter) int(v int) {
	n := binary.PutVarint(e.buf[:], int64(v))
	if _, err := e.w.Write(e.buf[:n]); err != nil {
		e.err = err
	}
}

func (e *wireWriter) bool(b bool) {
	if b {
		e.int(1)
	} else {
		e.int(0)
	}
}

func (e *wireWriter) float(v float64) {
	binary.LittleEndian.PutUint64(e.buf[:8], math.Float64bits(v))
	e.w.Write(e.buf[:8])
}

// str writes a string once and later its number.
func (e *wireWriter) str(s string) {
	if i, ok := e.index[s]; ok {
		e.int(i)
		return
	}
	e.int(-len(s) - 1)
	e.w.WriteString(s)
	e.index[s] = len(e.index)
}

func (e *wireWriter) pos(p diag.Pos) {
	e.str(p.File)
	e.int(p.Line)
	e.int(p.Col)
}

func (e *wireWriter) id(t expr.ID) {
	if t == expr.None {
		e.int(-1)
	} else {
		e.int(int(t))
	}
}

func (e *wireWriter) equations(eqs []Equation) {
	e.int(len(eqs))
	for i := range eqs {
		q := &eqs[i]
		e.id(q.Lhs)
		e.id(q.Rhs)
		e.pos(q.Pos)
		e.str(q.Path)
		e.str(q.Desc)
		e.bool(q.Connection)
	}
}

func (e *wireWriter) system(s *System) {
	e.str(s.Name)
	e.str(s.Doc)
	e.pool(s.Pool)
	e.int(len(s.Vars))
	for i := range s.Vars {
		v := &s.Vars[i]
		e.id(v.Sym)
		flags := 0
		for k, b := range []bool{v.Output, v.Tunable, v.Structural} {
			if b {
				flags |= 1 << k
			}
		}
		e.int(int(v.Kind) | int(v.Type)<<4 | int(v.Fixed)<<8 | int(v.State)<<12 | flags<<16)
		for _, t := range []expr.ID{v.Value, v.Start, v.Min, v.Max, v.Nominal} {
			e.id(t)
		}
		for _, t := range []string{v.Text, v.Unit, v.Desc, v.Quantity, v.Display, v.EnumName, v.Path, v.Prefix} {
			e.str(t)
		}
		e.pos(v.Pos)
	}
	e.equations(s.Equations)
	e.equations(s.Initial)
	e.int(len(s.Whens))
	for i := range s.Whens {
		w := &s.Whens[i]
		e.pos(w.Pos)
		e.str(w.Path)
		e.int(len(w.Branches))
		for _, b := range w.Branches {
			e.pos(b.Pos)
			e.int(len(b.Conds))
			for _, c := range b.Conds {
				e.id(c)
			}
			e.int(len(b.Actions))
			for _, a := range b.Actions {
				e.int(int(a.Kind))
				for _, t := range []expr.ID{a.Target, a.Value, a.Cond, a.If} {
					e.id(t)
				}
				e.str(a.Message)
				e.bool(a.Warn)
				e.pos(a.Pos)
			}
		}
	}
	e.int(len(s.Asserts))
	for i := range s.Asserts {
		a := &s.Asserts[i]
		e.id(a.Cond)
		e.str(a.Message)
		e.bool(a.Warn)
		e.pos(a.Pos)
		e.str(a.Path)
	}
	x := s.Experiment
	for _, v := range []float64{x.Start, x.Stop, x.Tolerance, x.Interval} {
		e.float(v)
	}
	e.bool(x.Given)
	e.str(x.Solver)
}

// pool writes every node in the order of the ids.
func (e *wireWriter) pool(p *expr.Pool) {
	e.int(p.Len())
	for i := range p.Len() {
		id := expr.ID(i)
		op := p.Op(id)
		e.int(int(op))
		switch op {
		case expr.OpConst:
			v, _ := p.Value(id)
			if n, d, ok := v.Exact(); ok {
				e.int(1)
				e.int(int(n))
				e.int(int(d))
			} else {
				e.int(0)
				e.float(v.Float())
			}
		case expr.OpSym:
			e.str(p.Name(id))
		case expr.OpCall:
			e.err = errors.New("a numeric function cannot be handed over")
			return
		default:
			a := p.Args(id)
			e.int(len(a))
			for _, x := range a {
				e.int(int(id) - int(x))
			}
		}
	}
}

// ReadWire reads what WriteWire wrote.
func ReadWire(r io.Reader) (s *System, found diag.List, err error) {
	d := &wireReader{r: bufio.NewReaderSize(r, 1<<16)}
	defer func() {
		if e := recover(); e != nil {
			we, ok := e.(wireError)
			if !ok {
				panic(e)
			}
			s, err = nil, we.error
		}
	}()
	head := make([]byte, len(wireMagic))
	if _, err := io.ReadFull(d.r, head); err != nil || string(head) != wireMagic {
		return nil, nil, errors.New("not a flat system of this version of mtkc")
	}
	for range d.count() {
		f := diag.Diagnostic{Pos: d.pos(), Code: d.str(), Message: d.str(), Next: d.str()}
		for range d.count() {
			f.Notes = append(f.Notes, diag.Note{Pos: d.pos(), Text: d.str()})
		}
		found = append(found, f)
	}
	if d.bool() {
		s = d.system()
	}
	return s, found, nil
}

type wireError struct{ error }

type wireReader struct {
	r    *bufio.Reader
	strs []string
	ids  []expr.ID
}

func (d *wireReader) fail(err error) { panic(wireError{fmt.Errorf("flat system cut short: %w", err)}) }

func (d *wireReader) int() int {
	v, err := binary.ReadVarint(d.r)
	if err != nil {
		d.fail(err)
	}
	return int(v)
}

func (d *wireReader) count() int {
	n := d.int()
	if n < 0 {
		d.fail(errors.New("negative count"))
	}
	return n
}

func (d *wireReader) bool() bool { return d.int() != 0 }

func (d *wireReader) float() float64 {
	var b [8]byte
	if _, err := io.ReadFull(d.r, b[:]); err != nil {
		d.fail(err)
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
}

func (d *wireReader) str() string {
	i := d.int()
	if i >= 0 {
		if i >= len(d.strs) {
			d.fail(errors.New("bad string"))
		}
		return d.strs[i]
	}
	b := make([]byte, -i-1)
	if _, err := io.ReadFull(d.r, b); err != nil {
		d.fail(err)
	}
	d.strs = append(d.strs, string(b))
	return string(b)
}

func (d *wireReader) pos() diag.Pos {
	return diag.Pos{File: d.str(), Line: d.int(), Col: d.int()}
}

func (d *wireReader) id() expr.ID {
	i := d.int()
	if i < 0 {
		return expr.None
	}
	if i >= len(d.ids) {
		d.fail(errors.New("bad term"))
	}
	return d.ids[i]
}

func (d *wireReader) equations() []Equation {
	n := d.count()
	eqs := make([]Equation, n)
	for i := range eqs {
		eqs[i] = Equation{Lhs: d.id(), Rhs: d.id(), Pos: d.pos(), Path: d.str(), Desc: d.str(), Connection: d.bool()}
	}
	return eqs
}

func (d *wireReader) system() *System {
	s := NewSystem(d.str())
	s.Doc = d.str()
	d.pool(s.Pool)
	n := d.count()
	s.Vars = make([]Variable, 0, n)
	for range n {
		v := Variable{Sym: d.id()}
		v.Name = s.Pool.Name(v.Sym)
		bits := d.int()
		v.Kind, v.Type = VarKind(bits&15), ScalarType(bits>>4&15)
		v.Fixed, v.State = Fixity(bits>>8&15), StateHint(bits>>12&15)
		v.Output, v.Tunable, v.Structural = bits>>16&1 != 0, bits>>17&1 != 0, bits>>18&1 != 0
		for _, t := range []*expr.ID{&v.Value, &v.Start, &v.Min, &v.Max, &v.Nominal} {
			*t = d.id()
		}
		for _, t := range []*string{&v.Text, &v.Unit, &v.Desc, &v.Quantity, &v.Display, &v.EnumName, &v.Path, &v.Prefix} {
			*t = d.str()
		}
		v.Pos = d.pos()
		s.AddVar(v)
	}
	s.Equations = d.equations()
	s.Initial = d.equations()
	for range d.count() {
		w := WhenClause{Pos: d.pos(), Path: d.str()}
		for range d.count() {
			b := WhenBranch{Pos: d.pos()}
			for range d.count() {
				b.Conds = append(b.Conds, d.id())
			}
			for range d.count() {
				b.Actions = append(b.Actions, Action{
					Kind: ActionKind(d.int()), Target: d.id(), Value: d.id(), Cond: d.id(), If: d.id(),
					Message: d.str(), Warn: d.bool(), Pos: d.pos(),
				})
			}
			w.Branches = append(w.Branches, b)
		}
		s.Whens = append(s.Whens, w)
	}
	for range d.count() {
		s.Asserts = append(s.Asserts, Assertion{Cond: d.id(), Message: d.str(), Warn: d.bool(), Pos: d.pos(), Path: d.str()})
	}
	x := &s.Experiment
	for _, v := range []*float64{&x.Start, &x.Stop, &x.Tolerance, &x.Interval} {
		*v = d.float()
	}
	x.Given = d.bool()
	x.Solver = d.str()
	return s
}

func (d *wireReader) pool(p *expr.Pool) {
	n := d.count()
	d.ids = make([]expr.ID, 0, n)
	var args []expr.ID
	for i := range n {
		op := expr.Op(d.int())
		var id expr.ID
		switch op {
		case expr.OpConst:
			if d.int() == 1 {
				num, den := d.int(), d.int()
				if den == 0 {
					d.fail(errors.New("bad number"))
				}
				id = p.Num(expr.RatNum(int64(num), int64(den)))
			} else {
				id = p.Float(d.float())
			}
		case expr.OpSym:
			id = p.Sym(d.str())
		default:
			args = args[:0]
			for range d.count() {
				k := i - d.int()
				if k < 0 || k >= i {
					d.fail(errors.New("bad argument"))
				}
				args = append(args, d.ids[k])
			}
			id = replay(p, op, args)
		}
		d.ids = append(d.ids, id)
	}
}

// replay makes a node from its operator and arguments in the layout of Pool.Args.
func replay(p *expr.Pool, op expr.Op, a []expr.ID) expr.ID {
	switch op {
	case expr.OpTrue:
		return expr.True
	case expr.OpFalse:
		return expr.False
	case expr.OpTime:
		return expr.Time
	case expr.OpAdd:
		c, _ := p.Value(a[0])
		k := make([]expr.Num, 0, len(a)/2)
		t := make([]expr.ID, 0, len(a)/2)
		for i := 1; i+1 < len(a); i += 2 {
			v, _ := p.Value(a[i])
			k, t = append(k, v), append(t, a[i+1])
		}
		return p.Linear(c, k, t)
	case expr.OpMul:
		f := make([]expr.ID, 0, len(a)/2)
		for i := 0; i+1 < len(a); i += 2 {
			f = append(f, p.Pow(a[i], a[i+1]))
		}
		return p.Mul(f...)
	}
	return p.Fn(op, a...)
}
