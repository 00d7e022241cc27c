package structural

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const minusInf = -1 << 20

// signatureOf makes the sparse form of a signature matrix.
func signatureOf(sigma [][]int) *signature {
	n := len(sigma)
	s := &signature{ptr: []int32{0}, chains: make([][]int32, n), c: make([]int32, n), d: make([]int32, n)}
	for i := range sigma {
		for j, o := range sigma[i] {
			if o > minusInf {
				s.entries = append(s.entries, entry{int32(j), int32(o), true})
				s.d[j] = max(s.d[j], int32(o))
			}
		}
		s.ptr = append(s.ptr, int32(len(s.entries)))
	}
	return s
}

// assign is a transversal of largest value by successive shortest augmenting paths on
// the dense matrix (Hungarian method; Jonker and Volgenant, Computing 38, 1987), and its
// value.
func assign(sigma [][]int) (row []int, value int) {
	n := len(sigma)
	const inf = 1 << 40
	u, v := make([]int, n+1), make([]int, n+1)
	p, way := make([]int, n+1), make([]int, n+1)
	for i := 1; i <= n; i++ {
		p[0] = i
		j0 := 0
		least := make([]int, n+1)
		used := make([]bool, n+1)
		for j := range least {
			least[j] = inf
		}
		for {
			used[j0] = true
			i0, delta, j1 := p[j0], inf, 0
			for j := 1; j <= n; j++ {
				if used[j] {
					continue
				}
				if cur := -sigma[i0-1][j-1] - u[i0] - v[j]; cur < least[j] {
					least[j], way[j] = cur, j0
				}
				if least[j] < delta {
					delta, j1 = least[j], j
				}
			}
			for j := 0; j <= n; j++ {
				if used[j] {
					u[p[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			j0 = j1
			if p[j0] == 0 {
				break
			}
		}
		for j0 != 0 {
			j1 := way[j0]
			p[j0] = p[j1]
			j0 = j1
		}
	}
	row = make([]int, n) // of each column
	for j := 1; j <= n; j++ {
		row[j-1] = p[j] - 1
		value += sigma[p[j]-1][j-1]
	}
	return row, value
}

// canonical are the smallest offsets for a transversal of largest value, by the
// iteration of Pryce, BIT 41(2), 2001, section 3.
func canonical(sigma [][]int, row []int) (c, d []int) {
	n := len(sigma)
	c, d = make([]int, n), make([]int, n)
	for {
		for j := range n {
			d[j] = minusInf
			for i := range n {
				d[j] = max(d[j], sigma[i][j]+c[i])
			}
		}
		stable := true
		for j := range n {
			if x := d[j] - sigma[row[j]][j]; x != c[row[j]] {
				c[row[j]] = x
				stable = false
			}
		}
		if stable {
			return c, d
		}
	}
}

// The offsets that raising equations one by one finds are the canonical ones, the
// solution of the dual of the assignment problem.
func TestOffsetsAgainstAssignment(t *testing.T) {
	regular, singular := 0, 0
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 21))
		n := 1 + rng.IntN(8)
		density := 0.15 + 0.6*rng.Float64()
		sigma := make([][]int, n)
		for i := range sigma {
			sigma[i] = make([]int, n)
			for j := range sigma[i] {
				sigma[i][j] = minusInf
				if rng.Float64() < density {
					sigma[i][j] = rng.IntN(4)
				}
			}
		}
		row, value := assign(sigma)
		if value < 0 {
			singular++
			continue
		}
		regular++
		c, d := canonical(sigma, row)
		s := signatureOf(sigma)
		s.reduce()
		for i := range n {
			if int(s.c[i]) != c[i] || int(s.d[i]) != d[i] {
				t.Fatalf("seed %d: c = %v, d = %v, canonical %v and %v, of %v", seed, s.c, s.d, c, d, sigma)
			}
		}
		if s.valueOfSignature() != value {
			t.Fatalf("seed %d: value %d, the transversal has %d", seed, s.valueOfSignature(), value)
		}
	}
	if regular < 500 || singular < 100 {
		t.Errorf("%d regular and %d singular matrices", regular, singular)
	}
}

// The pendulum of Pryce, BIT 41(2), 2001, section 2: c = (0, 0, 2), d = (2, 2, 0).
func TestOffsetsOfPendulum(t *testing.T) {
	s := signatureOf([][]int{{2, minusInf, 0}, {minusInf, 2, 0}, {0, 0, minusInf}})
	s.reduce()
	if !slices.Equal(s.c, []int32{0, 0, 2}) || !slices.Equal(s.d, []int32{2, 2, 0}) {
		t.Errorf("c = %v, d = %v", s.c, s.d)
	}
}

func TestWriteOffsets(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"pendulum", `
var x = 1 fixed
var y = 0
var T
der(der(x)) = -T*x
der(der(y)) = -T*y - 9.81
x^2 + y^2 = 1`, `
    structural index 3, 2 degrees of freedom
    differentiated twice    test.mo:7: x^2 + y^2 = 1
    second derivative       x, y
    algebraic               T
`},
		{"combined", `
var u1
var u2
param C = 1e-6
C*(der(u1) - der(u2)) = sin(time) - u1
C*(der(u2) - der(u1)) = -u2`, `
    structural index 1, 1 degree of freedom
    differentiated once     test.mo:6: C*(der(u2) - der(u1)) = -u2, combined with test.mo:5
    first derivative        u1, u2
`},
		{"conserved", `
var a = 1 fixed
var b = 0 fixed
var c = 0 fixed
param k = 2
der(a) = -k*a*b
der(b) = -k*a*b
der(c) = 2*k*a*b`, `
    structural index 0, 3 degrees of freedom
    first derivative        a, b, c
    conserved               a - b
    conserved               2*a + c
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			pl := analyze(t, c.text)
			var b bytes.Buffer
			w := bufio.NewWriter(&b)
			pl.WriteOffsets(w, 0)
			w.Flush()
			if b.String() != strings.TrimPrefix(c.want, "\n") {
				t.Errorf("got\n%swant%s", b.String(), c.want)
			}
		})
	}
}

// anyNetwork is a random reaction network in which every reaction has a rate of its own, so
// that its conservation laws are the left null space of its stoichiometric matrix.
func anyNetwork(rng *rand.Rand) (text string, species, rank int) {
	n, m := 2+rng.IntN(6), 1+rng.IntN(6)
	s := make([][]float64, n)
	rate := make([]string, m)
	var b strings.Builder
	for i := range n {
		s[i] = make([]float64, m)
		fmt.Fprintf(&b, "var x%d = %d fixed\n", i, 1+i)
	}
	for r := range m {
		fmt.Fprintf(&b, "param k%d = %g\n", r, 0.5+0.25*float64(r))
		rate[r] = fmt.Sprintf("k%d", r)
		for range 1 + rng.IntN(2) {
			i := rng.IntN(n)
			s[i][r]--
			rate[r] += fmt.Sprintf("*x%d", i)
		}
		for range 1 + rng.IntN(2) {
			s[rng.IntN(n)][r]++
		}
	}
	square := make([][]float64, max(n, m))
	for i := range square {
		square[i] = make([]float64, max(n, m))
		if i < n {
			copy(square[i], s[i])
		}
	}
	for i := range n {
		fmt.Fprintf(&b, "der(x%d) = 0", i)
		for r := range m {
			if s[i][r] != 0 {
				fmt.Fprintf(&b, " + (%g)*%s", s[i][r], rate[r])
			}
		}
		b.WriteString("\n")
	}
	return b.String(), n, denseRank(square)
}

func TestConserved(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 31))
		text, n, rank := anyNetwork(rng)
		// A species that no reaction changes has a derivative of zero and is constant.
		pl := analyze(t, text)
		if len(pl.Conserved) != n-rank {
			t.Fatalf("seed %d: %d laws, want %d - %d\n%s%v", seed, len(pl.Conserved), n, rank, text, pl.Conserved)
		}
		// Each law is a combination of derivatives that the plan makes zero.
		v := defaults(pl)
		for _, s := range pl.States {
			v[s.Atom] = 0.5 + rng.Float64()
		}
		v.run(pl)
		for _, c := range pl.Conserved {
			sum := 0.0
			for i := range pl.NDiff {
				sum += v.of(pl.Pool, pl.Pool.Diff(c.Term, pl.States[i].Atom, nil)) * v.of(pl.Pool, pl.Deriv[i])
			}
			if sum > 1e-12 || sum < -1e-12 {
				t.Fatalf("seed %d: %s changes by %g", seed, pl.Pool.String(c.Term), sum)
			}
		}
	}
}
