// Package pack holds the large tables of generated code as short texts.
//
// In: tables of a model with many instances of a few equations, which are regular.
// Out: text for a string literal, and the tables again. Differences are taken first,
// so that what repeats is seen, and then compressed (DEFLATE, RFC 1951) and written in
// base 64. The functions that read panic on a text that the writing ones did not make.
package pack

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/gob"
	"io"
	"math"
	"strconv"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// text compresses bytes into a text.
func text(b []byte) string {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestCompression)
	if err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	w.Write(b) // a bytes.Buffer takes everything
	w.Close()
	return base64.RawStdEncoding.EncodeToString(buf.Bytes())
}

// raw is the inverse of text.
func raw(s string) []byte {
	z, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		panic("mtkc: bug: table of generated code: " + err.Error())
	}
	b, err := io.ReadAll(flate.NewReader(bytes.NewReader(z)))
	if err != nil {
		panic("mtkc: bug: table of generated code: " + err.Error())
	}
	return b
}

// FromInts writes integers.
func FromInts(v []int32) string { return text(ints(v)) }

// Ints reads what FromInts wrote.
func Ints(s string) []int32 { return readInts(raw(s)) }

// FromFloats writes numbers, to the last bit.
func FromFloats(v []float64) string { return text(floats(v)) }

// Floats reads what FromFloats wrote.
func Floats(s string) []float64 { return readFloats(raw(s)) }

// ints writes differences. -1, which stands for none, is written as such and left out
// of them.
func ints(v []int32) []byte {
	return intsBy(v, func(int) int32 { return 0 })
}

// intsBy writes the differences from the entry before that is of the same kind.
func intsBy(v []int32, kind func(i int) int32) []byte {
	var b []byte
	last := map[int32]int64{}
	for i, x := range v {
		if x == -1 {
			b = binary.AppendUvarint(b, 0)
			continue
		}
		k := kind(i)
		d := int64(x) - last[k]
		b = binary.AppendUvarint(b, uint64(d<<1^d>>63)+1)
		last[k] = int64(x)
	}
	return b
}

func readInts(b []byte) []int32 { return readIntsBy(b, func(int) int32 { return 0 }) }

func readIntsBy(b []byte, kind func(i int) int32) []int32 {
	var v []int32
	last := map[int32]int64{}
	for len(b) > 0 {
		u, n := binary.Uvarint(b)
		if n <= 0 {
			panic("mtkc: bug: table of generated code ends early")
		}
		b = b[n:]
		if u == 0 {
			v = append(v, -1)
			continue
		}
		u--
		k := kind(len(v))
		last[k] += int64(u>>1) ^ -int64(u&1)
		v = append(v, int32(last[k]))
	}
	return v
}

// floats writes first all first bytes, then all second bytes, and so on.
func floats(v []float64) []byte {
	b := make([]byte, 8*len(v))
	for i, x := range v {
		bits := math.Float64bits(x)
		for k := range 8 {
			b[k*len(v)+i] = byte(bits >> (8 * k))
		}
	}
	return b
}

func readFloats(b []byte) []float64 {
	v := make([]float64, len(b)/8)
	for i := range v {
		bits := uint64(0)
		for k := range 8 {
			bits |= uint64(b[k*len(v)+i]) << (8 * k)
		}
		v[i] = math.Float64frombits(bits)
	}
	return v
}

// names are texts that differ in numbers: each is a template, with the differences of
// its numbers from those of the text before it that has the same template.
type names struct {
	Templates []string // 0 stands for a number
	Which     []byte   // ints
	Numbers   []byte
}

// number returns the end of the number that starts at s[i], i if there is none: digits
// without leading zero, below 1e9.
func number(s string, i int) int {
	j := i
	for j < len(s) && s[j] >= '0' && s[j] <= '9' {
		j++
	}
	if j-i > 9 || j-i > 1 && s[i] == '0' {
		return i
	}
	return j
}

func fromStrings(list []string) names {
	var out names
	index := map[string]int32{}
	var last [][]int64
	which := make([]int32, len(list))
	var template []byte
	var values []int64
	for k, s := range list {
		template, values = template[:0], values[:0]
		for i := 0; i < len(s); {
			if j := number(s, i); j > i {
				v, _ := strconv.ParseInt(s[i:j], 10, 64)
				template, values = append(template, 0), append(values, v)
				i = j
				continue
			}
			// A run of digits that is no number stays together.
			j := i + 1
			for j < len(s) && s[i] >= '0' && s[i] <= '9' && s[j] >= '0' && s[j] <= '9' {
				j++
			}
			for ; i < j; i++ {
				if s[i] == 0 {
					template = append(template, 1, '0')
				} else if s[i] == 1 {
					template = append(template, 1, '1')
				} else {
					template = append(template, s[i])
				}
			}
		}
		t, ok := index[string(template)]
		if !ok {
			t = int32(len(out.Templates))
			index[string(template)] = t
			out.Templates = append(out.Templates, string(template))
			last = append(last, make([]int64, len(values)))
		}
		which[k] = t
		for i, v := range values {
			out.Numbers = binary.AppendVarint(out.Numbers, v-last[t][i])
			last[t][i] = v
		}
	}
	out.Which = ints(which)
	return out
}

func (n names) strings() []string {
	which := readInts(n.Which)
	out := make([]string, len(which))
	last := make([][]int64, len(n.Templates))
	b := n.Numbers
	var s []byte
	for k, t := range which {
		s = s[:0]
		at := 0
		template := n.Templates[t]
		for i := 0; i < len(template); i++ {
			switch template[i] {
			case 0:
				d, m := binary.Varint(b)
				if m <= 0 {
					panic("mtkc: bug: table of generated code ends early")
				}
				b = b[m:]
				if at == len(last[t]) {
					last[t] = append(last[t], 0)
				}
				last[t][at] += d
				s = strconv.AppendInt(s, last[t][at], 10)
				at++
			case 1:
				i++
				s = append(s, template[i]-'0')
			default:
				s = append(s, template[i])
			}
		}
		out[k] = string(s)
	}
	return out
}

// quantities are the columns of a list of quantities.
type quantities struct {
	Name, Unit, Desc                   names
	Min, Max, Nominal, AbsTol, StartAt []byte
}

func fromQuantities(list []ode.Quantity) quantities {
	n := len(list)
	name, unit, desc := make([]string, n), make([]string, n), make([]string, n)
	lo, hi, nominal, abs, start := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]int32, n)
	for i, q := range list {
		name[i], unit[i], desc[i] = q.Name, q.Unit, q.Desc
		lo[i], hi[i], nominal[i], abs[i], start[i] = q.Min, q.Max, q.Nominal, q.AbsTol, int32(q.StartParam)
	}
	return quantities{fromStrings(name), fromStrings(unit), fromStrings(desc), floats(lo), floats(hi), floats(nominal), floats(abs), ints(start)}
}

func (q quantities) list() []ode.Quantity {
	name, unit, desc := q.Name.strings(), q.Unit.strings(), q.Desc.strings()
	lo, hi, nominal, abs, start := readFloats(q.Min), readFloats(q.Max), readFloats(q.Nominal), readFloats(q.AbsTol), readInts(q.StartAt)
	out := make([]ode.Quantity, len(name))
	for i := range out {
		out[i] = ode.Quantity{Name: name[i], Unit: unit[i], Desc: desc[i], Min: lo[i], Max: hi[i], Nominal: nominal[i], AbsTol: abs[i], StartParam: int(start[i])}
	}
	return out
}

// observables are the columns of a list of observables.
type observables struct {
	Name, Unit, Desc  names
	Kind, Index, Sign []byte
}

// listing is where the Listing of an observable stands above its Kind.
const listing = 4

func fromObservables(list []ode.Observable) observables {
	n := len(list)
	name, unit, desc := make([]string, n), make([]string, n), make([]string, n)
	kind, index, sign := make([]int32, n), make([]int32, n), make([]float64, n)
	for i, o := range list {
		name[i], unit[i], desc[i] = o.Name, o.Unit, o.Desc
		kind[i], index[i], sign[i] = int32(o.Kind)|int32(o.Listing)<<listing, int32(o.Index), o.Sign
	}
	return observables{fromStrings(name), fromStrings(unit), fromStrings(desc), ints(kind), intsBy(index, func(i int) int32 { return kind[i] }), floats(sign)}
}

func (o observables) list() []ode.Observable {
	name, unit, desc := o.Name.strings(), o.Unit.strings(), o.Desc.strings()
	kind, sign := readInts(o.Kind), readFloats(o.Sign)
	index := readIntsBy(o.Index, func(i int) int32 { return kind[i] })
	out := make([]ode.Observable, len(name))
	for i := range out {
		out[i] = ode.Observable{Name: name[i], Unit: unit[i], Desc: desc[i], Kind: ode.Kind(kind[i] & (1<<listing - 1)), Index: int(index[i]), Sign: sign[i], Listing: ode.Listing(kind[i] >> listing)}
	}
	return out
}

// pattern is a sparsity pattern.
type pattern struct {
	Rows, Cols     int
	ColPtr, RowIdx []byte
}

func fromPattern(p *linsolve.Pattern) *pattern {
	if p == nil {
		return nil
	}
	return &pattern{p.Rows, p.Cols, ints(p.ColPtr), ints(p.RowIdx)}
}

func (p *pattern) pattern() *linsolve.Pattern {
	if p == nil {
		return nil
	}
	return &linsolve.Pattern{Rows: p.Rows, Cols: p.Cols, ColPtr: readInts(p.ColPtr), RowIdx: readInts(p.RowIdx)}
}

// problem is the data of a problem: what is long as columns, the rest as it stands.
type problem struct {
	Head           ode.Problem
	States, Params quantities
	Observables    observables
	U0, P, Mass    []byte
	Jac, InvJac    *pattern
	Linear, Stiff  *pattern
	Equations      names
	NoiseNames     names
	Noise, Reads   *pattern
	GuardParam     []byte // twice the parameter, plus 1 if Zero
	GuardText      names

	InitNames                           names
	InitStart, InitFrom, InitU, InitSet []byte
	Fixed                               fixed
}

// fixed are the columns of the start values that the initialization holds.
type fixed struct{ W, P, Block, Flags []byte }

func fromFixed(list []ode.FixedStart) fixed {
	n := len(list)
	w, p, block, flags := make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	for i, x := range list {
		w[i], p[i], block[i] = x.W, x.P, x.Block
		if x.Soft {
			flags[i]++
		}
		if x.Given {
			flags[i] += 2
		}
	}
	return fixed{ints(w), ints(p), ints(block), ints(flags)}
}

func (f fixed) list() []ode.FixedStart {
	w, p, block, flags := readInts(f.W), readInts(f.P), readInts(f.Block), readInts(f.Flags)
	var out []ode.FixedStart
	for i := range w {
		out = append(out, ode.FixedStart{W: w[i], P: p[i], Block: block[i], Soft: flags[i]&1 != 0, Given: flags[i]&2 != 0})
	}
	return out
}

// FromProblem writes the data of a problem: all fields but functions. equations are
// what Problem.Equation says of each row.
func FromProblem(p *ode.Problem, equations []string) string {
	q := problem{
		Head: *p, States: fromQuantities(p.States), Params: fromQuantities(p.Params), Observables: fromObservables(p.Observables),
		U0: floats(p.U0), P: floats(p.P), Mass: floats(p.Mass), Jac: fromPattern(p.Jac), InvJac: fromPattern(p.InvJac),
		Linear: fromPattern(p.Linear), Stiff: fromPattern(p.Stiff),
		Equations: fromStrings(equations),
	}
	h := &q.Head
	var guard []int32
	var guardText []string
	for _, g := range p.Guards {
		k := int32(2 * g.Param)
		if g.Zero {
			k++
		}
		guard, guardText = append(guard, k), append(guardText, g.Text)
	}
	q.GuardParam, q.GuardText = ints(guard), fromStrings(guardText)
	h.Guards = nil
	h.NewKernels, h.NewObserver, h.Equation = nil, nil, nil
	h.States, h.Params, h.Observables, h.U0, h.P, h.Mass, h.Jac, h.InvJac, h.Linear, h.Stiff = nil, nil, nil, nil, nil, nil, nil, nil, nil, nil
	if p.Noise != nil {
		n := *p.Noise
		q.NoiseNames, q.Noise, q.Reads = fromStrings(n.Names), fromPattern(n.Matrix), fromPattern(n.Reads)
		n.Names, n.Matrix, n.Reads = nil, nil, nil
		h.Noise = &n
	}
	if p.Init != nil {
		in := *p.Init
		q.InitNames, q.InitStart = fromStrings(in.Names), floats(in.Start)
		q.InitFrom, q.InitU = ints(in.StartFrom), ints(in.U)
		var set []int32
		for _, x := range in.P {
			set = append(set, x[0], x[1])
		}
		q.InitSet, q.Fixed = ints(set), fromFixed(in.Fixed)
		in.Names, in.Start, in.StartFrom, in.U, in.P, in.Fixed = nil, nil, nil, nil, nil, nil
		h.Init = &in
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&q); err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	return text(b.Bytes())
}

// Problem reads what FromProblem wrote.
func Problem(s string) *ode.Problem {
	var q problem
	if err := gob.NewDecoder(bytes.NewReader(raw(s))).Decode(&q); err != nil {
		panic("mtkc: bug: table of generated code: " + err.Error())
	}
	p := &q.Head
	p.States, p.Params, p.Observables = q.States.list(), q.Params.list(), q.Observables.list()
	p.U0, p.P = readFloats(q.U0), readFloats(q.P)
	if len(q.Mass) > 0 {
		p.Mass = readFloats(q.Mass)
	}
	p.Jac, p.InvJac, p.Linear, p.Stiff = q.Jac.pattern(), q.InvJac.pattern(), q.Linear.pattern(), q.Stiff.pattern()
	guardText := q.GuardText.strings()
	for i, k := range readInts(q.GuardParam) {
		p.Guards = append(p.Guards, ode.Guard{Param: int(k >> 1), Zero: k&1 != 0, Text: guardText[i]})
	}
	if n := p.Noise; n != nil {
		n.Names, n.Matrix, n.Reads = q.NoiseNames.strings(), q.Noise.pattern(), q.Reads.pattern()
	}
	if in := p.Init; in != nil {
		in.Names, in.Start = q.InitNames.strings(), readFloats(q.InitStart)
		in.StartFrom, in.U = readInts(q.InitFrom), readInts(q.InitU)
		in.Fixed = q.Fixed.list()
		set := readInts(q.InitSet)
		for i := 0; i+1 < len(set); i += 2 {
			in.P = append(in.P, [2]int32{set[i], set[i+1]})
		}
	}
	equations := q.Equations.strings()
	p.Equation = func(i int) string { return equations[i] }
	return p
}
