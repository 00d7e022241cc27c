package expr

// Expr is a term together with its pool: the form in which users of the embedded
// API write mathematics. The zero Expr is invalid. Operands of one expression must
// come from one pool.
type Expr struct {
	pool *Pool
	id   ID
}

// Of wraps an id of the pool.
func (p *Pool) Of(id ID) Expr { return Expr{p, id} }

// ID returns the id within the pool.
func (e Expr) ID() ID { return e.id }

// Pool returns the arena of the term.
func (e Expr) Pool() *Pool { return e.pool }

func (e Expr) with(id ID) Expr { return Expr{e.pool, id} }

// lift makes a term of a number or passes an Expr on.
func (e Expr) lift(v any) ID {
	switch v := v.(type) {
	case Expr:
		if v.pool != e.pool {
			panic("mtkc/expr: operands come from different pools")
		}
		return v.id
	case float64:
		return e.pool.Float(v)
	case int:
		return e.pool.Int(int64(v))
	}
	panic("mtkc/expr: an operand must be an Expr, a float64 or an int")
}

// Add returns e + v; v is an Expr, a float64 or an int, as for the other operators.
func (e Expr) Add(v any) Expr { return e.with(e.pool.Add(e.id, e.lift(v))) }

// Sub returns e - v.
func (e Expr) Sub(v any) Expr { return e.with(e.pool.Sub(e.id, e.lift(v))) }

// Mul returns e * v.
func (e Expr) Mul(v any) Expr { return e.with(e.pool.Mul(e.id, e.lift(v))) }

// Div returns e / v.
func (e Expr) Div(v any) Expr { return e.with(e.pool.Div(e.id, e.lift(v))) }

// Pow returns e ^ v.
func (e Expr) Pow(v any) Expr { return e.with(e.pool.Pow(e.id, e.lift(v))) }

// Neg returns -e.
func (e Expr) Neg() Expr { return e.with(e.pool.Neg(e.id)) }

// Lt returns e < v.
func (e Expr) Lt(v any) Expr { return e.with(e.pool.Fn(OpLt, e.id, e.lift(v))) }

// Le returns e <= v.
func (e Expr) Le(v any) Expr { return e.with(e.pool.Fn(OpLe, e.id, e.lift(v))) }

// Gt returns e > v.
func (e Expr) Gt(v any) Expr { return e.with(e.pool.Fn(OpLt, e.lift(v), e.id)) }

// Ge returns e >= v.
func (e Expr) Ge(v any) Expr { return e.with(e.pool.Fn(OpLe, e.lift(v), e.id)) }

// And returns e and v.
func (e Expr) And(v Expr) Expr { return e.with(e.pool.Fn(OpAnd, e.id, e.lift(v))) }

// Or returns e or v.
func (e Expr) Or(v Expr) Expr { return e.with(e.pool.Fn(OpOr, e.id, e.lift(v))) }

// Not returns not e.
func (e Expr) Not() Expr { return e.with(e.pool.Fn(OpNot, e.id)) }

// Apply applies a unary function operator of the table.
func (e Expr) Apply(op Op) Expr { return e.with(e.pool.Fn(op, e.id)) }

// Der returns the time derivative of e.
func Der(e Expr) Expr { return e.Apply(OpDer) }

// Pre returns the left limit of e at an event.
func Pre(e Expr) Expr { return e.Apply(OpPre) }

// Sin, Cos, Exp, ... are the elementary functions of one argument.
func Sin(e Expr) Expr   { return e.Apply(OpSin) }
func Cos(e Expr) Expr   { return e.Apply(OpCos) }
func Tan(e Expr) Expr   { return e.Apply(OpTan) }
func Asin(e Expr) Expr  { return e.Apply(OpAsin) }
func Acos(e Expr) Expr  { return e.Apply(OpAcos) }
func Atan(e Expr) Expr  { return e.Apply(OpAtan) }
func Sinh(e Expr) Expr  { return e.Apply(OpSinh) }
func Cosh(e Expr) Expr  { return e.Apply(OpCosh) }
func Tanh(e Expr) Expr  { return e.Apply(OpTanh) }
func Exp(e Expr) Expr   { return e.Apply(OpExp) }
func Log(e Expr) Expr   { return e.Apply(OpLog) }
func Log10(e Expr) Expr { return e.Apply(OpLog10) }
func Abs(e Expr) Expr   { return e.Apply(OpAbs) }
func Sign(e Expr) Expr  { return e.Apply(OpSign) }
func Floor(e Expr) Expr { return e.Apply(OpFloor) }
func Ceil(e Expr) Expr  { return e.Apply(OpCeil) }
func Sqrt(e Expr) Expr  { return e.with(e.pool.Sqrt(e.id)) }

// Min and Max return the smaller and the larger of e and v, Atan2 the angle of the
// point (v, e); v is an Expr, a float64 or an int.
func Min(e Expr, v any) Expr   { return e.with(e.pool.Fn(OpMin, e.id, e.lift(v))) }
func Max(e Expr, v any) Expr   { return e.with(e.pool.Fn(OpMax, e.id, e.lift(v))) }
func Atan2(e Expr, v any) Expr { return e.with(e.pool.Fn(OpAtan2, e.id, e.lift(v))) }

// String is the text of the term, see Pool.String.
func (e Expr) String() string {
	if e.pool == nil {
		return "invalid"
	}
	return e.pool.String(e.id)
}

// If returns "if cond then a else b"; a and b are an Expr, a float64 or an int.
func If(cond Expr, a, b any) Expr {
	return cond.with(cond.pool.If(cond.id, cond.lift(a), cond.lift(b)))
}
