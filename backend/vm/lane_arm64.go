package vm

import "unsafe"

// laneISAs lists the machines in assembly that the processor runs, best first.
func laneISAs() []*laneISA {
	return []*laneISA{{name: "neon", loops: []laneLoop{{32, neonx16}, {16, neonx8}, {8, neonx4}}}}
}

//go:noescape
func neonx16(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func neonx8(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func neonx4(code *laneInstr, rows *unsafe.Pointer) *laneInstr
