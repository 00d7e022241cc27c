package lti

import (
	"errors"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

func matrix(rows, cols int, v ...float64) Matrix { return Matrix{rows, cols, v} }

// coupled is two coupled oscillators behind a lag. Its numbers below come from
// python-control 0.10.2 with numpy 2.4:
//
//	s = ct.ss(A, B, C, D); ct.poles(s); ct.zeros(s); s(2j); s(0)
//	ct.zeros(ct.ss(A, B[:,[j]], C[[i],:], D[[i],[j]])); ct.tf(...)
//	ct.step_response(s, T=np.linspace(0,5,6), input=0)
func coupled() *System {
	return &System{
		A: matrix(5, 5, 0, 1, 0, 0, 0, -4, -0.5, 2, 0, 0, 0, 0, 0, 1, 0, 2, 0, -6, -0.3, 1, 0, 0, 0, 0, -3),
		B: matrix(5, 2, 0, 0, 1, 0, 0, 0, 0, 1, 2, 0),
		C: matrix(2, 5, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0),
		D: matrix(2, 2, 0, 0, 0, 0.5),
	}
}

// sameRoots compares two lists of roots as sets.
func sameRoots(t *testing.T, what string, got, want []complex128, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
		return
	}
	used := make([]bool, len(got))
	for _, w := range want {
		best, at := math.Inf(1), -1
		for i, g := range got {
			if d := cmplx.Abs(g - w); !used[i] && d < best {
				best, at = d, i
			}
		}
		if !(best <= tol*max(1, cmplx.Abs(w))) {
			t.Errorf("%s: %v, want %v: %v is missing", what, got, want, w)
			return
		}
		used[at] = true
	}
}

func TestCoupled(t *testing.T) {
	s := coupled()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	c := func(re, im float64) []complex128 { return []complex128{complex(re, im), complex(re, -im)} }
	osc := append(c(-0.1771946928506636, 2.68176092136902), c(-0.2228053071493368, 1.6489992494499028)...)
	all := append([]complex128{-3}, osc...)
	sameRoots(t, "poles", s.Poles(), all, 1e-13)
	z, err := s.Zeros()
	if err != nil {
		t.Fatal(err)
	}
	sameRoots(t, "zeros", z, append(c(-0.9761928785236433, 2.722354329599696), -3.347614242952715), 1e-12)

	for _, x := range []struct {
		i, j         int
		zeros, poles []complex128
		num          []float64
	}{
		{0, 0, append(c(-0.02199803706451, 2.599281573104057), -3.2560039258709788), all, []float64{1, 3.3, 6.9, 22}},
		// Here the lag is not reached: in lowest terms (s+3) cancels.
		{0, 1, nil, osc, []float64{2}},
		{1, 0, append(c(-0.75, 2.5372228912730552), -1), all, []float64{2, 5, 17, 14}},
		{1, 1, append(c(-1.020023567651252, 2.670924129411572), c(-0.3799764323487483, 1.8113515568854937)...), osc, nil},
	} {
		f := s.TransferFunction(x.i, x.j)
		sameRoots(t, "zeros of a channel", f.Zeros, x.zeros, 1e-12)
		sameRoots(t, "poles of a channel", f.Poles, x.poles, 1e-12)
		for k, v := range x.num {
			if len(f.Num) != len(x.num) || math.Abs(f.Num[k]-v) > 1e-11*math.Abs(v) {
				t.Errorf("channel (%d, %d): numerator %v, want %v", x.i, x.j, f.Num, x.num)
				break
			}
		}
	}
	want := []complex128{-0.5356487709428885 - 0.2295462883698177i, -0.3656597774244834 - 0.1589825119236883i,
		0.1504219151277975 - 1.0382780971016263i, 0.9451510333863274 - 0.0238473767885533i}
	g := s.FrequencyResponse([]float64{0, 2})
	for k, w := range want {
		if cmplx.Abs(g.At(1, k/2, k%2)-w) > 1e-13 {
			t.Errorf("G(2i)[%d] = %v, want %v", k, g.At(1, k/2, k%2), w)
		}
	}
	dc, err := s.DCGain()
	if err != nil {
		t.Fatal(err)
	}
	for k, w := range []float64{0.3666666666666666, 0.1, 0.2333333333333333, 0.7} {
		if math.Abs(dc.Data[k]-w) > 1e-14 || cmplx.Abs(g.At(0, k/2, k%2)-complex(w, 0)) > 1e-14 {
			t.Errorf("G(0)[%d] = %v, %v, want %v", k, dc.Data[k], g.At(0, k/2, k%2), w)
		}
	}
	y, err := s.StepResponse(0, []float64{0, 1, 2, 3, 4, 5})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range [][]float64{
		{0, 0.3239878681538169, 0.5735034623972317, 0.3954454363379807, 0.2087254750643484, 0.3814557997457292},
		{0, 0.5255079170425364, 0.3856430787193789, -0.0078958072027591, 0.2399616104350716, 0.3029340842304092},
	} {
		for k, w := range row {
			if math.Abs(y[i][k]-w) > 1e-12 {
				t.Errorf("step response %d at %d = %v, want %v", i, k, y[i][k], w)
			}
		}
	}
}

// Improper and static systems: G = 3 s + 2 has its zero at -2/3, a gain no roots.
func TestImproper(t *testing.T) {
	pd := &System{D: matrix(1, 1, 2), Improper: []Matrix{matrix(1, 1, 3)}}
	f := pd.TransferFunction(0, 0)
	sameRoots(t, "zeros of 3s+2", f.Zeros, []complex128{-2.0 / 3}, 1e-14)
	if f.String() != "3*s + 2" {
		t.Errorf("%s", f)
	}
	if _, err := pd.StepResponse(0, []float64{0, 1}); err == nil {
		t.Error("an impulse has no values")
	}
	// 1/(s+1) + s + 4 s^2 = (4 s^3 + 5 s^2 + s + 1)/(s + 1)
	q := &System{A: matrix(1, 1, -1), B: matrix(1, 1, 1), C: matrix(1, 1, 1), D: matrix(1, 1, 0), Improper: []Matrix{matrix(1, 1, 1), matrix(1, 1, 4)}}
	f = q.TransferFunction(0, 0)
	for k, v := range []float64{4, 5, 1, 1} {
		if len(f.Num) != 4 || math.Abs(f.Num[k]-v) > 1e-12 {
			t.Fatalf("numerator %v", f.Num)
		}
	}
	if g := q.At(2i)[0]; cmplx.Abs(g-(1/(1+2i)+2i-16)) > 1e-13 {
		t.Errorf("G(2i) = %v", g)
	}
	gain := &System{D: matrix(1, 1, 5)}
	if f := gain.TransferFunction(0, 0); f.String() != "5" || f.Zeros != nil || f.Poles != nil {
		t.Errorf("a gain: %s", f)
	}
	if f := (&System{D: matrix(1, 1, 0)}).TransferFunction(0, 0); f.String() != "0" {
		t.Errorf("nothing: %s", f)
	}
	double := &System{A: matrix(2, 2, 0, 1, 0, 0), B: matrix(2, 1, 0, 1e-6), C: matrix(1, 2, 1, 0), D: matrix(1, 1, 0)}
	if f := double.TransferFunction(0, 0); f.String() != "1e-06/s^2" {
		t.Errorf("a double integrator: %s", f)
	}
	if _, err := double.DCGain(); err == nil || double.Stable() {
		t.Error("a double integrator has poles at 0")
	}
}

func random(r *rand.Rand, n, m, p int) *System {
	fill := func(a Matrix) Matrix {
		for i := range a.Data {
			a.Data[i] = r.NormFloat64()
		}
		return a
	}
	s := &System{A: fill(Zeros(n, n)), B: fill(Zeros(n, m)), C: fill(Zeros(p, n)), D: Zeros(p, m)}
	if r.IntN(2) == 0 {
		fill(s.D)
	}
	return s
}

// rankLoss is the last pivot of the system matrix at z relative to the first.
func rankLoss(s *System, z complex128) float64 {
	n, m := s.N(), s.M()
	a := make([][]complex128, n+m)
	for i := range a {
		a[i] = make([]complex128, n+m)
		for j := range a[i] {
			var v float64
			switch {
			case i < n && j < n:
				v = s.A.At(i, j)
			case i < n:
				v = s.B.At(i, j-n)
			case j < n:
				v = s.C.At(i-n, j)
			default:
				v = s.D.At(i-n, j-n)
			}
			a[i][j] = complex(v, 0)
		}
		if i < n {
			a[i][i] -= z
		}
	}
	// Gaussian elimination with complete pivoting: the last pivot shows the rank.
	first, last := 0.0, 0.0
	for k := range a {
		pi, pj, best := k, k, -1.0
		for i := k; i < n+m; i++ {
			for j := k; j < n+m; j++ {
				if v := cmplx.Abs(a[i][j]); v > best {
					pi, pj, best = i, j, v
				}
			}
		}
		a[k], a[pi] = a[pi], a[k]
		for i := range a {
			a[i][k], a[i][pj] = a[i][pj], a[i][k]
		}
		if last = best; k == 0 {
			first = best
		}
		for i := k + 1; i < n+m; i++ {
			f := a[i][k] / a[k][k]
			for j := k; j < n+m; j++ {
				a[i][j] -= f * a[k][j]
			}
		}
	}
	return last / first
}

// The zeros of random square systems make the system matrix singular, are as many as the
// relative degree leaves, and do not change under state feedback, output injection and
// change of state.
func TestZerosProperty(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		n, m := 1+r.IntN(7), 1+r.IntN(2)
		s := random(r, n, m, m)
		want := n // generically: n zeros with D, n - m without
		if s.D.IsZero() {
			want = n - m
		}
		z, err := s.Zeros()
		if want < 0 { // more outputs than the states can drive
			if !errors.Is(err, ErrDegenerate) {
				t.Errorf("seed %d: %v, %v", seed, z, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		if len(z) != want {
			t.Errorf("seed %d: %d states, %d inputs: %d zeros, want %d", seed, n, m, len(z), want)
		}
		for _, x := range z {
			if l := rankLoss(s, x); l > 1e-8 {
				t.Errorf("seed %d: %v is no zero: %.2g", seed, x, l)
			}
		}
		f := random(r, n, n, m) // D: m by n feedback
		f.D = Zeros(m, n)
		for i := range f.D.Data {
			f.D.Data[i] = r.NormFloat64()
		}
		fed := &System{A: add(s.A, Mul(s.B, f.D)), B: s.B, C: add(s.C, Mul(s.D, f.D)), D: s.D}
		zf, err := fed.Zeros()
		if err != nil {
			t.Fatal(err)
		}
		sameRoots(t, "zeros under state feedback", zf, z, 1e-6)
	}
}

func add(a, b Matrix) Matrix {
	c := a.clone()
	for i, v := range b.Data {
		c.Data[i] += v
	}
	return c
}

// Transfer functions have the values of the system, with unreachable and invisible parts
// added and the states turned.
func TestTransferProperty(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 8))
		n, k := 1+r.IntN(5), r.IntN(3)
		s := random(r, n, 1, 1)
		big := &System{A: Zeros(n+2*k, n+2*k), B: Zeros(n+2*k, 1), C: Zeros(1, n+2*k), D: s.D}
		for i := range big.A.Data {
			big.A.Data[i] = r.NormFloat64()
		}
		// Order: reached and seen, reached and hidden, unreached.
		for i := range n + 2*k {
			for j := range n + 2*k {
				if i < n && j >= n && j < n+k || i >= n+k && j < n+k {
					big.A.Set(i, j, 0)
				}
			}
		}
		big.A.put(0, 0, s.A)
		big.B.put(0, 0, s.B)
		big.C.put(0, 0, s.C)
		for i := range k {
			big.B.Set(n+i, 0, r.NormFloat64())
			big.C.Set(0, n+k+i, r.NormFloat64())
		}
		turn := rankQR(random(r, n+2*k, 1, 1).A, 0).matrix()
		turned := &System{A: Mul(Mul(turn.t(), big.A), turn), B: Mul(turn.t(), big.B), C: Mul(big.C, turn), D: s.D}
		f := turned.TransferFunction(0, 0)
		if len(f.Poles) != n {
			t.Errorf("seed %d: %d poles, want %d", seed, len(f.Poles), n)
		}
		for _, z := range []complex128{0.3i, 2i, 1 + 1i, -0.2 + 7i} {
			want := s.At(z)[0]
			for _, got := range []complex128{f.At(z), turned.At(z)[0]} {
				if cmplx.Abs(got-want) > 1e-8*(1+cmplx.Abs(want)) {
					t.Errorf("seed %d: G(%v) = %v, want %v", seed, z, got, want)
				}
			}
			var num, den complex128
			for _, c := range f.Num {
				num = num*z + complex(c, 0)
			}
			for _, c := range f.Den {
				den = den*z + complex(c, 0)
			}
			if got := num / den; cmplx.Abs(got-want) > 1e-7*(1+cmplx.Abs(want)) {
				t.Errorf("seed %d: the polynomials give %v at %v, want %v", seed, got, z, want)
			}
		}
	}
}

// L = 2/(s+1)^3: ct.stability_margins gives gain 4 at sqrt(3) and phase 67.598... at
// 0.76642..., and so does |L| = 1 at w = sqrt(2^(2/3) - 1), phase 180 - 3 atan(w).
func TestMargins(t *testing.T) {
	s := &System{A: matrix(3, 3, -1, 1, 0, 0, -1, 1, 0, 0, -1), B: matrix(3, 1, 0, 0, 2), C: matrix(1, 3, 1, 0, 0), D: matrix(1, 1, 0)}
	m := s.Margins()
	w := math.Sqrt(math.Cbrt(4) - 1)
	pm := 180 - 3*math.Atan(w)*180/math.Pi
	for _, x := range [][2]float64{{m.Gain, 4}, {m.WGain, math.Sqrt(3)}, {m.Phase, pm}, {m.WPhase, w}, {m.Delay, pm * math.Pi / 180 / w}} {
		if math.Abs(x[0]-x[1]) > 1e-9*x[1] {
			t.Errorf("margins %+v: %v, want %v", m, x[0], x[1])
		}
	}
	if math.Abs(pm-67.59806636719088) > 1e-9 {
		t.Errorf("phase margin %v", pm)
	}
	// The distance of L from -1 is least there.
	for _, d := range []float64{0.99, 1.01} {
		if p := 1 / cmplx.Abs(1+s.At(complex(0, m.WPeak*d))[0]); !(p <= m.Peak) {
			t.Errorf("|S| is %v beside its peak %v", p, m.Peak)
		}
	}
}

func TestDegenerate(t *testing.T) {
	s := coupled()
	s.C = matrix(2, 5, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0)
	s.D = Zeros(2, 2)
	if _, err := s.Zeros(); !errors.Is(err, ErrDegenerate) {
		t.Errorf("an output that repeats another: %v", err)
	}
	s = coupled()
	s.B = Zeros(4, 2)
	if s.Check() == nil {
		t.Error("wrong sizes pass")
	}
}
