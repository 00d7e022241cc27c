package gogen

import (
	"go/token"
	"strconv"
	"strings"
	"unicode"
)

// names gives out Go identifiers that are different from each other.
type names struct{ used map[string]bool }

// newNames reserves identifiers.
func newNames(reserved ...string) *names {
	n := &names{used: map[string]bool{}}
	for _, r := range reserved {
		n.used[r] = true
	}
	return n
}

// unique returns the identifier, with a number behind it if it is in use.
func (n *names) unique(id string) string {
	name := id
	for k := 2; n.used[name]; k++ {
		name = id + "_" + strconv.Itoa(k)
	}
	n.used[name] = true
	return name
}

// predeclared are identifiers of the language that generated code uses, and words that
// a reader would trip over.
var predeclared = []string{
	"bool", "float64", "int", "int32", "string", "copy", "clear", "len", "make", "append", "nil", "true", "false", "iota",
	"min", "max", "new", "panic", "any", "error", "_", "init", "main",
	"math", "ode", "linsolve", "elementary", "embedded", "ensemble",
}

// identifier turns the name of a model variable into a Go identifier: letters and
// digits of any script are kept, everything between them becomes one underscore:
// r1.p.v is r1_p_v, x[2,3] is x_2_3, der(x) is der_x.
func identifier(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	s := b.String()
	if s == "" {
		return "v"
	}
	if r := []rune(s)[0]; unicode.IsDigit(r) {
		s = "v" + s
	}
	if token.IsKeyword(s) {
		s += "_"
	}
	return s
}

// exported is identifier with an upper-case first letter, so that it may follow a
// prefix or stand alone in a package's interface.
func exported(name string) string {
	r := []rune(identifier(name))
	up := unicode.ToUpper(r[0])
	if !unicode.IsUpper(up) {
		return "X" + string(r)
	}
	r[0] = up
	return string(r)
}

// unexported is identifier with a lower-case first letter.
func unexported(name string) string {
	r := []rune(identifier(name))
	r[0] = unicode.ToLower(r[0])
	s := string(r)
	if token.IsKeyword(s) {
		s += "_"
	}
	return s
}

// comment makes a text fit into the rest of a line.
func comment(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			b.WriteString(" ...")
			break
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == unicode.ReplacementChar {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}

// local drops the directories of the position that a text begins with, so that the
// source does not depend on where the model was compiled.
func local(s string) string {
	pos, _, ok := strings.Cut(s, ": ")
	if !ok {
		return s
	}
	i := strings.LastIndexAny(pos, "/\\")
	if i < 0 || strings.ContainsAny(pos, " \n") {
		return s
	}
	return s[i+1:]
}
