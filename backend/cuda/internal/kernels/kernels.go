// Package kernels holds kernels that LLVM made from IR beside them, and what they
// compute, evaluated in Go. The interpreter of PTX, ptxas and GPUs are tested with them.
//
// In: nothing. Out: cases, each with PTX text, arguments and the wanted results, which
// hold bit for bit.
package kernels

import (
	"embed"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
)

// The text under llvm22 is what LLVM 22.1.0 writes for the same IR, options and target.
//go:generate sh -c "for f in *.ll; do llc-14 -O3 -mcpu=sm_70 $f -o llvm14/${f%.ll}.ptx; done"

//go:embed llvm14/*.ptx llvm22/*.ptx
var texts embed.FS

// Case is a kernel with arguments.
type Case struct {
	Name        string // of the file and of the kernel
	LLVM        int    // the version that made the text
	Grid, Block int
	// Args makes the arguments: slices are device memory, copied there and back; []byte is a
	// parameter that is an array or a structure, Bytes a slice of bytes in device memory.
	Args func() []any
	// Want changes the slices of the arguments to what they are after the kernel.
	Want func(args []any)
}

// Bytes is device memory, where []byte is a parameter.
type Bytes []uint8

// PTX is the text of the case.
func (c *Case) PTX() []byte {
	b, err := texts.ReadFile(fmt.Sprintf("llvm%d/%s.ptx", c.LLVM, c.Name))
	if err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	return b
}

// String is a name for tests.
func (c *Case) String() string { return fmt.Sprintf("%s/llvm%d", c.Name, c.LLVM) }

// Cases lists all: each kernel by an old and by a new version of LLVM, which write
// differently.
func Cases() []Case {
	var list []Case
	for _, v := range []int{14, 22} {
		list = append(list,
			Case{"axpy", v, 5, 64, axpyArgs, axpy},
			Case{"lorenz", v, 3, 32, lorenzArgs, lorenz},
			Case{"floats", v, 3, 128, floatArgs, floats},
			Case{"integers", v, 3, 96, integerArgs, integers},
			Case{"functions", v, 2, 32, functionArgs, functions},
			Case{"queue", v, 2, 32, queueArgs, queue},
			Case{"reduce", v, 4, 128, reduceArgs, reduce},
			Case{"exp", v, 4, 64, expArgs, exp},
		)
	}
	return list
}

// Differ compares the slices of arguments bit by bit, but takes all NaNs for equal. It
// describes the first difference, "" if there is none.
func Differ(got, want []any) string {
	for i := range want {
		switch w := want[i].(type) {
		case []float64:
			for k, g := range got[i].([]float64) {
				if math.Float64bits(g) != math.Float64bits(w[k]) && (g == g || w[k] == w[k]) {
					return fmt.Sprintf("argument %d, entry %d is %v (%#016x), wanted %v (%#016x)", i, k, g, math.Float64bits(g), w[k], math.Float64bits(w[k]))
				}
			}
		case []int64:
			for k, g := range got[i].([]int64) {
				if g != w[k] {
					return fmt.Sprintf("argument %d, entry %d is %#x, wanted %#x", i, k, g, w[k])
				}
			}
		case []uint32:
			for k, g := range got[i].([]uint32) {
				if g != w[k] {
					return fmt.Sprintf("argument %d, entry %d is %#x, wanted %#x", i, k, g, w[k])
				}
			}
		case Bytes:
			for k, g := range got[i].(Bytes) {
				if g != w[k] {
					return fmt.Sprintf("argument %d, entry %d is %#x, wanted %#x", i, k, g, w[k])
				}
			}
		}
	}
	return ""
}

func source() *rand.Rand { return rand.New(rand.NewPCG(5, 70)) }

func axpyArgs() []any {
	const n = 300
	r := source()
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i], y[i] = r.NormFloat64(), r.NormFloat64()
	}
	return []any{int64(n), 1.1, x, y}
}

func axpy(args []any) {
	a, x, y := args[1].(float64), args[2].([]float64), args[3].([]float64)
	for i := range x {
		y[i] = math.FMA(a, x[i], y[i])
	}
}

func lorenzArgs() []any {
	const n = 80
	u, r := make([]float64, 3*n), make([]float64, n)
	for i := range n {
		u[i], u[n+i], u[2*n+i] = 1, float64(i)/n, 0
		r[i] = 20 + float64(i)/4
	}
	return []any{int64(n), int64(100), 0.01, r, u}
}

func lorenz(args []any) {
	steps, h, rho, u := args[1].(int64), args[2].(float64), args[3].([]float64), args[4].([]float64)
	n := len(rho)
	for i := range n {
		f := func(v [3]float64) [3]float64 {
			return [3]float64{float64((v[1] - v[0]) * 10), float64(v[0]*(rho[i]-v[2])) - v[1], float64(v[0]*v[1]) - float64(v[2]*(8.0/3))}
		}
		y := [3]float64{u[i], u[n+i], u[2*n+i]}
		h2, h6 := h*0.5, h/6
		at := func(h float64, k [3]float64) (v [3]float64) {
			for j := range v {
				v[j] = math.FMA(h, k[j], y[j])
			}
			return v
		}
		for range steps {
			a := f(y)
			b := f(at(h2, a))
			c := f(at(h2, b))
			d := f(at(h, c))
			for j := range y {
				y[j] = math.FMA(h6, math.FMA(2, b[j]+c[j], a[j])+d[j], y[j])
			}
		}
		u[i], u[n+i], u[2*n+i] = y[0], y[1], y[2]
	}
}

// special numbers, in all pairs.
var special = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, math.Pi, 1e300, -1e300, 5e-324, -5e-324, 2.2250738585072014e-308,
	math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(), 4503599627370497.5}

func floatArgs() []any {
	var x, y []float64
	for _, a := range special[:16] {
		for _, b := range special[4:] {
			x, y = append(x, a), append(y, b)
		}
	}
	zero := math.Copysign(0, -1)
	x, y = append(x, 0, zero, zero), append(y, zero, 0, zero)
	n := len(x)
	return []any{int64(n), x, y, make([]float64, 15*n), make([]uint32, n)}
}

func floats(args []any) {
	x, y, out, mask := args[1].([]float64), args[2].([]float64), args[3].([]float64), args[4].([]uint32)
	n := len(x)
	nan := func(a, b float64) bool { return a != a || b != b }
	// llvm.minnum and maxnum give the operand that is not NaN.
	num := func(f func(a, b float64) float64, a, b float64) float64 {
		switch {
		case a != a:
			return b
		case b != b:
			return a
		}
		return f(a, b)
	}
	for i := range n {
		a, b := x[i], y[i]
		for k, v := range []bool{a == b, a > b, a >= b, a < b, a <= b, a != b && !nan(a, b), !nan(a, b),
			a == b || nan(a, b), a > b || nan(a, b), a >= b || nan(a, b), a < b || nan(a, b), a <= b || nan(a, b), a != b, nan(a, b)} {
			if v {
				mask[i] |= 1 << k
			}
		}
		for k, v := range []float64{math.Floor(a), math.Ceil(a), math.Trunc(a), math.RoundToEven(a), math.Abs(a), math.Sqrt(a),
			num(math.Min, a, b), num(math.Max, a, b), math.Copysign(a, b), a + b, a - b, a * b, a / b, 1 / a, -a} {
			out[k*n+i] = v
		}
	}
}

// integerResults is how many numbers the kernel integers computes of an element.
const integerResults = 72

func integerArgs() []any {
	r := source()
	a := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 31, 1<<32 - 1, 0x123456789abcdef0, -7, 255, 128, 1<<52 | 12345}
	b := []int64{3, -1, 1, 2, 7, -128, 31, 63, 0, 1 << 40, 33, -3}
	f := []float64{0, 1.5, -1.5, 1e10, 1e19, 1e20, -1e19, 65535.9, -32768.9, 1e300, math.Inf(-1), math.Inf(1)}
	for range 200 {
		a, b = append(a, int64(r.Uint64()>>r.UintN(64))), append(b, int64(r.Uint64()>>r.UintN(64)))
		f = append(f, math.Ldexp(r.NormFloat64(), r.IntN(70)))
	}
	return []any{int64(len(a)), a, b, f, make([]int64, integerResults*len(a))}
}

func integers(args []any) {
	av, bv, fv, out := args[1].([]int64), args[2].([]int64), args[3].([]float64), args[4].([]int64)
	n := len(av)
	for i := range n {
		k := 0
		put := func(list ...int64) {
			for _, v := range list {
				out[k*n+i] = v
				k++
			}
		}
		a, b, f := av[i], bv[i], fv[i]
		a32, b32, a16, b16 := int32(a), int32(b), int16(a), int16(b)
		s, s32 := uint(b)&63, uint(b)&31
		put(a+b, a-b, a*b, a/(b|1), int64(uint64(a)/uint64(b|1)), a%(b|1), int64(uint64(a)%uint64(b|1)), a<<s, int64(uint64(a)>>s), a>>s, a&b, ^a)
		put(int64(a32+b32), int64(a32-b32), int64(a32*b32), int64(a32/(b32|1)), int64(int32(uint32(a32)%uint32(b32|1))), int64(a32<<s32), int64(int32(uint32(a32)>>s32)), int64(a32>>s32))
		put(int64(a16+b16), int64(a16*b16), int64(a16/(b16|1)), int64(a16>>3))
		put(int64(int8(a)), int64(uint8(a)), int64(uint16(a)), int64(a32), int64(uint32(a)))
		put(int64(bits.OnesCount64(uint64(a))), int64(bits.LeadingZeros64(uint64(a))), int64(bits.LeadingZeros32(uint32(a))))
		put(int64(bits.Reverse64(uint64(a))), int64(int32(bits.Reverse32(uint32(a)))), a<<13|int64(uint64(b)>>51))
		wide := uint64(uint32(a))<<32 | uint64(uint32(b))
		put(int64(int32(wide<<s32>>32)), int64(int32(wide>>s32)))
		put(min(a, b), int64(max(uint64(a), uint64(b))), int64(max(a32, b32)), max(a, -a), int64(int32(bits.ReverseBytes32(uint32(a)))))
		put(int64(uint64(a)>>52&2047), a<<20>>45, int64(a32)*int64(b32), int64(uint64(uint32(a))*uint64(uint32(b))))
		hi, _ := bits.Mul64(uint64(a), uint64(b))
		put(int64(hi)-(a>>63&b)-(b>>63&a), int64(hi))
		for _, c := range [][3]bool{{a < b, a32 < b32, a16 < b16}, {uint64(a) <= uint64(b), uint32(a) <= uint32(b), uint16(a) <= uint16(b)}, {a > b, a32 > b32, a16 > b16},
			{uint64(a) >= uint64(b), uint32(a) >= uint32(b), uint16(a) >= uint16(b)}, {a == b, a32 == b32, a16 == b16}, {a != b, a32 != b32, a16 != b16}} {
			if c[0] != c[1] && c[2] {
				put(a)
			} else {
				put(b)
			}
			if c[2] {
				put(1)
			} else {
				put(0)
			}
		}
		for _, w := range []int{16, 32, 64} {
			put(signed(f, w), int64(unsigned(f, w)))
		}
		for _, v := range []float64{float64(a), float64(uint64(a)), float64(a32), float64(uint32(a)), float64(a16), float64(uint8(a))} {
			put(int64(math.Float64bits(v)))
		}
	}
}

// signed cuts f to an integer of w bits; what does not fit becomes the next that does.
func signed(f float64, w int) int64 {
	limit := math.Ldexp(1, w-1)
	switch {
	case f >= limit:
		return 1<<(w-1) - 1
	case f < -limit:
		return -1 << (w - 1)
	}
	return int64(f)
}

func unsigned(f float64, w int) uint64 {
	switch {
	case f >= math.Ldexp(1, w):
		return math.MaxUint64 >> (64 - w)
	case f <= 0:
		return 0
	}
	return uint64(f)
}

func functionArgs() []any {
	const n = 50
	r := source()
	xy, flags := make([]float64, 2*n), make(Bytes, n)
	for i := range n {
		xy[2*i], xy[2*i+1] = r.NormFloat64(), r.NormFloat64()
		flags[i] = byte(r.Uint32())
	}
	ab := binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.75))
	ab = binary.LittleEndian.AppendUint64(ab, math.Float64bits(-0.3))
	c := int32(-5)
	kc := binary.LittleEndian.AppendUint64(nil, uint64(uint32(c)))
	kc = binary.LittleEndian.AppendUint64(kc, math.Float64bits(0.1))
	return []any{int64(n), xy, make([]float64, n), ab, kc, flags}
}

func functions(args []any) {
	xy, out, flags := args[1].([]float64), args[2].([]float64), args[5].(Bytes)
	tab := []float64{1, -2, 0.5, 3, 1.25, -0.75, 7, 0.125}
	index := []int{3, 1, 4, 0, 5, 2, 7, 6}
	var power func(x float64, k int) float64
	power = func(x float64, k int) float64 {
		switch {
		case k == 1:
			return x
		case k < 1:
			return 1
		}
		q := power(x*x, k/2)
		if k%2 != 0 {
			q *= x
		}
		return q
	}
	for i := range out {
		var a [8]float64
		for k, j := range index {
			a[j] = power(xy[2*i], k)
		}
		d := 0.0
		for k, t := range tab {
			d = math.FMA(a[k], t, d)
		}
		v := math.FMA(-5, xy[2*i+1], math.FMA(0.75, d, -0.3))
		v += 0.1
		v += 0.5
		out[i], xy[2*i+1] = v, v
		if v < 0 {
			flags[i] = byte(int8(flags[i]-3) >> 1)
		}
	}
}

func queueArgs() []any {
	const n = 500
	r := source()
	x := make([]float64, n)
	for i := range x {
		x[i] = math.Exp(20 * r.NormFloat64())
	}
	return []any{[]uint32{0}, int32(n), 1e-12, x, make([]uint32, n), []int64{0}}
}

func queue(args []any) {
	tol, x, steps, total := args[2].(float64), args[3].([]float64), args[4].([]uint32), args[5].([]int64)
	// every thread takes one number more than there are items
	args[0].([]uint32)[0] = uint32(len(x) + 64)
	for i, v := range x {
		y := math.FMA(v, 0.5, 0.5)
		k := uint32(0)
		for ; ; k++ {
			res := math.FMA(-y, y, v)
			if !(math.Abs(res) > tol*v) || k >= 60 {
				break
			}
			y += res / (y + y)
		}
		x[i], steps[i] = y, k
		total[0] += int64(k)
	}
}

func reduceArgs() []any {
	r := source()
	x := make([]float64, 4*128)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return []any{x, make([]float64, 4)}
}

func reduce(args []any) {
	x, out := args[0].([]float64), args[1].([]float64)
	for c := range out {
		var s [128]float64
		copy(s[:], x[128*c:])
		for n := 64; n > 0; n /= 2 {
			for i := range n {
				s[i] += s[i+n]
			}
		}
		out[c] = s[0]
	}
}

func expArgs() []any {
	x := make([]float64, 250)
	for i := range x {
		x[i] = 5.6 * (float64(i) - 124.7)
	}
	return []any{int64(len(x)), x}
}

func exp(args []any) {
	const magic = 3 << 51
	x := args[1].([]float64)
	for i, v := range x {
		m := math.FMA(v, math.Float64frombits(0x3FF71547652B82FE), magic)
		k := m - magic
		r := math.FMA(k, math.Float64frombits(0xBC7ABC9E3B39803F), math.FMA(k, math.Float64frombits(0xBFE62E42FEFA39EF), v))
		p := math.Float64frombits(0x3E21EED8EFF8D898)
		for _, c := range []uint64{0x3E5AE64567F544E4, 0x3E927E4FB7789F5C, 0x3EC71DE3A556C734, 0x3EFA01A01A01A01A, 0x3F2A01A01A01A01A, 0x3F56C16C16C16C17,
			0x3F81111111111111, 0x3FA5555555555555, 0x3FC5555555555555, 0x3FE0000000000000, 0x3FF0000000000000, 0x3FF0000000000000} {
			p = math.FMA(r, p, math.Float64frombits(c))
		}
		x[i] = math.Float64frombits(math.Float64bits(p) + math.Float64bits(m)<<52)
	}
}
