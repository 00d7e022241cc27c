package vm

import "unsafe"

// laneISAs lists the machines in assembly that the processor runs, best first.
func laneISAs() []*laneISA {
	return []*laneISA{{"neon", [2]int{32, 8}, [2]func(*laneInstr, *unsafe.Pointer) *laneInstr{neonx16, neonx4}, nil}}
}

// The loops run the instructions from code on until one that leaves, and return it. rows are the
// addresses of the rows by number.

//go:noescape
func neonx16(code *laneInstr, rows *unsafe.Pointer) *laneInstr

//go:noescape
func neonx4(code *laneInstr, rows *unsafe.Pointer) *laneInstr
