// Package units checks the physical dimensions of a flat system.
//
// In: a model.System whose variables carry unit texts. Out: a diagnostic for every
// equation, binding, event and condition whose sides cannot have the same dimension,
// and for unit texts that cannot be read. Nothing is inferred: a variable without a
// unit fits everywhere. Scale (mm against m) is not compared, and an angle is a
// number.
package units

import (
	"fmt"
	"strconv"
	"strings"
)

// base are the base units of the SI.
var base = [...]string{"m", "kg", "s", "A", "K", "mol", "cd"}

// fine is the resolution of exponents: 1/12, so that roots stay exact.
const fine = 12

// Dim is a dimension: exponents of the base units in units of 1/12.
type Dim [len(base)]int16

// Times returns the dimension of a product, Over that of a quotient.
func (d Dim) Times(e Dim) Dim {
	for i := range d {
		d[i] += e[i]
	}
	return d
}

// Over returns the dimension of a quotient.
func (d Dim) Over(e Dim) Dim {
	for i := range d {
		d[i] -= e[i]
	}
	return d
}

// Power returns the dimension of the power n/m; it fails if an exponent is finer than
// 1/12.
func (d Dim) Power(n, m int64) (Dim, bool) {
	for i := range d {
		x := int64(d[i]) * n
		if x%m != 0 || x/m > 1<<14 || x/m < -1<<14 {
			return Dim{}, false
		}
		d[i] = int16(x / m)
	}
	return d, true
}

// String prints the dimension in base units, "1" for a number.
func (d Dim) String() string {
	var num, den []string
	for i, e := range d {
		switch {
		case e > 0:
			num = append(num, base[i]+exponent(e))
		case e < 0:
			den = append(den, base[i]+exponent(-e))
		}
	}
	s := strings.Join(num, ".")
	if s == "" {
		s = "1"
	}
	switch len(den) {
	case 0:
		return s
	case 1:
		return s + "/" + den[0]
	}
	return s + "/(" + strings.Join(den, ".") + ")"
}

func exponent(e int16) string {
	switch {
	case e == fine:
		return ""
	case e%fine == 0:
		return strconv.Itoa(int(e / fine))
	}
	return fmt.Sprintf("^(%d/%d)", e, fine)
}

// symbol is a named unit.
type symbol struct {
	dim    Dim
	prefix bool // takes SI prefixes
}

func dim(m, kg, s, a, k, mol, cd int) Dim {
	d := Dim{}
	for i, e := range []int{m, kg, s, a, k, mol, cd} {
		d[i] = int16(e * fine)
	}
	return d
}

// symbols are the units of the SI brochure (9th edition, tables 2, 4 and 8) and some
// that engineers use.
var symbols = map[string]symbol{
	"m": {dim(1, 0, 0, 0, 0, 0, 0), true}, "g": {dim(0, 1, 0, 0, 0, 0, 0), true}, "s": {dim(0, 0, 1, 0, 0, 0, 0), true},
	"A": {dim(0, 0, 0, 1, 0, 0, 0), true}, "K": {dim(0, 0, 0, 0, 1, 0, 0), true}, "mol": {dim(0, 0, 0, 0, 0, 1, 0), true},
	"cd": {dim(0, 0, 0, 0, 0, 0, 1), true},

	"rad": {Dim{}, true}, "sr": {Dim{}, true}, "deg": {Dim{}, false}, "°": {Dim{}, false}, "rev": {Dim{}, false},
	"Hz": {dim(0, 0, -1, 0, 0, 0, 0), true}, "N": {dim(1, 1, -2, 0, 0, 0, 0), true}, "Pa": {dim(-1, 1, -2, 0, 0, 0, 0), true},
	"J": {dim(2, 1, -2, 0, 0, 0, 0), true}, "W": {dim(2, 1, -3, 0, 0, 0, 0), true}, "C": {dim(0, 0, 1, 1, 0, 0, 0), true},
	"V": {dim(2, 1, -3, -1, 0, 0, 0), true}, "F": {dim(-2, -1, 4, 2, 0, 0, 0), true}, "Ohm": {dim(2, 1, -3, -2, 0, 0, 0), true},
	"Ω": {dim(2, 1, -3, -2, 0, 0, 0), true}, "S": {dim(-2, -1, 3, 2, 0, 0, 0), true}, "Wb": {dim(2, 1, -2, -1, 0, 0, 0), true},
	"T": {dim(0, 1, -2, -1, 0, 0, 0), true}, "H": {dim(2, 1, -2, -2, 0, 0, 0), true}, "lm": {dim(0, 0, 0, 0, 0, 0, 1), true},
	"lx": {dim(-2, 0, 0, 0, 0, 0, 1), true}, "Bq": {dim(0, 0, -1, 0, 0, 0, 0), true}, "Gy": {dim(2, 0, -2, 0, 0, 0, 0), true},
	"Sv": {dim(2, 0, -2, 0, 0, 0, 0), true}, "kat": {dim(0, 0, -1, 0, 0, 1, 0), true},
	"degC": {dim(0, 0, 0, 0, 1, 0, 0), false}, "°C": {dim(0, 0, 0, 0, 1, 0, 0), false}, "degF": {dim(0, 0, 0, 0, 1, 0, 0), false},

	"min": {dim(0, 0, 1, 0, 0, 0, 0), false}, "h": {dim(0, 0, 1, 0, 0, 0, 0), false}, "d": {dim(0, 0, 1, 0, 0, 0, 0), false},
	"yr": {dim(0, 0, 1, 0, 0, 0, 0), false}, "l": {dim(3, 0, 0, 0, 0, 0, 0), true}, "L": {dim(3, 0, 0, 0, 0, 0, 0), true},
	"t": {dim(0, 1, 0, 0, 0, 0, 0), true}, "eV": {dim(2, 1, -2, 0, 0, 0, 0), true}, "u": {dim(0, 1, 0, 0, 0, 0, 0), false},
	"Da": {dim(0, 1, 0, 0, 0, 0, 0), true}, "au": {dim(1, 0, 0, 0, 0, 0, 0), false}, "ha": {dim(2, 0, 0, 0, 0, 0, 0), false},
	"bar": {dim(-1, 1, -2, 0, 0, 0, 0), true}, "atm": {dim(-1, 1, -2, 0, 0, 0, 0), false}, "cal": {dim(2, 1, -2, 0, 0, 0, 0), true},
	"rpm": {dim(0, 0, -1, 0, 0, 0, 0), false}, "M": {dim(-3, 0, 0, 0, 0, 1, 0), true}, "var": {dim(2, 1, -3, 0, 0, 0, 0), true},
	"%": {Dim{}, false}, "ppm": {Dim{}, false}, "dB": {Dim{}, false}, "1": {Dim{}, false},
}

var prefixes = []string{"da", "Q", "R", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "µ", "n", "p", "f", "a", "z", "y", "r", "q"}

// Parse reads a unit such as "m/s2", "kg.m2", "W/(m2.K)", "1/s" or "m.s-2". A caret
// before exponents and * for . are accepted.
//
// Modelica Language Specification 3.6, chapter 19, with more than one / from the left.
func Parse(text string) (Dim, error) {
	p := parser{s: strings.TrimSpace(text)}
	if p.s == "" {
		return Dim{}, fmt.Errorf("empty unit")
	}
	d, err := p.quotient()
	if err == nil && p.i < len(p.s) {
		err = fmt.Errorf("unexpected %q", p.s[p.i:])
	}
	if err != nil {
		return Dim{}, fmt.Errorf("unit %q: %w", text, err)
	}
	return d, nil
}

type parser struct {
	s     string
	i     int
	depth int
}

func (p *parser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *parser) quotient() (Dim, error) {
	d, err := p.factor()
	for err == nil {
		var e Dim
		switch p.peek() {
		case '.', '*':
			p.i++
			e, err = p.factor()
			d = d.Times(e)
		case '/':
			p.i++
			e, err = p.factor()
			d = d.Over(e)
		default:
			return d, nil
		}
	}
	return d, err
}

func (p *parser) factor() (Dim, error) {
	var d Dim
	switch c := p.peek(); {
	case c == '(':
		if p.depth++; p.depth > 100 {
			return d, fmt.Errorf("too many parentheses")
		}
		p.i++
		var err error
		if d, err = p.quotient(); err != nil {
			return d, err
		}
		if p.peek() != ')' {
			return d, fmt.Errorf("missing )")
		}
		p.i++
		p.depth--
	case c == '1' && (p.i+1 == len(p.s) || strings.IndexByte("./*)", p.s[p.i+1]) >= 0):
		p.i++
		return d, nil
	default:
		start := p.i
		for p.i < len(p.s) && strings.IndexByte("./*()^+-0123456789 ", p.s[p.i]) < 0 {
			p.i++
		}
		var err error
		if d, err = named(p.s[start:p.i]); err != nil {
			return d, err
		}
	}
	if p.peek() == '^' {
		p.i++
	}
	start := p.i
	if c := p.peek(); c == '-' || c == '+' {
		p.i++
	}
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.i++
	}
	if start == p.i {
		return d, nil
	}
	n, err := strconv.Atoi(p.s[start:p.i])
	if err != nil || n > 100 || n < -100 {
		return d, fmt.Errorf("bad exponent %q", p.s[start:p.i])
	}
	d, ok := d.Power(int64(n), 1)
	if !ok {
		return d, fmt.Errorf("bad exponent %d", n)
	}
	return d, nil
}

func named(s string) (Dim, error) {
	if u, ok := symbols[s]; ok {
		return u.dim, nil
	}
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			if u, ok := symbols[rest]; ok && u.prefix {
				return u.dim, nil
			}
		}
	}
	if s == "" {
		return Dim{}, fmt.Errorf("a unit is missing")
	}
	return Dim{}, fmt.Errorf("%q is no unit", s)
}
