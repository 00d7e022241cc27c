package structural

import "github.com/mtkc/mtkc/expr"

// LinearAlgebraic reports whether the residuals are affine in all algebraic states
// together, by their form alone: sums of affine terms, products with one affine
// factor, if-terms whose conditions are free of algebraic states. Then one
// factorisation solves them whatever the start.
func (pl *Plan) LinearAlgebraic() bool {
	if pl.NDiff == len(pl.States) {
		return true
	}
	var deg memo
	deg.reset()
	for i := pl.NDiff; i < len(pl.States); i++ {
		deg.put(pl.States[i].Atom, 1)
	}
	for i := range pl.Seq {
		if d := degreeOf(pl.Pool, &deg, pl.Seq[i].Value, nil); d > 0 {
			deg.put(pl.Seq[i].Target, expr.ID(d))
		}
	}
	for i := range pl.Residuals {
		if degreeOf(pl.Pool, &deg, pl.Residuals[i].Value, nil) > 1 {
			return false
		}
	}
	return true
}

// degreeOf is the degree of a term over the atoms that deg knows: 0 free of them, 1 affine
// in all of them together, 2 anything else, by its form alone. deg remembers what was
// found. Arguments of exponentials that are of degree 1 are handed to take, if that is
// not nil.
func degreeOf(p *expr.Pool, deg *memo, e expr.ID, take func(expr.ID)) int8 {
	if d, ok := deg.get(e); ok {
		return int8(d)
	}
	op := p.Op(e)
	if op <= expr.OpSym || op == expr.OpTime {
		return 0
	}
	args := append([]expr.ID(nil), p.Args(e)...)
	d := int8(0)
	switch op {
	case expr.OpAdd:
		for i := 2; i < len(args); i += 2 {
			d = max(d, degreeOf(p, deg, args[i], take))
		}
	case expr.OpMul:
		n := 0
		for i := 0; i < len(args); i += 2 {
			b, x := degreeOf(p, deg, args[i], take), degreeOf(p, deg, args[i+1], take)
			switch {
			case x > 0 || b > 0 && args[i+1] != expr.One:
				d = 2
			case b > 0:
				n++
				d = max(d, b)
			}
		}
		if n > 1 {
			d = 2
		}
	case expr.OpIf:
		if degreeOf(p, deg, args[0], take) > 0 {
			d = 2
		}
		d = max(d, degreeOf(p, deg, args[1], take), degreeOf(p, deg, args[2], take))
	default:
		for _, a := range args {
			if degreeOf(p, deg, a, take) > 0 {
				d = 2
			}
		}
		if d > 0 && take != nil && degreeOf(p, deg, args[0], take) == 1 {
			switch op {
			case expr.OpExp:
				take(args[0])
			case expr.OpSinh, expr.OpCosh:
				take(args[0])
				take(p.Neg(args[0]))
			}
		}
	}
	deg.put(e, expr.ID(d))
	return d
}
