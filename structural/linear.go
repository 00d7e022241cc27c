package structural

import "github.com/mtkc/mtkc/expr"

// Degrees in the algebraic states: 0 free of them, 1 affine, 2 anything else.
const (
	free uint8 = iota
	affineDegree
	nonlinear
)

// LinearAlgebraic reports whether the residuals are affine in all algebraic states
// together, by their form alone: sums of affine terms, products with one affine
// factor, if-terms whose conditions are free of algebraic states. Then one
// factorisation solves them whatever the start.
func (pl *Plan) LinearAlgebraic() bool {
	d := degrees{p: pl.Pool, of: map[expr.ID]uint8{}}
	for i := pl.NDiff; i < len(pl.States); i++ {
		d.of[pl.States[i].Atom] = affineDegree
	}
	if len(d.of) == 0 {
		return true
	}
	for i := range pl.Seq {
		if k := d.degree(pl.Seq[i].Value); k != free {
			d.of[pl.Seq[i].Target] = k
		}
	}
	for i := range pl.Residuals {
		if d.degree(pl.Residuals[i].Value) == nonlinear {
			return false
		}
	}
	return true
}

type degrees struct {
	p   *expr.Pool
	of  map[expr.ID]uint8 // of atoms that are not free
	deg []uint8
}

func (d *degrees) degree(e expr.ID) uint8 {
	op := d.p.Op(e)
	switch op {
	case expr.OpConst, expr.OpTrue, expr.OpFalse, expr.OpTime:
		return free
	case expr.OpSym:
		return d.of[e]
	}
	// An atom gets its degree once, before terms that contain it are asked for.
	if int(e) < len(d.deg) && d.deg[e] != 0 {
		return d.deg[e] - 1
	}
	most := free
	switch op {
	case expr.OpAdd:
		args := d.p.Args(e)
		for i := 2; i < len(args); i += 2 {
			most = max(most, d.degree(args[i]))
		}
	case expr.OpMul:
		args := d.p.Args(e)
		for i := 0; i < len(args); i += 2 {
			k := d.degree(args[i])
			if k != free && args[i+1] != expr.One {
				k = nonlinear
			}
			most = min(nonlinear, most+k+d.power(args[i+1]))
		}
	case expr.OpIf:
		args := d.p.Args(e)
		if d.degree(args[0]) != free {
			most = nonlinear
		} else {
			most = max(d.degree(args[1]), d.degree(args[2]))
		}
	default:
		for _, a := range d.p.Args(e) {
			if d.degree(a) != free {
				most = nonlinear
			}
		}
	}
	for int(e) >= len(d.deg) {
		d.deg = append(d.deg, make([]uint8, int(e)+int(e)/2+64-len(d.deg))...)
	}
	d.deg[e] = most + 1
	return most
}

// power is the degree that an exponent adds.
func (d *degrees) power(e expr.ID) uint8 {
	if d.degree(e) != free {
		return nonlinear
	}
	return free
}
