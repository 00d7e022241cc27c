package taylor

// Jet returns the function ode.Kernels.Jet of the tape, with memory of its own: it writes
// the normalised coefficients 0 to order of the solution of u' = f(t, u, p) through (t, u) to c, those of
// u[i] from c[i*(order+1)] on. It allocates where the order is larger than in all calls before.
func (t *Tape) Jet() func(time float64, u, p []float64, order int, c []float64) {
	r := &run{Tape: t, num: make([]float64, len(t.numbers))}
	for i, is := range t.Later() {
		if is {
			r.later = append(r.later, t.steps[i])
		}
	}
	for i, x := range t.numbers {
		r.num[i] = x.Value
	}
	return r.jet
}

// run is a tape with the memory of one user.
type run struct {
	*Tape
	num   []float64
	later []Step    // those of which entries behind the first are read
	w     []float64 // series, each of stride entries; those of the states first
}

// jet computes the coefficients.
func (r *run) jet(time float64, u, p []float64, order int, c []float64) {
	m := order + 1
	if len(r.w) < r.series*m {
		r.w = make([]float64, r.series*m)
	}
	for i := range r.numbers {
		switch x := &r.numbers[i]; {
		case x.Param >= 0:
			r.num[i] = p[x.Param]
		case !x.Given:
			v := [3]float64{}
			v[0] = r.num[^x.A]
			if k := x.Op.Arity(); k > 1 {
				v[1] = r.num[^x.B]
				if k > 2 {
					v[2] = r.num[^x.C]
				}
			}
			r.num[i] = x.Op.first(v[0], v[1], v[2])
		}
	}
	w := r.w
	for i := range r.n {
		w[i*m] = u[i]
	}
	if r.time >= 0 {
		s := w[int(r.time)*m : (int(r.time)+1)*m]
		clear(s)
		s[0] = time
		if order > 0 {
			s[1] = 1
		}
	}
	if order > 0 {
		r.start(m)
	}
	for n := 1; n < order; n++ {
		r.raise(n, m)
	}
	copy(c[:r.n*m], w)
}

// start computes the first entries, and entry 1 of the states.
func (r *run) start(m int) {
	w := r.w
	at := func(v Value) float64 {
		if v < 0 {
			return r.num[^v]
		}
		return w[int(v)*m]
	}
	for i := range r.steps {
		s := &r.steps[i]
		d := int(s.D) * m
		a := at(s.A)
		b, c := 0.0, 0.0
		if k := s.Op.Arity(); k > 1 {
			b = at(s.B)
			if k > 2 {
				c = at(s.C)
			}
		}
		x := s.Op.first(a, b, c)
		w[d] = x
		switch s.Rule {
		case SineCos:
			w[d+m] = OpCos.first(a, 0, 0)
		case SinhCos:
			w[d+m] = OpCosh.first(a, 0, 0)
		case Tangent:
			w[d+m] = 1 + float64(x*x)
		case HypTan:
			w[d+m] = 1 - float64(x*x)
		}
	}
	for i, v := range r.out {
		w[i*m+1] = at(v)
		if v < 0 {
			clear(w[i*m+2 : (i+1)*m])
		}
	}
}

// raise computes entry n of all series, and entry n+1 of the states.
func (r *run) raise(n, m int) {
	w := r.w
	series := func(v Value) []float64 { return w[int(v)*m : int(v)*m+m] }
	for i := range r.later {
		s := &r.later[i]
		d := series(s.D)
		var x float64
		switch s.Rule {
		case Zero:
		case Negate:
			x = -w[int(s.A)*m+n]
		case Sum:
			x = w[int(s.A)*m+n] + w[int(s.B)*m+n]
		case Diff:
			x = w[int(s.A)*m+n] - w[int(s.B)*m+n]
		case Same:
			x = w[int(s.A)*m+n]
		case Opposite:
			x = -w[int(s.B)*m+n]
		case Scale:
			if s.A < 0 {
				x = r.num[^s.A] * w[int(s.B)*m+n]
			} else {
				x = w[int(s.A)*m+n] * r.num[^s.B]
			}
		case Product:
			x = Mul(series(s.A), series(s.B), n)
		case Squared:
			x = Square(series(s.A), n)
		case Over:
			x = w[int(s.A)*m+n] / r.num[^s.B]
		case Ratio:
			x = Div(w[int(s.A)*m+n], series(s.B), d, n)
		case Inverse:
			x = Div(0, series(s.B), d, n)
		case Root:
			x = Sqrt(w[int(s.A)*m+n], d, n)
		case Power:
			x = Pow(series(s.A), r.num[^s.B], d, n)
		case Cubes:
			x = Pow(series(s.C), -1.5, d, n)
		case Exp:
			x = Chain(series(s.C), d, n)
		case SineCos:
			SinCos(series(s.A), d, series(s.D+1), n)
			continue
		case SinhCos:
			SinhCosh(series(s.A), d, series(s.D+1), n)
			continue
		case Tangent:
			Tan(series(s.A), d, series(s.D+1), n)
			continue
		case HypTan:
			Tanh(series(s.A), d, series(s.D+1), n)
			continue
		case Quot:
			x = Quotient(w[int(s.A)*m+n], series(s.B), d, n)
		case Angle:
			x = Atan2(series(s.A), series(s.B), series(s.C), d, n)
		case Absolute:
			x = Sign(series(s.A), n) * w[int(s.A)*m+n]
		case Smaller:
			x = Smallest(series(s.A), series(s.B), n)
		case Larger:
			x = Largest(series(s.A), series(s.B), n)
		case Choice:
			v := s.C
			if cond := s.A; cond < 0 && r.num[^cond] != 0 || cond >= 0 && w[int(cond)*m] != 0 {
				v = s.B
			}
			x = w[int(v)*m+n]
		default:
			panic("mtkc: bug: unknown rule")
		}
		d[n] = x
	}
	k := float64(n + 1)
	for i, v := range r.out {
		if v >= 0 {
			w[i*m+n+1] = w[int(v)*m+n] / k
		}
	}
}
