package expr

import (
	"math"
	"testing"
)

// The gradient of "if x > 0 then x*log(x) else x*y" must exist where x is 0, although
// log(x) and its derivative have no value there.
func TestGradientOfIfIgnoresTheOtherBranch(t *testing.T) {
	p := NewPool()
	x, y := p.Sym("x"), p.Sym("y")
	inner := p.If(p.Fn(OpLt, Zero, x), p.Mul(x, p.Fn(OpLog, x)), p.Mul(x, y))
	e := p.Mul(y, p.Add(inner, p.Pow(inner, p.Int(2))))
	atoms, derivs := p.Gradient(e, nil)
	if len(atoms) != 2 || atoms[0] != x || atoms[1] != y {
		t.Fatalf("atoms %v, want x and y", atoms)
	}
	at := func(e ID, xv, yv float64) float64 {
		return p.Eval(e, func(a ID) (float64, bool) {
			switch a {
			case x:
				return xv, true
			case y:
				return yv, true
			}
			return 0, false
		})
	}
	for _, c := range []struct{ x, y float64 }{{0, 3}, {-1, 2}, {2, -1}} {
		var dx, dy float64
		if c.x > 0 {
			l := math.Log(c.x)
			in := c.x * l
			dx, dy = c.y*(1+2*in)*(l+1), in+in*in
		} else {
			in := c.x * c.y
			dx = c.y * (1 + 2*in) * c.y
			dy = in + in*in + c.y*(1+2*in)*c.x
		}
		if gx, gy := at(derivs[0], c.x, c.y), at(derivs[1], c.x, c.y); !(math.Abs(gx-dx) <= 1e-12*(1+math.Abs(dx)) && math.Abs(gy-dy) <= 1e-12*(1+math.Abs(dy))) {
			t.Errorf("at %v: gradient %v %v, want %v %v", c, gx, gy, dx, dy)
		}
	}
}
