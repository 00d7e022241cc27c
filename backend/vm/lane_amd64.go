package vm

import (
	"unsafe"

	"github.com/mtkc/mtkc/runtime/cpu"
)

// laneISAs lists the machines in assembly that the processor runs, best first.
func laneISAs() (list []*laneISA) {
	if cpu.AVX512 {
		list = append(list, &laneISA{"avx512", [2]int{64, 8}, [2]func(*laneInstr, *unsafe.Pointer) *laneInstr{avx512x8, avx512x1}, gatherAVX512})
	}
	if cpu.AVX2 {
		list = append(list, &laneISA{"avx2", [2]int{32, 8}, [2]func(*laneInstr, *unsafe.Pointer) *laneInstr{avx2x8, avx2x2}, nil})
	}
	return list
}

// The loops run the instructions from code on until one that leaves, and return it. rows are the
// addresses of the rows by number.

//go:noescape
func avx512x8(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func avx512x1(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func avx2x8(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func avx2x2(code *laneInstr, rows *unsafe.Pointer) *laneInstr

// gatherAVX512 reads d[i] = from[list[i]] for n entries, a multiple of 8.
//
//go:noescape
func gatherAVX512(d, from *float64, list *int32, n int)
