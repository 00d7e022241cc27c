//go:build !amd64 && !arm64

package vm

// laneISAs lists the machines in assembly that the processor runs, best first.
func laneISAs() []*laneISA { return nil }
