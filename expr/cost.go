package expr

import "math/bits"

// OwnCost is the work of one term without its arguments, in additions: an estimate
// that ranks equal forms, from the operator table and, for powers, from the
// multiplications, divisions and roots that they take.
func (p *Pool) OwnCost(e ID) int {
	a := p.Args(e)
	switch op := p.Op(e); op {
	case OpAdd:
		cost := len(a)/2 - 1
		if a[0] != Zero {
			cost++
		}
		lead := 1 // a sign to change if no term leads with +
		for i := 1; i < len(a); i += 2 {
			switch a[i] {
			case One:
				lead = 0
			case MinusOne:
			default:
				cost++
				lead = 0
			}
		}
		if a[0] != Zero {
			lead = 0
		}
		return cost + lead
	case OpMul:
		cost := len(a)/2 - 1
		divides := false
		for i := 0; i < len(a); i += 2 {
			v, ok := p.Value(a[i+1])
			if !ok {
				cost += powCost
				continue
			}
			if v.negative() {
				divides = true
				v = v.Neg()
			}
			n, d, exact := v.Exact()
			switch {
			case exact && d <= 2 && n < 1<<16:
				if d == 2 {
					cost += sqrtCost
					n /= 2
				}
				if n > 1 {
					cost += bits.Len64(uint64(n)) + bits.OnesCount64(uint64(n)) - 2
				}
				if d == 2 && n > 0 {
					cost++
				}
			default:
				cost += powCost
			}
		}
		if divides {
			cost += divideCost
		}
		return cost
	default:
		return op.Info().Cost
	}
}

// Costs of what the operator table does not list, relative to an addition.
const (
	divideCost = 4
	sqrtCost   = 6
	powCost    = 31 // exp(y*log(x))
)

// Cost is the work of computing all of es with every common subterm computed once.
func (p *Pool) Cost(es ...ID) int {
	seen := map[ID]bool{}
	cost := 0
	for _, e := range es {
		p.Walk(e, seen, nil, func(t ID) { cost += p.OwnCost(t) })
	}
	return cost
}
