package structural

import "github.com/mtkc/mtkc/expr"

// homotopy(actual, simplified) is actual for the simulation. The initial system holds
//
//	lambda*actual + (1 - lambda)*simplified
//
// in its place, with a parameter that the initialization lets run from 0 to 1 where it
// does not get on otherwise (Modelica 3.6, section 3.7.4; Sielemann et al., Modelica
// 2011). At 1 the term is actual alone, so that a simplified part that is not defined
// there does no harm.
//
// The structure is that of the actual equations: elimination, index reduction and the
// matching of the initial system never see the simplified ones. An equation that these
// changed beyond substitution keeps its actual form throughout.

// blended is an equation with a homotopy, as written and with the parameter.
type blended struct {
	actual, blend expr.ID
}

// blend translates equations with a homotopy a second time, when all others have been.
func (w *work) blend() {
	w.lambda = expr.None
	each := func(eqs []equation, ctx context) {
		for i := range eqs {
			q := &eqs[i]
			e, ok := w.source(q)
			if !ok || q.lhs != expr.None || !w.blendable(e.Lhs) || !w.blendable(e.Rhs) || !w.homotopies(e.Lhs) && !w.homotopies(e.Rhs) {
				continue
			}
			if w.lambda == expr.None {
				w.lambda = w.fresh("$lambda")
				w.setRole(w.lambda, roleLambda, 0)
			}
			w.blending = true
			w.memo.reset()
			b := w.pool.Sub(w.translate(e.Lhs, ctx), w.translate(e.Rhs, ctx))
			w.blending = false
			if b != q.res {
				w.blends[q.src] = blended{q.res, b}
			}
		}
	}
	each(w.eqs, inEquation)
	each(w.init, inInitial)
}

// homotopies reports whether e contains a homotopy.
func (w *work) homotopies(e expr.ID) bool { return w.finds(e, expr.OpHomotopy) }

// finds reports whether an operator occurs in e.
func (w *work) finds(e expr.ID, ops ...expr.Op) bool {
	w.mark.reset()
	var walk func(e expr.ID) bool
	walk = func(e expr.ID) bool {
		op := w.pool.Op(e)
		if op <= expr.OpSym || !w.mark.add(e) {
			return false
		}
		for _, o := range ops {
			if op == o {
				return true
			}
		}
		for _, a := range w.pool.Args(e) {
			if walk(a) {
				return true
			}
		}
		return false
	}
	return walk(e)
}

// blendable reports whether no simplified part in e brings in what the actual equations
// may not have: derivatives, previous values, samples.
func (w *work) blendable(e expr.ID) bool {
	if !w.homotopies(e) {
		return true
	}
	seen := map[expr.ID]bool{}
	var walk func(e expr.ID) bool
	walk = func(e expr.ID) bool {
		op := w.pool.Op(e)
		if op <= expr.OpSym || seen[e] {
			return true
		}
		seen[e] = true
		args := w.pool.Args(e)
		if op == expr.OpHomotopy && w.finds(args[1], expr.OpDer, expr.OpPre, expr.OpEdge, expr.OpChange, expr.OpSample, expr.OpDelay, expr.OpInitial) {
			return false
		}
		for _, a := range args {
			if !walk(a) {
				return false
			}
		}
		return true
	}
	return walk(e)
}

// mixed is the term that stands for a homotopy in the initial system.
func (w *work) mixed(actual, simplified expr.ID) expr.ID {
	p := w.pool
	if actual == simplified {
		return actual
	}
	l := w.lambda
	mix := p.Add(p.Mul(l, actual), p.Mul(p.Sub(expr.One, l), simplified))
	return p.If(p.Fn(expr.OpLe, expr.One, l), actual, mix)
}

// mix returns equation q of the assembled system as the initial system holds it.
func (w *work) mix(q *equation) (expr.ID, bool) {
	b, ok := w.blends[q.src]
	if !ok || q.from > 0 || q.lhs != expr.None {
		return q.res, false
	}
	final := func(e expr.ID) expr.ID { return w.substitute(w.elim.replace(e), w.hyb.renamed) }
	if final(b.actual) != q.res {
		return q.res, false
	}
	return final(b.blend), true
}
