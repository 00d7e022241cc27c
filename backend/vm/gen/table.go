package main

import "strings"

// op is an operation of the lane machine with the forms that its operands may take.
type op struct {
	name  string   // Go expression of its number
	kind  string   // what the ISAs are asked for
	modes []string // see variant
}

// far reports whether an operation leaves the machine where the first operand is large, after it has made the second one its result.
func (o *op) far() bool { return strings.HasPrefix(o.kind, "Far") }

// variant is an operation with a letter for each operand: M a row in memory, K one number for
// all lanes, A the result of the instruction before, which is still in the registers of the
// processor. Without store the result is left there alone.
type variant struct {
	op    *op
	modes string
	store bool
}

// product lists all words with one letter of each set.
func product(sets ...string) []string {
	words := []string{""}
	for _, s := range sets {
		var next []string
		for _, w := range words {
			for _, c := range s {
				next = append(next, w+string(c))
			}
		}
		words = next
	}
	return words
}

func ops() []*op {
	var list []*op
	add := func(modes []string, names ...string) {
		for _, n := range names {
			kind := n[strings.LastIndexByte(n, '.')+1:]
			kind = strings.TrimPrefix(kind, "op")
			list = append(list, &op{n, kind, modes})
		}
	}
	unary := []string{"M", "A"}
	commutative := []string{"MM", "MK", "AM", "AK"}
	ordered := []string{"MM", "MK", "KM", "AM", "AK", "MA", "KA"}
	ternary := append(product("MA", "MK", "MK"), "MMA", "MKA", "AAM", "AAK")
	add(unary, "opMove")
	add([]string{"K"}, "opSpread")
	add(unary, "backend.Neg", "backend.Abs", "backend.Sqrt", "backend.Floor", "backend.Ceil", "backend.Not",
		"backend.BitShl", "backend.BitShr", "backend.BitSar")
	add(commutative, "backend.Add")
	add(append(commutative[:4:4], "AA"), "backend.Mul")
	add(ordered, "backend.Sub", "backend.Div", "backend.BitSub")
	add(commutative, "backend.Min", "backend.Max", "backend.Lt", "backend.Le", "opGt", "opGe", "backend.Eq", "backend.Ne",
		"backend.BitAnd", "backend.BitOr", "backend.BitXor", "backend.BitAdd")
	add([]string{"MM", "AM"}, "backend.And", "backend.Or")
	add([]string{"MM", "MA"}, "backend.FarSin", "backend.FarCos", "backend.FarTan")
	add(ternary, "backend.FMA", "opMulAdd", "opMulSub", "opSubMul")
	add(append(product("MA", "MK", "MK"), "MAM", "MAK", "MMA", "MKA"), "backend.Select")
	var picks []string
	for _, w := range product("MA", "MK") {
		picks = append(picks, w+"MM", w+"KM", w+"MK")
	}
	add(picks, "opLtSelect", "opLeSelect", "opGtSelect", "opGeSelect", "opEqSelect", "opNeSelect")
	return list
}

// variants are all instructions; the number 0 is kept for the one that leaves the machine.
func variants() []variant {
	var list []variant
	for _, o := range ops() {
		for _, m := range o.modes {
			list = append(list, variant{o, m, true})
			if o.kind != "Move" && !o.far() && len(m) < 4 {
				list = append(list, variant{o, m, false})
			}
		}
	}
	return list
}
