package vm

import (
	"unsafe"

	"github.com/mtkc/mtkc/runtime/cpu"
)

// laneISAs lists the machines in assembly that the processor runs, best first.
func laneISAs() (list []*laneISA) {
	if cpu.AVX512 {
		list = append(list, &laneISA{name: "avx512", loops: []laneLoop{{64, avx512x8}, {32, avx512x4}, {8, avx512x1}}, read: gatherAVX512})
	}
	if cpu.AVX2 {
		list = append(list, &laneISA{name: "avx2", loops: []laneLoop{{32, avx2x8}, {16, avx2x4}, {8, avx2x2}}})
	}
	return list
}

//go:noescape
func avx512x8(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func avx512x4(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func avx512x1(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func avx2x8(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func avx2x4(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func avx2x2(code *laneInstr, rows *unsafe.Pointer) *laneInstr

// gatherAVX512 reads d[i] = from[list[i]] for n entries.
//
//go:noescape
func gatherAVX512(d, from *float64, list *int32, n int)
