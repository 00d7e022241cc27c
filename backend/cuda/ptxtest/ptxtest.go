// Package ptxtest interprets PTX on the CPU, so that kernels made for NVIDIA GPUs are
// tested where there is none.
//
// In: PTX text as LLVM's NVPTX back end writes it for kernels in double precision:
// integers, predicates and float64, loops, device functions, local, shared and constant
// memory, tables, atomics, barriers. Out: what the kernel leaves in memory. Results of
// float64 operations are those of the GPU bit for bit, but for the payload of NaNs: all
// these operations round to nearest, and IEEE 754 leaves no choice. It is strict: an
// opcode or modifier that is not known, a register of the wrong width, an access outside
// of what the kernel was given or with wrong alignment, or the address of one state
// space used in another is an error that names the instruction.
//
// Threads of a block run one after the other up to a barrier, blocks one after the
// other: kernels whose result depends on the order of threads may give another one on a
// GPU, and one thread that waits for another in a loop never ends (Module.Limit).
//
// NVIDIA, Parallel Thread Execution ISA, version 8.5.
package ptxtest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Module is the kernels of a PTX text and their memory. One goroutine uses it at a time.
type Module struct {
	// Limit is how many branches and calls a thread may take before it counts as one that
	// never ends; 0 is 1e9.
	Limit int64

	code    []ins
	lines   []int32  // by instruction: line of the text
	opcode  []int32  // by instruction: index into opcodes; -1: part of another instruction
	counts  []uint64 // by instruction: how often it ran
	opcodes []string
	source  []string
	funcs   map[string]*function
	calls   []call
	tables  [][]int64 // targets of brx.idx
	vars    map[string]*variable
	mem     memory
	shared  int // bytes of shared memory
}

// ins is an instruction. d, a, b, c are registers of the frame, or numbers where op says so.
type ins struct {
	op         op
	n          uint8
	d, a, b, c int32
	imm        int64
}

// function is an entry or a device function.
type function struct {
	name   string
	entry  bool
	body   bool
	pc     int64
	regs   int      // registers, the constants after them included
	consts []uint64 // the last registers
	params []param
	rets   []param
	frame  int // bytes of the parameters, results and those of calls
	local  int // bytes of local memory
}

// param is a parameter or result in the frame.
type param struct {
	name        string
	off, size   int
	align, elem int
}

// call says what a call passes: bytes from the caller's frame to the callee's and back.
type call struct {
	f        *function
	in, back []move
}

type move struct{ from, to, size int }

// variable is one of the module.
type variable struct {
	space space
	addr  uint64
	off   int
	size  int
}

// SyntaxError is PTX that Load does not take.
type SyntaxError struct {
	Line    int
	Text    string // the line
	Message string
}

func (e *SyntaxError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("ptxtest: line %d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("ptxtest: line %d: %s: %s", e.Line, strings.TrimSpace(e.Text), e.Message)
}

// Fault is an instruction that a thread could not execute.
type Fault struct {
	Kernel        string
	Block, Thread int
	Line          int
	Text          string // the line
	Message       string
}

func (e *Fault) Error() string {
	return fmt.Sprintf("ptxtest: kernel %s, block %d, thread %d, line %d: %s: %s", e.Kernel, e.Block, e.Thread, e.Line, strings.TrimSpace(e.Text), e.Message)
}

// Load reads PTX text. The error is a *SyntaxError.
func Load(ptx []byte) (*Module, error) {
	src := string(ptx)
	m := &Module{source: strings.Split(src, "\n"), funcs: map[string]*function{}, vars: map[string]*variable{}}
	m.mem.pieces = [][]byte{{}}
	tokens, err := scan(strings.TrimRight(src, "\x00"))
	if err == nil {
		p := &parser{m: m, tokens: tokens, names: map[string]int32{}}
		err = p.module()
	}
	if err != nil {
		if e, ok := err.(*SyntaxError); ok && 0 < e.Line && e.Line <= len(m.source) {
			e.Text = m.source[e.Line-1]
		}
		return nil, err
	}
	m.counts = make([]uint64, len(m.code))
	return m, nil
}

// Kernels lists the names of the entries.
func (m *Module) Kernels() []string {
	var list []string
	for name, f := range m.funcs {
		if f.entry {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// Variable returns the memory of a variable of the module in global or constant memory,
// nil where there is none of this name.
func (m *Module) Variable(name string) []byte {
	v := m.vars[name]
	switch {
	case v == nil || v.space == sharedSpace:
		return nil
	case v.space == constSpace:
		return m.mem.consts[v.off : v.off+v.size]
	}
	return m.mem.pieces[0][v.off : v.off+v.size]
}

// Opcodes counts the instructions of the text by opcode with its modifiers.
func (m *Module) Opcodes() map[string]int {
	n := map[string]int{}
	for _, k := range m.opcode {
		if k >= 0 {
			n[m.opcodes[k]]++
		}
	}
	return n
}

// Executed counts the instructions that ran since Load or Reset by opcode.
func (m *Module) Executed() map[string]uint64 {
	n := map[string]uint64{}
	for i, k := range m.opcode {
		if k >= 0 && m.counts[i] > 0 {
			n[m.opcodes[k]] += m.counts[i]
		}
	}
	return n
}

// Reset forgets how often instructions ran.
func (m *Module) Reset() { clear(m.counts) }

// Contractible lists the opcodes of the text that ptxas may fuse with others, which
// changes results: sums and products without a rounding modifier.
func (m *Module) Contractible() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m.Opcodes())) {
		if name == "add.f64" || name == "sub.f64" || name == "mul.f64" {
			list = append(list, name)
		}
	}
	return list
}

// Launch runs a kernel with grid blocks of block threads each. The arguments are Pointer,
// integers of 32 and 64 bits, float64, or []byte for a parameter that is an array or a
// structure. The error is a *Fault where a thread fails; what ran before stays done.
func (m *Module) Launch(kernel string, grid, block int, args ...any) error {
	f := m.funcs[kernel]
	if f == nil || !f.entry {
		return fmt.Errorf("ptxtest: there is no kernel %q; the text has %s", kernel, strings.Join(m.Kernels(), ", "))
	}
	if grid < 1 || block < 1 || block > 1024 || grid > math.MaxInt32 {
		return fmt.Errorf("ptxtest: a grid of %d blocks of %d threads: blocks are 1 to 2147483647, threads 1 to 1024", grid, block)
	}
	if len(args) != len(f.params) {
		return fmt.Errorf("ptxtest: kernel %s has %d parameters, not %d", kernel, len(f.params), len(args))
	}
	frame := make([]byte, f.frame)
	for i, a := range args {
		p := f.params[i]
		var v uint64
		size := 8
		switch a := a.(type) {
		case Pointer:
			v = uint64(a)
		case uint64:
			v = a
		case int64:
			v = uint64(a)
		case float64:
			v = math.Float64bits(a)
		case uint32:
			v, size = uint64(a), 4
		case int32:
			v, size = uint64(uint32(a)), 4
		case []byte:
			if len(a) != p.size {
				return fmt.Errorf("ptxtest: parameter %d of kernel %s has %d bytes, not %d", i, kernel, p.size, len(a))
			}
			copy(frame[p.off:], a)
			continue
		default:
			return fmt.Errorf("ptxtest: argument %d is a %T: give a Pointer, an integer of 32 or 64 bits, a float64 or a []byte", i, a)
		}
		if size != p.size {
			return fmt.Errorf("ptxtest: parameter %d of kernel %s has %d bytes, not %d", i, kernel, p.size, size)
		}
		put(frame[p.off:p.off+size], v)
	}
	return m.launch(f, grid, block, frame)
}
