package ptxtest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend/cuda/internal/kernels"
)

// launch maps the slices among the arguments and runs the kernel of a case.
func launch(t testing.TB, m *Module, c *kernels.Case, args []any) error {
	t.Helper()
	list := make([]any, len(args))
	for i, a := range args {
		var p Pointer
		switch a := a.(type) {
		case []float64:
			p = Map(m, a)
		case []int64:
			p = Map(m, a)
		case []uint32:
			p = Map(m, a)
		case kernels.Bytes:
			p = Map(m, []byte(a))
		default:
			list[i] = a
			continue
		}
		list[i] = p
		defer func() {
			if err := m.Unmap(p); err != nil {
				t.Error(err)
			}
		}()
	}
	return m.Launch(c.Name, c.Grid, c.Block, list...)
}

// What LLVM made gives what Go computes, to the bit.
func TestKernels(t *testing.T) {
	for _, c := range kernels.Cases() {
		t.Run(c.String(), func(t *testing.T) {
			m, err := Load(c.PTX())
			if err != nil {
				t.Fatal(err)
			}
			got, want := c.Args(), c.Args()
			if err := launch(t, m, &c, got); err != nil {
				t.Fatal(err)
			}
			c.Want(want)
			if d := kernels.Differ(got, want); d != "" {
				t.Error(d)
			}
			if list := m.Contractible(); list != nil {
				t.Errorf("%v may be fused", list)
			}
		})
	}
}

// text is a kernel k(in, out) around instructions, with registers of all kinds.
func text(body string) []byte {
	return []byte(`.version 7.0
.target sm_70
.address_size 64
.const .align 8 .u64 konst[2] = {7, -1};
.shared .align 8 .b8 room[64];
.visible .entry k(.param .u64 k_in, .param .u64 k_out) {
	.local .align 8 .b8 depot[32];
	.reg .pred %p<9>;
	.reg .b16 %rs<9>;
	.reg .b32 %r<9>;
	.reg .b64 %rd<20>;
	.reg .f64 %fd<9>;
	ld.param.u64 %rd10, [k_in];
	ld.param.u64 %rd11, [k_out];
	ld.global.v2.u64 {%rd1, %rd2}, [%rd10];
	ld.global.u64 %rd3, [%rd10+16];
	ld.global.f64 %fd1, [%rd10];
	ld.global.f64 %fd2, [%rd10+8];
	cvt.u32.u64 %r1, %rd1;
	cvt.u32.u64 %r2, %rd2;
	cvt.u32.u64 %r3, %rd3;
	cvt.u16.u64 %rs1, %rd1;
	cvt.u16.u64 %rs2, %rd2;
` + body + `
	st.global.u64 [%rd11], %rd4;
	ret;
}
`)
}

// run executes instructions on three numbers and returns what they leave in %rd4.
func run(body string, in ...uint64) (uint64, error) {
	m, err := Load(text(body))
	if err != nil {
		return 0, err
	}
	out := make([]uint64, 1)
	in = append(in, 0, 0, 0)[:4]
	err = m.Launch("k", 1, 1, Map(m, in), Map(m, out))
	return out[0], err
}

// Operations that the kernels do not have, by hand after the PTX ISA's description.
func TestOperations(t *testing.T) {
	f := math.Float64bits
	nan := f(math.NaN())
	for _, c := range []struct {
		body    string
		a, b, c uint64
		want    uint64
	}{
		{"bfe.u32 %r4, %r1, 4, 8; cvt.u64.u32 %rd4, %r4;", 0xabcdef, 0, 0, 0xde},
		{"bfe.s32 %r4, %r1, 4, 8; cvt.u64.u32 %rd4, %r4;", 0xabcdef, 0, 0, 0xffffffde},
		{"bfe.s32 %r4, %r1, 28, 8; cvt.u64.u32 %rd4, %r4;", 0x90000000, 0, 0, 0xfffffff9},
		{"bfe.u32 %r4, %r1, 28, 8; cvt.u64.u32 %rd4, %r4;", 0x90000000, 0, 0, 9},
		{"bfe.s64 %rd4, %rd1, %r2, %r3;", 0x8000000000000000, 70, 3, math.MaxUint64},
		{"bfe.u64 %rd4, %rd1, 0, 64;", 0x8000000000000001, 0, 0, 0x8000000000000001},
		{"bfe.s64 %rd4, %rd1, 3, 0;", math.MaxUint64, 0, 0, 0},
		{"bfi.b64 %rd4, %rd1, %rd2, 8, 16;", 0x12345, 0xffffffffffffffff, 0, 0xffffffffff2345ff},
		{"bfi.b32 %r4, %r1, %r2, 24, 16; cvt.u64.u32 %rd4, %r4;", 0x1234, 0x99887766, 0, 0x34887766},
		{"shf.l.wrap.b32 %r4, %r1, %r2, %r3; cvt.u64.u32 %rd4, %r4;", 0x80000001, 0x00000003, 33, 7},
		{"shf.l.clamp.b32 %r4, %r1, %r2, %r3; cvt.u64.u32 %rd4, %r4;", 0x80000001, 0x00000003, 33, 0x80000001},
		{"shf.r.wrap.b32 %r4, %r1, %r2, %r3; cvt.u64.u32 %rd4, %r4;", 0x80000001, 0x00000003, 4, 0x38000000},
		{"shf.r.clamp.b32 %r4, %r1, %r2, %r3; cvt.u64.u32 %rd4, %r4;", 0x80000001, 0x00000003, 40, 3},
		{"lop3.b32 %r4, %r1, %r2, %r3, 0xe8; cvt.u64.u32 %rd4, %r4;", 0xf0f0, 0xff00, 0xaaaa, 0xfaa0}, // the majority
		{"lop3.b32 %r4, %r1, %r2, %r3, 0x96; cvt.u64.u32 %rd4, %r4;", 0xf0f0, 0xff00, 0xaaaa, 0xf0f0 ^ 0xff00 ^ 0xaaaa},
		{"prmt.b32 %r4, %r1, %r2, 0x7250; cvt.u64.u32 %rd4, %r4;", 0x03020100, 0x07060504, 0, 0x07020500},
		{"prmt.b32 %r4, %r1, %r2, 0x000f; cvt.u64.u32 %rd4, %r4;", 0x03020100, 0x87060504, 0, 0x000000ff},
		{"popc.b32 %r4, %r1; cvt.u64.u32 %rd4, %r4;", 0xff00ff00ff, 0, 0, 16},
		{"mul.wide.s16 %r4, %rs1, %rs2; cvt.u64.u32 %rd4, %r4;", 0xffff, 3, 0, 0xfffffffd},
		{"mul.wide.u16 %r4, %rs1, %rs2; cvt.u64.u32 %rd4, %r4;", 0xffff, 3, 0, 0x2fffd},
		{"mad.wide.s32 %rd4, %r1, %r2, %rd3;", 0xffffffff, 2, 10, 8},
		{"mad.wide.u32 %rd4, %r1, 2, %rd3;", 0xffffffff, 0, 10, 0x200000008},
		{"mad.lo.s64 %rd4, %rd1, %rd2, %rd3;", 5, 6, 7, 37},
		{"mul.hi.u32 %r4, %r1, %r2; cvt.u64.u32 %rd4, %r4;", 0xffffffff, 0xffffffff, 0, 0xfffffffe},
		{"mul.hi.s32 %r4, %r1, %r2; cvt.u64.u32 %rd4, %r4;", 0xffffffff, 5, 0, 0xffffffff},
		{"min.s32 %r4, %r1, %r2; cvt.u64.u32 %rd4, %r4;", 0xffffffff, 5, 0, 0xffffffff},
		{"min.u32 %r4, %r1, %r2; cvt.u64.u32 %rd4, %r4;", 0xffffffff, 5, 0, 5},
		{"abs.s32 %r4, %r1; cvt.u64.u32 %rd4, %r4;", 0xfffffffe, 0, 0, 2},
		{"abs.s32 %r4, %r1; cvt.u64.u32 %rd4, %r4;", 0x80000000, 0, 0, 0x80000000},
		{"neg.s32 %r4, %r1; cvt.u64.u32 %rd4, %r4;", 1, 0, 0, 0xffffffff},
		{"shl.b32 %r4, %r1, %r2; cvt.u64.u32 %rd4, %r4;", 1, 32, 0, 0},
		{"shr.s32 %r4, %r1, %r2; cvt.u64.u32 %rd4, %r4;", 0x80000000, 99, 0, 0xffffffff},
		{"shr.u64 %rd4, %rd1, %r2;", math.MaxUint64, 64, 0, 0},
		{"shr.s16 %rs3, %rs1, %r2; cvt.s64.s16 %rd4, %rs3;", 0x8000, 4, 0, 0xfffffffffffff800},
		{"cvt.s64.s8 %rd4, %rd1;", 0x1280, 0, 0, 0xffffffffffffff80},
		{"cvt.u8.u64 %rd4, %rd1;", 0x12345, 0, 0, 0x45},
		{"cvt.s16.s64 %rd4, %rd1;", 0x18000, 0, 0, 0xffffffffffff8000}, // the register is wider: extended by sign
		{"cvt.u32.s16 %r4, %rs1; cvt.u64.u32 %rd4, %r4;", 0x8000, 0, 0, 0xffff8000},
		{"cvt.s64.u32 %rd4, %r1;", 0x80000000, 0, 0, 0x80000000},
		{"not.b16 %rs3, %rs1; cvt.u64.u16 %rd4, %rs3;", 0xff, 0, 0, 0xff00},
		{"not.b32 %r4, %r1; cvt.u64.u32 %rd4, %r4;", 0xff, 0, 0, 0xffffff00},
		{"mov.b64 %rd4, {%r1, %r2};", 1, 2, 0, 0x200000001},
		{"mov.b32 %r4, {%rs1, %rs2}; cvt.u64.u32 %rd4, %r4;", 1, 2, 0, 0x20001},
		{"mov.b64 %rd4, {%rs1, %rs2, %rs1, %rs2};", 1, 2, 0, 0x0002000100020001},
		{"mov.b64 {%r4, %r5}, %rd1; cvt.u64.u32 %rd4, %r5;", 0x1234567890, 0, 0, 0x12},
		{"{ .reg .b32 tmp; mov.b64 {tmp, %r5}, %rd1; } cvt.u64.u32 %rd4, %r5;", 0x1234567890, 0, 0, 0x12},
		{"mov.b64 {_, %r5}, %rd1; cvt.u64.u32 %rd4, %r5;", 0x1234567890, 0, 0, 0x12},
		{"mov.b64 {%rs3, %rs4, %rs5, %rs6}, %rd1; cvt.u64.u16 %rd4, %rs5;", 0x4444333322221111, 0, 0, 0x3333},
		{"mov.u32 %r4, %ntid.x; cvt.u64.u32 %rd4, %r4;", 0, 0, 0, 1},
		{"mov.u32 %r4, WARP_SZ; cvt.u64.u32 %rd4, %r4;", 0, 0, 0, 32},
		{"ld.const.u64 %rd4, [konst+8];", 0, 0, 0, math.MaxUint64},
		{"mov.u64 %rd5, konst; cvta.const.u64 %rd5, %rd5; ld.u64 %rd4, [%rd5];", 0, 0, 0, 7},
		{"st.shared.u32 [room+4], %r1; mov.u64 %rd5, room; cvta.shared.u64 %rd5, %rd5; ld.u32 %r4, [%rd5+4]; cvt.u64.u32 %rd4, %r4;", 77, 0, 0, 77},
		{"st.local.b8 [depot+3], %rs1; ld.local.s8 %r4, [depot+3]; cvt.u64.u32 %rd4, %r4;", 0x1ff, 0, 0, 0xffffffff},
		{"st.local.b8 [depot+3], %rs1; ld.local.u8 %rd4, [depot+3];", 0x1ff, 0, 0, 0xff},
		{"ld.global.s32 %rd4, [%rd10+8];", 0, 0x80000000, 0, 0xffffffff80000000},
		{"ld.volatile.global.u32 %rd4, [%rd10+8];", 0, 0x180000000, 0, 0x80000000},
		{"@%p1 mov.u64 %rd4, 5; @!%p1 mov.u64 %rd4, 6;", 0, 0, 0, 6},
		{"mov.pred %p1, -1; @%p1 st.global.v2.u64 [%rd10], {%rd2, %rd3}; ld.global.u64 %rd4, [%rd10+8];", 1, 2, 3, 3},
		{"setp.lo.u32 %p1, %r1, %r2; not.pred %p2, %p1; selp.u64 %rd4, 1, 2, %p2;", 1, 2, 0, 2},
		{"testp.finite.f64 %p1, %fd1; selp.u64 %rd4, 1, 0, %p1;", f(math.MaxFloat64), 0, 0, 1},
		{"testp.notanumber.f64 %p1, %fd1; selp.u64 %rd4, 1, 0, %p1;", nan, 0, 0, 1},
		{"testp.infinite.f64 %p1, %fd1; selp.u64 %rd4, 1, 0, %p1;", f(math.Inf(-1)), 0, 0, 1},
		{"testp.subnormal.f64 %p1, %fd1; selp.u64 %rd4, 1, 0, %p1;", 1, 0, 0, 1},
		{"testp.normal.f64 %p1, %fd1; selp.u64 %rd4, 1, 0, %p1;", 0, 0, 0, 0},
		{"copysign.f64 %fd3, %fd1, %fd2; mov.b64 %rd4, %fd3;", f(-2), f(3), 0, f(-3)},
		{"min.f64 %fd3, %fd1, %fd2; mov.b64 %rd4, %fd3;", 0, f(math.Copysign(0, -1)), 0, f(math.Copysign(0, -1))},
		{"max.f64 %fd3, %fd1, %fd2; mov.b64 %rd4, %fd3;", nan, f(3), 0, f(3)},
		{"add.f64 %fd3, %fd1, 0d3FF0000000000000; mov.f64 %fd4, %fd3; mov.b64 %rd4, %fd4;", f(2), 0, 0, f(3)},
		{"cvt.rni.s32.f64 %r4, %fd1; cvt.s64.s32 %rd4, %r4;", f(-2.5), 0, 0, 0xfffffffffffffffe},
		{"cvt.rmi.s32.f64 %r4, %fd1; cvt.s64.s32 %rd4, %r4;", f(-2.5), 0, 0, 0xfffffffffffffffd},
		{"cvt.rpi.s64.f64 %rd4, %fd1;", f(2.1), 0, 0, 3},
		{"cvt.rzi.s64.f64 %rd4, %fd1;", nan, 0, 0, 1 << 63},
		{"cvt.rzi.u32.f64 %r4, %fd1; cvt.u64.u32 %rd4, %r4;", nan, 0, 0, 1 << 31},
		{"cvt.rzi.u64.f64 %rd4, %fd1;", f(1<<63 + 4096), 0, 0, 1<<63 + 4096},
		{"atom.global.inc.u32 %r4, [%rd10+8], %r1; ld.global.u64 %rd4, [%rd10+8];", 5, 5, 0, 0},
		{"atom.global.dec.u32 %r4, [%rd10+8], %r1; ld.global.u64 %rd4, [%rd10+8];", 5, 9, 0, 5},
		{"atom.global.cas.b64 %rd5, [%rd10+8], %rd2, %rd3; ld.global.u64 %rd4, [%rd10+8];", 0, 4, 9, 9},
		{"atom.relaxed.gpu.global.max.s32 %r4, [%rd10+8], %r1; ld.global.u64 %rd4, [%rd10+8];", 1, 0xffffffff, 0, 1},
		{"red.global.add.f64 [%rd10+8], %fd1; ld.global.u64 %rd4, [%rd10+8];", f(1.5), f(2), 0, f(3.5)},
		{"atom.exch.b64 %rd4, [%rd10], %rd2;", 3, 4, 0, 3},
		{"activemask.b32 %r4; vote.sync.ballot.b32 %r5, !%p1, %r4; cvt.u64.u32 %rd4, %r5;", 0, 0, 0, 1},
		{"tab: .branchtargets A, B; brx.idx %r1, tab; A: mov.u64 %rd4, 10; bra C; B: mov.u64 %rd4, 20; C:", 1, 0, 0, 20},
		{"bra.uni E; mov.u64 %rd4, 1; E: membar.gl; fence.acq_rel.gpu;", 0, 0, 0, 0},
	} {
		got, err := run(c.body, c.a, c.b, c.c)
		if err != nil || got != c.want {
			t.Errorf("%s of %#x, %#x, %#x is %#x, wanted %#x (%v)", c.body, c.a, c.b, c.c, got, c.want, err)
		}
	}
}

// Every text that is not understood is refused with its line.
func TestSyntax(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{"foo.f64 %fd3, %fd1;", "line 24: foo.f64 %fd3, %fd1;: unknown opcode foo.f64"},
		{"add.rz.f64 %fd3, %fd1, %fd2;", "unknown opcode add.rz.f64"},
		{"sqrt.approx.f64 %fd3, %fd1;", "unknown opcode"},
		{"setp.lt.and.f64 %p1, %fd1, %fd2, %p2;", "unknown opcode"},
		{"ld.global.foo.f64 %fd3, [%rd10];", "unknown opcode"},
		{"st.const.f64 [konst], %fd1;", "constant memory is not written"},
		{"add.s64 %rd4, %rd1, %r1;", "register %r1 has 32 bits, not 64 bits"},
		{"add.s64 %rd4, %rd1;", `";" stands where "," should`},
		{"add.s64 %rd4, %rd1, %rd77;", "register %rd77 is not declared"},
		{"add.s32 %r4, %r1, 0x100000000;", "does not fit into 32 bits"},
		{"add.f64 %fd3, %fd1, 0d12;", "no number"},
		{"bra X;", "label X is not defined"},
		{"X: X:", "label X is there already"},
		{"call.uni f, ();", "f is no device function"},
		{"ld.param.u64 %rd4, [k_in+8];", "k_in has 8 bytes: offset 8 does not fit"},
		{"ld.local.u64 %rd4, [konst];", "konst does not lie in local memory"},
		{"ld.global.u64 %rd4, [nowhere];", `"nowhere" is no address`},
		{"mov.u32 %r4, %clock;", "register %clock is not declared"},
		{"vote.any.pred %p1, %p2;", "unknown opcode"},
		{"bar.sync 0, 32;", "part of a block"},
		{"/* no end", "the comment has no end"},
		{"\x80", "is no PTX"},
		{"{", "ends too early"},
	} {
		_, err := Load(text(c.body))
		if _, ok := errors.AsType[*SyntaxError](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, wanted %s", c.body, err, c.want)
		}
	}
	_, err := Load([]byte(".extern .func (.param .b64 r) sin(.param .b64 x);\n.entry k() {\n.param .b64 a; .param .b64 b;\ncall.uni (b), sin, (a);\nret;\n}"))
	if err == nil || !strings.Contains(err.Error(), "sin is called but not defined") {
		t.Error(err)
	}
}

// What a thread must not do stops it, with the instruction, the block and the thread.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{"ld.global.f64 %fd3, [%rd10+32];", "kernel k, block 0, thread 0, line 24: ld.global.f64 %fd3, [%rd10+32];: offset 32 to 40 is beyond the 32 bytes of a piece of device memory"},
		{"ld.global.f64 %fd3, [%rd10+-8];", "8 bytes before the start"},
		{"ld.global.f64 %fd3, [%rd10+4];", "not a multiple of 8"},
		{"ld.global.v2.f64 {%fd3, %fd4}, [%rd10+8];", "not a multiple of 16"},
		{"ld.global.f64 %fd3, [%rd5];", "the address is 0"},
		{"st.global.f64 [%rd5], %fd1;", "the address is 0"},
		{"mov.u64 %rd5, depot; ld.u64 %rd4, [%rd5];", "does not lie in memory"}, // without cvta
		{"mov.u64 %rd5, depot; cvta.local.u64 %rd5, %rd5; ld.global.u64 %rd4, [%rd5];", "does not lie in global memory"},
		{"mov.u64 %rd5, depot; ld.local.u64 %rd4, [%rd5+32];", "beyond the 32 bytes of the thread's local memory"},
		{"mov.u64 %rd5, konst; cvta.const.u64 %rd5, %rd5; st.u64 [%rd5], %rd1;", "not written"},
		{"atom.global.add.u32 %r4, [%rd5], 1;", "the address is 0"},
		{"div.s64 %rd4, %rd1, %rd2;", "division by zero"},
		{"L: bra L;", "more branches"},
		{"trap;", "a trap"},
		{"tab: .branchtargets A; add.s32 %r4, %r1, 1; brx.idx %r4, tab; A:", "beyond the table"},
		{"vote.sync.any.pred %p1, %p2, 2;", "not in its own mask"},
	} {
		m, err := Load(text(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		m.Limit = 100
		err = m.Launch("k", 1, 1, Map(m, make([]uint64, 4)), Map(m, make([]uint64, 1)))
		if _, ok := errors.AsType[*Fault](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, wanted %s", c.body, err, c.want)
		}
	}
}

// A launch with what the kernel does not take fails before anything runs.
func TestArguments(t *testing.T) {
	m, err := Load(text(""))
	if err != nil {
		t.Fatal(err)
	}
	p := Map(m, make([]uint64, 4))
	for _, err := range []error{
		m.Launch("q", 1, 1, p, p), m.Launch("k", 0, 1, p, p), m.Launch("k", 1, 2000, p, p), m.Launch("k", 1, 1, p), m.Launch("k", 1, 1, p, int32(1)),
		m.Launch("k", 1, 1, p, "x"), m.Launch("k", 1, 1, p, []byte{1}), m.Unmap(5), m.Unmap(p + 8),
	} {
		if err == nil {
			t.Error("no error")
		} else {
			t.Log(err)
		}
	}
}

// Threads of a warp vote, and those that left do not count; a block meets at barriers.
func TestWarp(t *testing.T) {
	m, err := Load([]byte(`.version 7.0
.target sm_70
.address_size 64
.visible .entry k(.param .u64 k_out) {
	.reg .pred %p<4>;
	.reg .b32 %r<9>;
	.reg .b64 %rd<9>;
	ld.param.u64 %rd1, [k_out];
	mov.u32 %r1, %tid.x;
	mul.wide.u32 %rd2, %r1, 4;
	add.s64 %rd3, %rd1, %rd2;
	setp.eq.s32 %p1, %r1, 5;
	@%p1 ret;
	and.b32 %r2, %r1, 1;
	setp.eq.s32 %p2, %r2, 1;
	vote.sync.ballot.b32 %r3, %p2, -1;
	vote.sync.all.pred %p3, %p2, -1;
	st.global.u32 [%rd3], %r3;
	bar.sync 0;
	xor.b32 %r4, %r1, 1;
	mul.wide.u32 %rd4, %r4, 4;
	add.s64 %rd5, %rd1, %rd4;
	ld.global.u32 %r5, [%rd5];
	bar.sync 0;
	add.s32 %r5, %r5, 1;
	@%p3 add.s32 %r5, %r5, 1;
	st.global.u32 [%rd3], %r5;
	ret;
}`))
	if err != nil {
		t.Fatal(err)
	}
	const odd = 0xaaaaaaaa
	out := make([]uint32, 48)
	if err := m.Launch("k", 1, 48, Map(m, out)); err != nil {
		t.Fatal(err)
	}
	for i, v := range out {
		want := uint32(odd&^(1<<5) + 1)
		switch {
		case i == 4:
			want = 1 // its partner left
		case i == 5:
			want = 0
		case i >= 32:
			want = odd&0xffff + 1
		}
		if v != want {
			t.Errorf("thread %d has %#x, wanted %#x", i, v, want)
		}
	}
}

// Threads that wait for one another for ever are found.
func TestDeadlock(t *testing.T) {
	for _, body := range []string{
		"setp.eq.s32 %p1, %r1, 0; @%p1 bra A; bar.sync 1; ret; A: bar.sync 2; ret;",
		"setp.eq.s32 %p1, %r1, 0; @%p1 bra A; bar.warp.sync -1; ret; A: bar.sync 2; ret;",
	} {
		m, err := Load([]byte(".version 7.0\n.target sm_70\n.address_size 64\n.entry k() { .reg .pred %p<2>; .reg .b32 %r<2>; mov.u32 %r1, %tid.x; " + body + "}"))
		if err != nil {
			t.Fatal(err)
		}
		err = m.Launch("k", 1, 2)
		if _, ok := errors.AsType[*Fault](err); !ok {
			t.Errorf("%s: %v", body, err)
		}
		t.Log(err)
	}
}

// Instructions are counted where they run.
func TestExecuted(t *testing.T) {
	c := kernels.Cases()[0]
	m, err := Load(c.PTX())
	if err != nil {
		t.Fatal(err)
	}
	if err := launch(t, m, &c, c.Args()); err != nil {
		t.Fatal(err)
	}
	n := m.Executed()
	if n["fma.rn.f64"] != 300 || n["setp.ge.u64"] != uint64(c.Grid*c.Block) || n["ld.global.f64"]+n["ld.global.nc.f64"] != 600 {
		t.Error(n)
	}
	m.Reset()
	if len(m.Executed()) != 0 {
		t.Error("not forgotten")
	}
	if m.Opcodes()["fma.rn.f64"] != 1 {
		t.Error(m.Opcodes())
	}
}

// Load takes no text that makes it panic.
func FuzzLoad(f *testing.F) {
	for _, c := range kernels.Cases() {
		f.Add(string(c.PTX()))
	}
	f.Add(string(text("")))
	f.Fuzz(func(t *testing.T, s string) {
		m, err := Load([]byte(s))
		if err != nil {
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				t.Errorf("%T", err)
			}
			return
		}
		m.Limit = 100
		for _, k := range m.Kernels() {
			args := make([]any, len(m.funcs[k].params))
			for i, p := range m.funcs[k].params {
				args[i] = make([]byte, p.size)
			}
			if err := m.Launch(k, 1, 2, args...); err != nil {
				_ = fmt.Sprint(err)
			}
		}
	})
}

func BenchmarkLorenz(b *testing.B) {
	c := kernels.Cases()[1]
	m, err := Load(c.PTX())
	if err != nil {
		b.Fatal(err)
	}
	args := c.Args()
	for b.Loop() {
		if err := launch(b, m, &c, args); err != nil {
			b.Fatal(err)
		}
	}
	n := uint64(0)
	for _, k := range m.Executed() {
		n += k
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/instr")
}
