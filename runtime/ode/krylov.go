package ode

// Products of phi functions and vectors by Krylov subspaces, for exponential integrators:
//
//	w(tau) = sum_k tau^k phi_k(tau A) b_k,  k = 0..p,
//
// at several tau up to 1. w solves w' = A w + sum_{k>0} tau^(k-1)/(k-1)! b_k, w(0) = b_0, so it
// is the upper part of exp(tau B) v for a matrix B of p more rows (Sidje; Al-Mohy, Higham, SIAM
// J. Sci. Comput. 33(2), 2011). Arnoldi's method builds a basis of the Krylov space of B and v; the
// exponential of the small Hessenberg matrix gives the product and an estimate of its error
// (Saad, SIAM J. Numer. Anal. 29(1), 1992). As in phipm (Niesen, Wright, ACM Trans. Math. Softw.
// 38(3), 2012) and KIOPS (Gaudreau, Rainwater, Tokman, J. Comput. Phys. 372, 2018) the interval is
// cut into substeps where the space does not suffice for the whole.
//
// As in KIOPS a vector of a large problem is orthogonalised against the last two only, so a product costs
// little more than that with A; in a small one, against all.
//
// Departures from those: the space grows until the error allows the whole of what is left, and only where it has
// the largest dimension a shorter substep is chosen, from the basis at hand, by the
// exponential alone. Vectors are scaled by the weights of the error norm.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// The largest dimension m of a space lies between these: the exponentials of the small matrix cost
// some 25 m^3, the basis some 10 m n, and stiff diffusion needs
// substeps in proportion to 1/m^2.
const krylovLeast, krylovMost = 28, 64

// fullBelow is the number of equations up to which a vector is orthogonalised against all
// before.
const fullBelow = 200

// krylov computes such products for one run.
type krylov struct {
	n, p int
	// apply writes A x to y, without the scaling.
	apply func(x, y []float64)
	scale []float64 // weights of the norm in which errors count; 1 over them is inv
	inv   []float64

	most  int
	back  int         // how many vectors a new one is orthogonalised against
	basis [][]float64 // most+1 vectors of n+p
	hess  []float64   // (most+1) by (most+1), by rows
	small []float64   // a leading block of it, tau times
	phi   *phiFunctions
	b     [][]float64 // scaled b_1..b_p
	x, y  []float64
	last  [8]int  // dimension that sufficed last, by the number of terms
	part  float64 // of the interval that did

	products, exps int
}

// newKrylov prepares for vectors of n entries and terms up to phi_p.
func newKrylov(n, p int) *krylov {
	k := &krylov{n: n, p: p, most: min(max(krylovLeast, min(n/20, krylovMost)), n+p)}
	k.part, k.back = 1, 2
	if n <= fullBelow {
		k.back = k.most + 1
	}
	flat := make([]float64, (k.most+1)*(n+p)+(p+4)*n)
	take := func(n int) []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	for range k.most + 1 {
		k.basis = append(k.basis, take(n+p))
	}
	for range p {
		k.b = append(k.b, take(n))
	}
	k.x, k.y, k.scale, k.inv = take(n), take(n), take(n), take(n)
	size := k.most + 1
	k.hess, k.small = make([]float64, size*size), make([]float64, size*size)
	k.phi = newPhi(size, 0)
	return k
}

// Archive visits the weights and what the last runs said about the next ones.
func (k *krylov) Archive(a *archive.Archive) {
	a.Floats(k.scale, k.inv)
	a.Ints(k.last[:])
	a.Float(&k.part)
}

// archiveLinear visits the values of a linear part.
func archiveLinear(a *archive.Archive, l *linearPart) {
	a.Floats(l.vals, l.rowMajor)
	a.Bool(&l.known)
}

// weigh sets the norm: the root of the mean of (v/(atol + rtol |u|))^2.
func (k *krylov) weigh(ws *Workspace, u []float64) {
	root := math.Sqrt(float64(max(k.n, 1)))
	for i, v := range u {
		s := (ws.AbsTol[i] + ws.RelTol*math.Abs(v)) * root
		k.inv[i], k.scale[i] = s, 1/s
	}
}

// run writes w at each of taus, ascending up to 1, to out. b has p+1 entries at most, nil for zero.
// The norm of the error is tol at most. False: it could not be reached, or something is
// not finite.
func (k *krylov) run(b [][]float64, taus []float64, out [][]float64, tol float64) bool {
	n, p := k.n, len(b)-1
	size := k.most + 1
	w := k.x
	clear(w)
	if b[0] != nil {
		for i, v := range b[0] {
			w[i] = v * k.scale[i]
		}
	}
	// Entries of the p further rows, mu tau^(k-1)/(k-1)!, as large as the vectors.
	mu := 0.0
	for j := 1; j <= p; j++ {
		s := 0.0
		if b[j] == nil {
			clear(k.b[j-1])
		} else {
			for i, v := range b[j] {
				v *= k.scale[i]
				k.b[j-1][i] = v
				s += v * v
			}
		}
		mu = max(mu, math.Sqrt(s))
		if s != s {
			return false
		}
	}
	if !(mu <= math.MaxFloat64) {
		return false
	}
	if mu > 0 {
		_, e := math.Frexp(mu)
		mu = math.Ldexp(1, e)
		for j := range p {
			for i := range k.b[j] {
				k.b[j][i] /= mu
			}
		}
	}
	end := taus[len(taus)-1]
	now, next := 0.0, 0
	step := min(end, 2*k.part*end)
	k.part = 1
	for now < end {
		v := k.basis[0]
		copy(v, w)
		y := v[n : n+p]
		if mu == 0 {
			clear(y)
		} else {
			t := mu
			for j := range y {
				y[j] = t
				t *= now / float64(j+1)
			}
		}
		v = v[:n+p]
		beta := norm2(v)
		if !(beta <= math.MaxFloat64) {
			return false
		}
		if beta == 0 {
			for ; next < len(taus); next++ {
				clear(out[next])
			}
			return true
		}
		for i := range v {
			v[i] /= beta
		}
		clear(k.hess)
		most := min(k.most, n+p)
		try := max(4, k.last[p]-1)
		step = min(step, end-now)
		if end-(now+step) < 0.05*step {
			step = end - now
		}
		var m int // dimension accepted
		exact := false
		for j := 0; ; j++ {
			z := k.basis[j+1][:n+p]
			k.times(k.basis[j][:n+p], z, p)
			before := norm2(z)
			for i := max(0, j+1-k.back); i <= j; i++ {
				q := k.basis[i][:n+p]
				s := dot(q, z)
				for l, v := range q {
					z[l] -= s * v
				}
				k.hess[i*size+j] = s
			}
			h := norm2(z)
			if !(before <= math.MaxFloat64) {
				return false
			}
			exact = h <= 1e-14*before || j+1 == n+p // the space is invariant
			if !exact {
				k.hess[(j+1)*size+j] = h
				for l := range z {
					z[l] /= h
				}
			}
			if j+1 < try && !exact && j+1 < most {
				continue
			}
			m = j + 1
			f, ok := k.exponential(m, step, exact)
			if !ok {
				return false
			}
			if exact {
				break
			}
			// The error of the product without the last basis vector; with it, it is smaller.
			limit := tol * step / end
			err := beta * h * math.Abs(f[(m-1)*(m+1)+m])
			if err <= limit {
				break
			}
			if m < most {
				try = m + max(2, m/4)
				continue
			}
			for tries := 0; err > tol*step/end; tries++ {
				if tries == 30 || !(err <= math.MaxFloat64) && tries > 15 {
					return false
				}
				shrink := 0.25
				if err <= math.MaxFloat64 {
					shrink = max(0.1, min(0.8, 0.9*math.Pow(tol*step/end/err, 4/float64(m))))
				}
				step *= shrink
				if f, ok = k.exponential(m, step, false); !ok {
					return false
				}
				err = beta * h * math.Abs(f[(m-1)*(m+1)+m])
			}
			break
		}
		k.last[p] = m
		k.part = min(k.part, step/end)
		done := now + step
		if end-done < 1e-12*end {
			done = end
		}
		fresh := true // the exponential is that of the whole substep
		for ; next < len(taus) && taus[next] < done; next++ {
			if _, ok := k.exponential(m, taus[next]-now, exact); !ok {
				return false
			}
			fresh = false
			k.combine(beta, m, exact, k.y)
			k.unscale(k.y, out[next])
		}
		if !fresh {
			if _, ok := k.exponential(m, step, exact); !ok {
				return false
			}
		}
		k.combine(beta, m, exact, k.y)
		w, k.x, k.y = k.y, k.y, k.x
		now = done
		if next < len(taus) && taus[next] == now {
			k.unscale(w, out[next])
			next++
		}
		step *= 1.5 // the space may suffice for more of what follows
	}
	return true
}

// times writes the product of the matrix of n+p rows and v to z.
func (k *krylov) times(v, z []float64, p int) {
	n := k.n
	k.products++
	// Scratch: the unscaled vector goes to out of the scaling's way, into y.
	for i, s := range k.inv {
		k.y[i] = v[i] * s
	}
	k.apply(k.y, z[:n])
	for i, s := range k.scale {
		z[i] *= s
	}
	for j := range p {
		if c := v[n+j]; c != 0 {
			for i, b := range k.b[j] {
				z[i] += c * b
			}
		}
	}
	for j := p - 1; j > 0; j-- {
		z[n+j] = v[n+j-1]
	}
	if p > 0 {
		z[n] = 0
	}
}

// exponential is exp(tau H) of the leading m by m block and, unless the space is invariant, with
// a column e_1 behind it, whose exponential is tau phi_1(tau H) e_1: a matrix of m+1 columns (m
// if exact).
func (k *krylov) exponential(m int, tau float64, exact bool) ([]float64, bool) {
	k.exps++
	size, s := k.most+1, m
	if !exact {
		s = m + 1
	}
	a := k.small[:s*s]
	clear(a)
	for i := range m {
		copy(a[i*s:i*s+m], k.hess[i*size:i*size+m])
	}
	if !exact {
		a[m] = 1
	}
	if !k.phi.compute(s, a, tau) {
		return nil, false
	}
	return k.phi.phi[0], true
}

// combine writes the upper part of the product, after exponential, to w: with a part of the next
// basis vector, Saad's corrected scheme, where the space is not invariant.
func (k *krylov) combine(beta float64, m int, exact bool, w []float64) {
	f, s := k.phi.phi[0], m
	if !exact {
		s = m + 1
	}
	clear(w)
	for i := range m {
		c := beta * f[i*s]
		for l, v := range k.basis[i][:k.n] {
			w[l] += c * v
		}
	}
	if !exact {
		c := beta * k.hess[m*(k.most+1)+m-1] * f[(m-1)*s+m]
		for l, v := range k.basis[m][:k.n] {
			w[l] += c * v
		}
	}
}

func (k *krylov) unscale(w, out []float64) {
	for i, s := range k.inv {
		out[i] = w[i] * s
	}
}

func norm2(v []float64) float64 { return math.Sqrt(dot(v, v)) }

// dot is the sum of a_i b_i, as four sums in turn.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	for len(a) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
