//go:build !amd64

package ode

func (r *firk) startVectors(a []float64) bool { return false }

func (r *firk) combineVectors() bool { return false }

func (r *firk) updateVectors() (sum float64, ok bool) { return 0, false }
