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

// vectorEntries is how many of n unknowns the loops by vectors take, the first ones, of a method with so many stages.
func vectorEntries(stages, n int) int {
	if !vectors || n < 8 || stages != 3 && stages != 5 && stages != 7 {
		return 0
	}
	return n &^ 3
}

// startVectors does the first n entries of start, where vectorEntries is n.
func (r *firk) startVectors(a []float64, n int) {
	t, u := &r.c.t[0], &r.ws.U[0]
	switch r.c.N {
	case 3:
		start3AVX(&a[0], t, u, &r.past[0], &r.w[0], &r.y[0], n)
	case 5:
		start5AVX(&a[0], t, u, &r.past[0], &r.w[0], &r.y[0], n)
	case 7:
		start7AVX(&a[0], t, u, &r.past[0], &r.w[0], &r.y[0], n)
	}
}

// combineVectors does the first n entries of combine.
func (r *firk) combineVectors(n int) {
	ti, l := &r.c.ti[0], &r.lam[0]
	switch r.c.N {
	case 3:
		combine3AVX(ti, l, &r.f[0], &r.w[0], &r.g[0], &r.x[0], n)
	case 5:
		combine5AVX(ti, l, &r.f[0], &r.w[0], &r.g[0], &r.x[0], n)
	case 7:
		combine7AVX(ti, l, &r.f[0], &r.w[0], &r.g[0], &r.x[0], n)
	}
}

// updateVectors does the first n entries of update.
func (r *firk) updateVectors(n int) (sum float64) {
	t := &r.c.t[0]
	switch r.c.N {
	case 3:
		sum = update3AVX(t, &r.g[0], &r.x[0], &r.inv[0], &r.w[0], &r.y[0], n)
	case 5:
		sum = update5AVX(t, &r.g[0], &r.x[0], &r.inv[0], &r.w[0], &r.y[0], n)
	case 7:
		sum = update7AVX(t, &r.g[0], &r.x[0], &r.inv[0], &r.w[0], &r.y[0], n)
	}
	return sum
}
