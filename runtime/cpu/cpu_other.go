//go:build !amd64

package cpu

func detect() (avx2, avx512 bool) { return false, false }
