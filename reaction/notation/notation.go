// Package notation reads and prints reactions as text: "S + E <-> SE", "2 A -> B", "0 -> A".
//
// In: text. Out: Reactions, with names and coefficients as they stand, or the column of the first mistake. What names mean, and
// what coefficients and constants are worth, is up to the reader.
//
// A reaction is
//
//	[NAME:] [RATE, | (RATE, RATE),] SIDE ARROW SIDE
//
// A side is 0, ∅ or terms joined by +, a term is a name with a coefficient before it or none: 2A, 2 A, 2*A, 1/2 A, 1.5 A, n*A,
// (n + 1)*A. Names are those of instance paths, cell[3].ca, or stand in single quotes. The arrows are those of Catalyst.jl:
//
//	->  -->  →        the rate is the constant of mass action
//	<-> <--> ↔ ⇌      the same, there and back: two rates
//	=>  ==>  ⇒        the rate is the law, used as it is stated
//	<=> <==> ⇔        the same, there and back
//	<-  <--  ←  <= <== ⇐   from right to left
//
// In lists a reaction ends at the end of the line or at a semicolon; # and // begin comments.
package notation

import (
	"fmt"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reaction is a reaction as text states it.
type Reaction struct {
	Name  string
	Rates []Text // none, one, or those of the two directions
	// Reactants and Products are as written: a species may stand in a side several times.
	Reactants, Products []Term
	Reversible          bool
	Stated              bool // the rates are laws, used as they are stated, and not constants of mass action
	Line, Col           int  // where it begins, counted in characters from 1
}

// Term is a species in a side of a reaction.
type Term struct {
	Species Text
	Number  Number
}

// Text is a part of what was read, and where it stands.
type Text struct {
	Text      string
	Line, Col int
}

// Number is a coefficient: N/D where it is a number, else D is 0 and Expr the text of a term.
type Number struct {
	N, D int64
	Expr Text
}

// Error is a mistake in the text of a reaction.
type Error struct {
	Line, Col int // in characters, from 1
	Msg       string
	Next      string // what to try
}

// Error prints the mistake and its column.
func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Col, e.Msg) }

// arrow is what an arrow means.
type arrow struct {
	text                     string
	reversible, stated, left bool
}

// arrows are listed such that none is a beginning of a later one.
var arrows = []arrow{
	{"<-->", true, false, false}, {"<->", true, false, false}, {"↔", true, false, false}, {"⇌", true, false, false},
	{"<==>", true, true, false}, {"<=>", true, true, false}, {"⇔", true, true, false},
	{"-->", false, false, false}, {"->", false, false, false}, {"→", false, false, false},
	{"==>", false, true, false}, {"=>", false, true, false}, {"⇒", false, true, false},
	{"<--", false, false, true}, {"<-", false, false, true}, {"←", false, false, true},
	{"<==", false, true, true}, {"<=", false, true, true}, {"⇐", false, true, true},
}

// Parse reads one reaction, with or without rates.
func Parse(text string) (*Reaction, *Error) {
	list, errs := ParseList(text)
	switch {
	case len(errs) > 0:
		return nil, errs[0]
	case len(list) == 0:
		return nil, &Error{1, 1, "there is no reaction", `write a reaction, as in "A + B -> C"`}
	case len(list) > 1:
		return nil, &Error{list[1].Line, list[1].Col, "a second reaction", "write one reaction"}
	}
	return list[0], nil
}

// ParseList reads any number of reactions. It goes on after a mistake.
func ParseList(text string) (list []*Reaction, errs []*Error) {
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		s := &scanner{src: line, line: n + 1}
		for s.pos <= len(line) {
			end := s.statement()
			part := &scanner{src: line[:end], line: n + 1, pos: s.pos}
			part.blanks()
			if part.pos < end {
				r, err := part.reaction()
				if err != nil {
					errs = append(errs, err)
				} else {
					list = append(list, r)
				}
			}
			if end == len(line) || line[end] != ';' {
				break // the rest is a comment
			}
			s.pos = end + 1
		}
	}
	return list, errs
}

// scanner reads a line.
type scanner struct {
	src  string
	line int
	pos  int
}

// statement is the end of what begins at pos: a semicolon, a comment or the end of the line.
func (s *scanner) statement() int {
	quoted := false
	for i := s.pos; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '\\' && quoted:
			i++
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == ';', c == '#', c == '/' && strings.HasPrefix(s.src[i:], "//"):
			return i
		}
	}
	return len(s.src)
}

func (s *scanner) col(at int) int { return utf8.RuneCountInString(s.src[:at]) + 1 }

func (s *scanner) text(from, to int) Text {
	raw := s.src[from:to]
	t := strings.TrimLeft(raw, " \t")
	from += len(raw) - len(t)
	return Text{strings.TrimRight(t, " \t"), s.line, s.col(from)}
}

func (s *scanner) fail(at int, next, format string, args ...any) *Error {
	return &Error{s.line, s.col(at), fmt.Sprintf(format, args...), next}
}

func (s *scanner) blanks() {
	for s.pos < len(s.src) && (s.src[s.pos] == ' ' || s.src[s.pos] == '\t') {
		s.pos++
	}
}

// what describes what stands at the position.
func (s *scanner) what() string {
	if s.pos >= len(s.src) {
		return "the end"
	}
	r, _ := utf8.DecodeRuneInString(s.src[s.pos:])
	return fmt.Sprintf("%q", string(r))
}

const form = `write reactants, an arrow and products, as in "A + 2 B -> C"`

// reaction reads a statement up to the end of src.
func (s *scanner) reaction() (*Reaction, *Error) {
	r := &Reaction{Line: s.line, Col: s.col(s.pos)}
	if err := s.label(r); err != nil {
		return nil, err
	}
	if err := s.rates(r); err != nil {
		return nil, err
	}
	left, err := s.side()
	if err != nil {
		return nil, err
	}
	s.blanks()
	at := s.pos
	var how *arrow
	for i := range arrows {
		if strings.HasPrefix(s.src[s.pos:], arrows[i].text) {
			how = &arrows[i]
			break
		}
	}
	if how == nil {
		if s.pos == len(s.src) {
			return nil, s.fail(at, form, "the arrow is missing")
		}
		return nil, s.fail(at, form, "expected + or an arrow, found %s", s.what())
	}
	s.pos += len(how.text)
	right, err := s.side()
	if err != nil {
		return nil, err
	}
	s.blanks()
	if s.pos < len(s.src) {
		return nil, s.fail(s.pos, "join species by +; end a reaction by a semicolon or a new line", "expected + or the end, found %s", s.what())
	}
	if len(left) == 0 && len(right) == 0 {
		return nil, s.fail(at, form, "there is no species on either side")
	}
	r.Reactants, r.Products, r.Reversible, r.Stated = left, right, how.reversible, how.stated
	if how.left {
		r.Reactants, r.Products = right, left
	}
	switch n := len(r.Rates); {
	case n == 2 && !r.Reversible:
		return nil, s.fail(at, "give one rate, or write <->", "two rates for one direction")
	case n == 1 && r.Reversible:
		return nil, s.fail(at, "give the rates of both directions, as in (kf, kr), A <-> B", "one rate for two directions")
	}
	return r, nil
}

// label reads a name with a colon behind it.
func (s *scanner) label(r *Reaction) *Error {
	start := s.pos
	if name, ok := s.name(); ok {
		s.blanks()
		if s.pos < len(s.src) && s.src[s.pos] == ':' {
			r.Name = name
			s.pos++
			s.blanks()
			return nil
		}
	}
	s.pos = start
	return nil
}

// rates reads what stands before the last comma that is not within brackets: the constant or law, or two of them.
func (s *scanner) rates(r *Reaction) *Error {
	depth, cut, quoted := 0, -1, false
	for i := s.pos; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '\\' && quoted:
			i++
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ',' && depth == 0:
			cut = i
		}
	}
	if cut < 0 {
		return nil
	}
	whole := s.text(s.pos, cut)
	if whole.Text == "" {
		return s.fail(cut, "write the rate before the comma, as in k, A -> B", "the rate is missing")
	}
	r.Rates = []Text{whole}
	if a, b, ok := s.pair(s.pos, cut); ok {
		if a.Text == "" || b.Text == "" {
			return s.fail(s.pos, "write (kf, kr)", "one of the two rates is missing")
		}
		r.Rates = []Text{a, b}
	}
	s.pos = cut + 1
	return nil
}

// pair splits (a, b).
func (s *scanner) pair(from, to int) (a, b Text, ok bool) {
	for from < to && (s.src[from] == ' ' || s.src[from] == '\t') {
		from++
	}
	for to > from && (s.src[to-1] == ' ' || s.src[to-1] == '\t') {
		to--
	}
	if to-from < 2 || s.src[from] != '(' || s.src[to-1] != ')' {
		return a, b, false
	}
	depth, comma := 0, -1
	for i := from; i < to; i++ {
		switch s.src[i] {
		case '(', '[':
			depth++
		case ')', ']':
			if depth--; depth == 0 && i < to-1 {
				return a, b, false // (a) * (b)
			}
		case ',':
			if depth == 1 {
				if comma >= 0 {
					return a, b, false
				}
				comma = i
			}
		}
	}
	if comma < 0 {
		return a, b, false
	}
	return s.text(from+1, comma), s.text(comma+1, to-1), true
}

// side reads the terms of a side.
func (s *scanner) side() ([]Term, *Error) {
	s.blanks()
	if strings.HasPrefix(s.src[s.pos:], "∅") {
		s.pos += len("∅")
		return nil, nil
	}
	if s.zero() {
		s.pos++
		return nil, nil
	}
	var list []Term
	for {
		t, err := s.term()
		if err != nil {
			return nil, err
		}
		list = append(list, t)
		s.blanks()
		if s.pos == len(s.src) || s.src[s.pos] != '+' {
			return list, nil
		}
		s.pos++
	}
}

// zero reports whether a lone 0 stands here: nothing that could continue a coefficient or a term follows.
func (s *scanner) zero() bool {
	if s.pos == len(s.src) || s.src[s.pos] != '0' {
		return false
	}
	rest := strings.TrimLeft(s.src[s.pos+1:], " \t")
	if rest == "" {
		return true
	}
	for i := range arrows {
		if strings.HasPrefix(rest, arrows[i].text) {
			return true
		}
	}
	return false
}

// term reads a coefficient and a species.
func (s *scanner) term() (Term, *Error) {
	s.blanks()
	t := Term{Number: Number{N: 1, D: 1}}
	start := s.pos
	c := byte(0)
	if s.pos < len(s.src) {
		c = s.src[s.pos]
	}
	switch {
	case c >= '0' && c <= '9' || c == '.':
		n, err := s.number()
		if err != nil {
			return t, err
		}
		t.Number = n
		s.blanks()
		if s.pos < len(s.src) && s.src[s.pos] == '*' {
			s.pos++
			s.blanks()
		}
	case c == '(':
		depth, end := 0, -1
		for i := s.pos; i < len(s.src) && end < 0; i++ {
			switch s.src[i] {
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					end = i
				}
			}
		}
		if end < 0 {
			return t, s.fail(start, "close it", "a bracket that is not closed")
		}
		e := s.text(s.pos+1, end)
		if e.Text == "" {
			return t, s.fail(start, "write a coefficient in the brackets", "empty brackets")
		}
		t.Number = Number{Expr: e}
		s.pos = end + 1
		s.blanks()
		if s.pos < len(s.src) && s.src[s.pos] == '*' {
			s.pos++
			s.blanks()
		}
	}
	at := s.pos
	name, ok := s.name()
	if !ok {
		next := form
		if s.pos < len(s.src) && s.src[s.pos] == '\'' {
			next = "close the quotes"
		}
		return t, s.fail(at, next, "expected a species, found %s", s.what())
	}
	t.Species = Text{name, s.line, s.col(at)}
	end := s.pos
	s.blanks()
	if s.pos < len(s.src) && s.src[s.pos] == '*' && at == start {
		t.Number = Number{Expr: Text{s.src[at:end], s.line, s.col(at)}}
		s.pos++
		s.blanks()
		at = s.pos
		if name, ok = s.name(); !ok {
			return t, s.fail(at, "write a coefficient, * and a species; a longer coefficient stands in brackets", "expected a species, found %s", s.what())
		}
		t.Species = Text{name, s.line, s.col(at)}
	} else {
		s.pos = end
	}
	return t, nil
}

// number reads 2, 1.5 or 1/2.
func (s *scanner) number() (Number, *Error) {
	start := s.pos
	digits := func() {
		for s.pos < len(s.src) && (s.src[s.pos] >= '0' && s.src[s.pos] <= '9' || s.src[s.pos] == '.') {
			s.pos++
		}
	}
	digits()
	v, ok := new(big.Rat).SetString(s.src[start:s.pos])
	if !ok {
		return Number{}, s.fail(start, "write 2, 1.5 or 1/2", "%q is no number", s.src[start:s.pos])
	}
	if s.pos < len(s.src) && s.src[s.pos] == '/' {
		s.pos++
		from := s.pos
		digits()
		d, ok := new(big.Rat).SetString(s.src[from:s.pos])
		if !ok || d.Sign() == 0 {
			return Number{}, s.fail(start, "write 1/2", "%q is no number", s.src[start:s.pos])
		}
		v.Quo(v, d)
	}
	if !v.Num().IsInt64() || !v.Denom().IsInt64() {
		return Number{}, s.fail(start, "give a smaller number", "the coefficient %s is too long", s.src[start:s.pos])
	}
	if v.Sign() == 0 {
		return Number{}, s.fail(start, "leave the species out; an empty side is 0", "the coefficient is 0")
	}
	return Number{N: v.Num().Int64(), D: v.Denom().Int64()}, nil
}

// name reads a path such as cell[3].ca, or a quoted name; pos stays where there is none.
func (s *scanner) name() (string, bool) {
	start := s.pos
	if s.pos < len(s.src) && s.src[s.pos] == '\'' {
		var b strings.Builder
		for i := s.pos + 1; i < len(s.src); i++ {
			switch c := s.src[i]; {
			case c == '\\' && i+1 < len(s.src):
				i++
				b.WriteByte(s.src[i])
			case c == '\'':
				if b.Len() == 0 {
					return "", false
				}
				s.pos = i + 1
				return b.String(), true
			default:
				b.WriteByte(c)
			}
		}
		return "", false
	}
	for {
		if !s.identifier() {
			s.pos = start
			return "", false
		}
		for s.pos < len(s.src) && s.src[s.pos] == '[' {
			end := strings.IndexByte(s.src[s.pos:], ']')
			if end < 0 {
				s.pos = start
				return "", false
			}
			s.pos += end + 1
		}
		if s.pos == len(s.src) || s.src[s.pos] != '.' {
			return s.src[start:s.pos], true
		}
		s.pos++
	}
}

func (s *scanner) identifier() bool {
	start := s.pos
	for s.pos < len(s.src) {
		r, n := utf8.DecodeRuneInString(s.src[s.pos:])
		if r != '_' && !unicode.IsLetter(r) && !(s.pos > start && (unicode.IsDigit(r) || unicode.IsMark(r))) {
			break
		}
		s.pos += n
	}
	return s.pos > start
}

// String prints the reaction in the form that Parse reads, with the arrows -> <-> => <=>.
func (r *Reaction) String() string {
	var b strings.Builder
	if r.Name != "" {
		b.WriteString(Quote(r.Name) + ": ")
	}
	switch len(r.Rates) {
	case 1:
		b.WriteString(r.Rates[0].Text + ", ")
	case 2:
		b.WriteString("(" + r.Rates[0].Text + ", " + r.Rates[1].Text + "), ")
	}
	b.WriteString(r.Equation())
	return b.String()
}

// Equation prints the sides and the arrow alone.
func (r *Reaction) Equation() string {
	how := " -> "
	switch {
	case r.Reversible && r.Stated:
		how = " <=> "
	case r.Reversible:
		how = " <-> "
	case r.Stated:
		how = " => "
	}
	return Side(r.Reactants) + how + Side(r.Products)
}

// Side prints one side of a reaction.
func Side(list []Term) string {
	if len(list) == 0 {
		return "0"
	}
	parts := make([]string, len(list))
	for i := range list {
		parts[i] = list[i].Number.prefix() + Quote(list[i].Species.Text)
	}
	return strings.Join(parts, " + ")
}

// prefix is a coefficient as it stands before its species.
func (n Number) prefix() string {
	switch {
	case n.D == 0:
		if Quote(n.Expr.Text) == n.Expr.Text {
			return n.Expr.Text + "*"
		}
		return "(" + n.Expr.Text + ")*"
	case n.D != 1:
		return fmt.Sprintf("%d/%d ", n.N, n.D)
	case n.N != 1:
		return fmt.Sprintf("%d ", n.N)
	}
	return ""
}

// Quote is a name as it stands in a reaction: in quotes unless it is a path.
func Quote(name string) string {
	s := &scanner{src: name}
	if got, ok := s.name(); ok && got == name && s.pos == len(name) && name[0] != '\'' {
		return name
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "'"
}
