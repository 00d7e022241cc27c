package ode

// The functions phi_0(z) = e^z, phi_k(z) = (phi_{k-1}(z) - 1/(k-1)!)/z of dense matrices, of
// which exponential integrators are made: phi_k(z) is the sum of z^j/(j+k)!.
//
// The matrix is divided by 2^s until its norm is 1 at most. There phi_p is its Taylor
// polynomial of degree 19, whose error is below 1/20!, evaluated with 7 products
// (Paterson, Stockmeyer, SIAM J. Comput. 2(1), 1973), and the others follow from
// phi_{k-1} = z phi_k + 1/(k-1)!. Then s doublings,
//
//	phi_0(2z) = phi_0(z)^2,  phi_k(2z) = (phi_0(z) phi_k(z) + sum_{j=1..k} phi_j(z)/(k-j)!)/2^k
//
// (Skaflestad, Wright, Appl. Numer. Math. 59, 2009, who use Pade approximants where this has
// Taylor polynomials: they need no linear systems).

import "math"

// phiFunctions holds phi_0 to phi_p of n by n matrices, stored by rows, and scratch for them.
type phiFunctions struct {
	p    int
	phi  [][]float64
	work [7][]float64
}

// newPhi prepares for matrices up to n by n.
func newPhi(n, p int) *phiFunctions {
	f := &phiFunctions{p: p}
	flat := make([]float64, (p+1+7)*n*n)
	take := func() []float64 {
		v := flat[: n*n : n*n]
		flat = flat[n*n:]
		return v
	}
	for range p + 1 {
		f.phi = append(f.phi, take())
	}
	for i := range f.work {
		f.work[i] = take()
	}
	return f
}

// compute fills phi with the functions of c*a, a n by n by rows. It reports false where a is
// not finite. The first n*n entries of each matrix are used.
func (f *phiFunctions) compute(n int, a []float64, c float64) bool {
	norm := 0.0
	for i := range n {
		s := 0.0
		for _, v := range a[i*n : (i+1)*n] {
			s += math.Abs(v)
		}
		if !(s <= math.MaxFloat64) {
			return false
		}
		norm = max(norm, s)
	}
	norm *= math.Abs(c)
	if !(norm <= math.MaxFloat64) {
		return false
	}
	s := 0
	if norm > 1 {
		s = int(math.Ceil(math.Log2(norm)))
	}
	c = math.Ldexp(c, -s)
	nn := n * n
	// Powers 1 to 5 of z, then Horner in z^5 over four blocks of five coefficients.
	var pow [6][]float64
	for i := 1; i <= 5; i++ {
		pow[i] = f.work[i-1][:nn]
	}
	for i, v := range a[:nn] {
		pow[1][i] = c * v
	}
	for i := 2; i <= 5; i++ {
		multiply(n, pow[i], pow[i-1], pow[1])
	}
	sum, next := f.work[5][:nn], f.work[6][:nn]
	p := f.p
	var coef [20]float64 // 1/(j+p)!
	fact := 1.0
	for j := 1; j <= p; j++ {
		fact /= float64(j)
	}
	for j := range coef {
		coef[j] = fact
		fact /= float64(j + p + 1)
	}
	block := func(dst []float64, q int) { // coefficients 5q to 5q+4
		c0, c1, c2, c3, c4 := coef[5*q], coef[5*q+1], coef[5*q+2], coef[5*q+3], coef[5*q+4]
		p1, p2, p3, p4 := pow[1], pow[2], pow[3], pow[4]
		for i := range dst {
			dst[i] += c1*p1[i] + c2*p2[i] + (c3*p3[i] + c4*p4[i])
		}
		for i := range n {
			dst[i*n+i] += c0
		}
	}
	clear(sum)
	block(sum, 3)
	for q := 2; q >= 0; q-- {
		multiply(n, next, sum, pow[5])
		block(next, q)
		sum, next = next, sum
	}
	copy(f.phi[p][:nn], sum)
	for k := p; k > 0; k-- {
		multiply(n, f.phi[k-1][:nn], pow[1], f.phi[k][:nn])
		for i := range n {
			f.phi[k-1][i*n+i] += 1 / factorial(k-1)
		}
	}
	for range s {
		for k := p; k >= 0; k-- {
			multiply(n, next, f.phi[0][:nn], f.phi[k][:nn])
			if k > 0 {
				scale := math.Ldexp(1, -k)
				for j := 1; j <= k; j++ {
					w := 1 / factorial(k-j)
					for i, v := range f.phi[j][:nn] {
						next[i] += w * v
					}
				}
				for i := range next {
					next[i] *= scale
				}
			}
			copy(f.phi[k][:nn], next)
		}
	}
	return true
}

func factorial(n int) float64 {
	f := 1.0
	for i := 2; i <= n; i++ {
		f *= float64(i)
	}
	return f
}

// multiply writes a*b to dst, which is neither; n by n by rows. Two rows at once, sums over
// four terms at a time.
func multiply(n int, dst, a, b []float64) {
	i := 0
	for ; i+2 <= n; i += 2 {
		d, e := dst[i*n:i*n+n], dst[(i+1)*n:(i+1)*n+n]
		clear(d)
		clear(e)
		r, q := a[i*n:i*n+n], a[(i+1)*n:(i+1)*n+n]
		k := 0
		for ; k+4 <= n; k += 4 {
			r0, r1, r2, r3 := r[k], r[k+1], r[k+2], r[k+3]
			q0, q1, q2, q3 := q[k], q[k+1], q[k+2], q[k+3]
			if r0 == 0 && r1 == 0 && r2 == 0 && r3 == 0 && q0 == 0 && q1 == 0 && q2 == 0 && q3 == 0 {
				continue
			}
			b0, b1, b2, b3 := b[k*n:k*n+n], b[(k+1)*n:(k+1)*n+n], b[(k+2)*n:(k+2)*n+n], b[(k+3)*n:(k+3)*n+n]
			e := e[:len(d)]
			b0, b1, b2, b3 = b0[:len(d)], b1[:len(d)], b2[:len(d)], b3[:len(d)]
			for j := range d {
				v0, v1, v2, v3 := b0[j], b1[j], b2[j], b3[j]
				d[j] += (r0*v0 + r1*v1) + (r2*v2 + r3*v3)
				e[j] += (q0*v0 + q1*v1) + (q2*v2 + q3*v3)
			}
		}
		for ; k < n; k++ {
			r0, q0 := r[k], q[k]
			e := e[:len(d)]
			for j, v := range b[k*n : k*n+n] {
				d[j] += r0 * v
				e[j] += q0 * v
			}
		}
	}
	if i < n {
		d := dst[i*n : i*n+n]
		clear(d)
		for k, c := range a[i*n : i*n+n] {
			for j, v := range b[k*n : k*n+n] {
				d[j] += c * v
			}
		}
	}
}
