package ode

//go:noescape
func start3AVX(p, t *float64, u *float64, past, w, y *[]float64, n int)

//go:noescape
func start5AVX(p, t *float64, u *float64, past, w, y *[]float64, n int)

//go:noescape
func start7AVX(p, t *float64, u *float64, past, w, y *[]float64, n int)

//go:noescape
func combine3AVX(ti, l *float64, f, w *[]float64, b *float64, x *[]complex128, n int)

//go:noescape
func combine5AVX(ti, l *float64, f, w *[]float64, b *float64, x *[]complex128, n int)

//go:noescape
func combine7AVX(ti, l *float64, f, w *[]float64, b *float64, x *[]complex128, n int)

//go:noescape
func update3AVX(t, b *float64, x *[]complex128, inv *float64, w, y *[]float64, n int) (sum float64)

//go:noescape
func update5AVX(t, b *float64, x *[]complex128, inv *float64, w, y *[]float64, n int) (sum float64)

//go:noescape
func update7AVX(t, b *float64, x *[]complex128, inv *float64, w, y *[]float64, n int) (sum float64)

// inVectors reports whether the loops by vectors go over all entries.
func (r *firk) inVectors() bool {
	return vectors && len(r.g) > 1 && (r.c.N == 3 || r.c.N == 5 || r.c.N == 7)
}

// startVectors is start, where the step before had the same number of stages; false: it has done nothing.
func (r *firk) startVectors(a []float64) bool {
	if !r.inVectors() {
		return false
	}
	n, u := padded(len(r.g)), r.ws.U
	if n > len(u) {
		copy(r.u, u)
		u = r.u
	}
	t := &r.c.t[0]
	switch r.c.N {
	case 3:
		start3AVX(&a[0], t, &u[0], &r.past[0], &r.w[0], &r.y[0], n)
	case 5:
		start5AVX(&a[0], t, &u[0], &r.past[0], &r.w[0], &r.y[0], n)
	case 7:
		start7AVX(&a[0], t, &u[0], &r.past[0], &r.w[0], &r.y[0], n)
	}
	return true
}

// combineVectors is combine but for the rows without mass; false: it has done nothing.
func (r *firk) combineVectors() bool {
	if !r.inVectors() {
		return false
	}
	n, ti, l := padded(len(r.g)), &r.c.ti[0], &r.lam[0]
	switch r.c.N {
	case 3:
		combine3AVX(ti, l, &r.f[0], &r.w[0], &r.g[0], &r.x[0], n)
	case 5:
		combine5AVX(ti, l, &r.f[0], &r.w[0], &r.g[0], &r.x[0], n)
	case 7:
		combine7AVX(ti, l, &r.f[0], &r.w[0], &r.g[0], &r.x[0], n)
	}
	return true
}

// updateVectors is update; false: it has done nothing.
func (r *firk) updateVectors() (sum float64, ok bool) {
	if !r.inVectors() {
		return 0, false
	}
	n, t := padded(len(r.g)), &r.c.t[0]
	switch r.c.N {
	case 3:
		sum = update3AVX(t, &r.g[0], &r.x[0], &r.inv[0], &r.w[0], &r.y[0], n)
	case 5:
		sum = update5AVX(t, &r.g[0], &r.x[0], &r.inv[0], &r.w[0], &r.y[0], n)
	case 7:
		sum = update7AVX(t, &r.g[0], &r.x[0], &r.inv[0], &r.w[0], &r.y[0], n)
	}
	return sum, true
}
