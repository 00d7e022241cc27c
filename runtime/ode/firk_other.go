//go:build !amd64

package ode

func vectorEntries(stages, n int) int { return 0 }

func (r *firk) startVectors(a []float64, n int) {}

func (r *firk) combineVectors(n int) {}

func (r *firk) updateVectors(n int) (sum float64) { return 0 }
