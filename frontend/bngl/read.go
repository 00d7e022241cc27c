package bngl

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
)

// network is what a file states. Names are not yet resolved; formulas are text.
type network struct {
	file      string
	params    []definition
	functions []definition
	species   []species
	numbers   map[int]int32 // of species by the number in the file, where that is not 1 more than the index; else nil
	reactions []reaction
	sides     []int32  // indices of reactants, then products, of all reactions
	rates     []source // different texts of rates
	labels    []string // different rules
	groups    []group
	members   []member // of all groups
}

// source is a text at a place.
type source struct {
	text string
	at   place
}

// place is a position in the file.
type place struct{ line, col int32 }

func (n *network) pos(at place) diag.Pos {
	return diag.Pos{File: n.file, Line: int(at.line), Col: int(at.col)}
}

// definition is NAME = TEXT, a parameter, or a function with arguments.
type definition struct {
	name string
	args []string
	call bool // it has parentheses
	at   place
	source
}

type species struct {
	name  string // pattern without $
	fixed bool
	at    place
	start source
}

// reaction has its sides in network.sides[from:mid] and [mid:end of the next one's from].
type reaction struct {
	number    int32
	from, mid int32
	to        int32
	rate      int32 // in rates
	label     int32 // in labels, -1: none
	at        place
}

type group struct {
	name     string
	from, to int32 // in members
	at       place
}

type member struct {
	species int32
	weight  float64
}

// reader takes a file apart, line by line.
type reader struct {
	in    *bufio.Reader
	n     *network
	diags diag.List

	line  int    // last line that was read
	text  []byte // the line, with those that continue it, without its comment
	note  []byte // its comment, without #
	joins []join // where lines that continue begin
	buf   []byte
	err   error

	rates  map[string]int32
	labels map[string]int32
}

// join says that text from off on stands in another line.
type join struct {
	off  int
	line int
}

func newReader(in io.Reader, file string) *reader {
	return &reader{in: bufio.NewReaderSize(in, 1<<16), n: &network{file: file}, rates: map[string]int32{}, labels: map[string]int32{}}
}

func (r *reader) fail(at place, code, next, format string, args ...any) {
	if len(r.diags) < mostFindings {
		r.diags.Add(r.n.pos(at), code, next, format, args...)
	}
}

// rawLine reads a line without its end.
func (r *reader) rawLine() ([]byte, bool) {
	part, err := r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		r.buf = append(r.buf[:0], part...)
		for errors.Is(err, bufio.ErrBufferFull) {
			part, err = r.in.ReadSlice('\n')
			r.buf = append(r.buf, part...)
		}
		part = r.buf
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
		return nil, false
	}
	if err != nil && len(part) == 0 {
		return nil, false
	}
	r.line++
	part = bytes.TrimRight(part, "\r\n")
	if r.line == 1 {
		part = bytes.TrimPrefix(part, []byte("\ufeff"))
	}
	return part, true
}

// next reads the next line that is not empty, together with the lines that continue it (\ at the end).
func (r *reader) next() bool {
	for {
		raw, ok := r.rawLine()
		if !ok {
			return false
		}
		r.joins = append(r.joins[:0], join{0, r.line})
		r.text, r.note = r.uncomment(raw)
		for more := cut(r.text); more != nil; more = cut(r.text) {
			r.text = append([]byte(nil), more...)
			if raw, ok = r.rawLine(); !ok {
				break
			}
			r.joins = append(r.joins, join{len(r.text), r.line})
			var tail []byte
			tail, r.note = r.uncomment(raw)
			r.text = append(r.text, tail...)
		}
		if len(bytes.TrimSpace(r.text)) > 0 {
			return true
		}
	}
}

// cut is a line without the \ that continues it, nil where there is none.
func cut(line []byte) []byte {
	t := bytes.TrimRight(line, " \t")
	if len(t) > 0 && t[len(t)-1] == '\\' {
		t[len(t)-1] = ' '
		return t
	}
	return nil
}

// uncomment takes the comment off a line. A # within quotes begins none.
func (r *reader) uncomment(line []byte) (text, note []byte) {
	i := bytes.IndexByte(line, '#')
	if i < 0 {
		return line, nil
	}
	if bytes.IndexByte(line[:i], '"') >= 0 || bytes.IndexByte(line[:i], '\'') >= 0 {
		var quote byte
		for i = 0; i < len(line); i++ {
			switch c := line[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '#':
				return line[:i], line[i+1:]
			}
		}
		return line, nil
	}
	return line[:i], line[i+1:]
}

// at is the place of an offset into the text.
func (r *reader) at(off int) place {
	k := len(r.joins) - 1
	for r.joins[k].off > off {
		k--
	}
	return place{int32(r.joins[k].line), int32(off - r.joins[k].off + 1)}
}

// field is a word of a line.
type field struct {
	text []byte
	off  int
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' }

// word returns the first word at or behind off, and the offset behind it. The word is empty at the end.
func (r *reader) word(off int) (field, int) {
	t := r.text
	for off < len(t) && blank(t[off]) {
		off++
	}
	end := off
	for end < len(t) && !blank(t[end]) {
		end++
	}
	return field{t[off:end], off}, end
}

// rest is what follows off, without the spaces around it.
func (r *reader) rest(off int) field {
	t := r.text
	for off < len(t) && blank(t[off]) {
		off++
	}
	end := len(t)
	for end > off && blank(t[end-1]) {
		end--
	}
	return field{t[off:end], off}
}

// blocks lists what blocks there are, with what reads a line of them; nil: they are not needed.
var blocks = map[string]func(*reader){
	"parameters":         (*reader).parameter,
	"functions":          (*reader).function,
	"species":            (*reader).speciesLine,
	"seed species":       (*reader).speciesLine,
	"reactions":          (*reader).reaction,
	"groups":             (*reader).group,
	"compartments":       nil,
	"molecule types":     nil,
	"observables":        nil,
	"reaction rules":     nil,
	"energy patterns":    nil,
	"population maps":    nil,
	"population types":   nil,
	"actions":            nil,
	"protocol":           nil,
	"reaction constants": nil,
}

// statements are calls outside of blocks that do not change what the network means.
var statements = map[string]bool{"substanceUnits": true, "setOption": true, "setModelName": true, "version": true, "setVolume": true}

// network reads the whole file.
func (r *reader) network() *network {
	open, inside := "", place{}
	var read func(*reader)
	rules := false
	for r.next() {
		first, end := r.word(0)
		switch {
		case string(first.text) == "begin":
			name := strings.Join(strings.Fields(string(r.rest(end).text)), " ")
			if name == "model" {
				continue
			}
			if open != "" {
				r.fail(r.at(first.off), "E231", "write end "+open+" before it", "the block %s begins within the block %s", name, open)
			}
			known := false
			read, known = blocks[name]
			if !known {
				r.fail(r.at(first.off), "W230", "", "the block %s is left out: networks have none of this name", name)
			}
			rules = rules || name == "reaction rules"
			open, inside = name, r.at(first.off)
		case string(first.text) == "end":
			name := strings.Join(strings.Fields(string(r.rest(end).text)), " ")
			if name == "model" {
				continue
			}
			if name != open {
				next := "write end " + open
				if open == "" {
					next = "remove it, or write begin " + name + " before the block"
				}
				r.fail(r.at(first.off), "E231", next, "end %s ends no block", name)
			}
			open, read = "", nil
		case open != "":
			if read != nil {
				read(r)
			}
		default:
			r.statement(first)
		}
	}
	end := place{int32(max(r.line, 1)), 1}
	switch {
	case r.err != nil:
		r.fail(end, "E230", "check the file", "the network cannot be read: %v", r.err)
	case open != "":
		r.fail(inside, "E231", "write end "+open+" behind it; the file may be cut", "the block %s has no end", open)
	case r.diags.Errors() == 0 && len(r.n.species) == 0 && rules:
		r.fail(end, "E230", "let BioNetGen generate the network, generate_network({overwrite=>1}), and give the .net file", "the file holds rules, but no network")
	case r.diags.Errors() == 0 && len(r.n.species) == 0:
		r.fail(end, "E230", "give a file with begin species ... end species, begin reactions ... end reactions", "the file holds no network: it has no species")
	}
	return r.n
}

// statement is a line outside of blocks.
func (r *reader) statement(first field) {
	line := r.rest(0).text
	name, _, call := bytes.Cut(line, []byte("("))
	name = bytes.TrimRight(name, " \t;")
	call = call && isName(name) && bytes.HasSuffix(bytes.TrimRight(line, " \t;"), []byte(")")) && bytes.Count(line, []byte("(")) == bytes.Count(line, []byte(")")) &&
		!bytes.Contains(line, []byte("->"))
	switch {
	case statements[string(name)]:
	case call:
		r.fail(r.at(first.off), "W230", "", "%s is left out: it is an action, not part of the network", name)
	default:
		r.fail(r.at(first.off), "E231", "a network consists of blocks, begin NAME ... end NAME", "%q stands outside of all blocks", clip(line))
	}
}

// clip shortens a text for a message.
func clip(t []byte) string {
	if len(t) > 60 {
		return string(t[:57]) + "..."
	}
	return string(t)
}

// isName reports whether a text is an identifier.
func isName(t []byte) bool {
	for i, c := range t {
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return len(t) > 0
}

// natural reads digits; ok is false for anything else and for numbers above 2^31.
func natural(t []byte) (v int, ok bool) {
	if len(t) == 0 || len(t) > 10 {
		return 0, false
	}
	for _, c := range t {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int(c-'0')
	}
	return v, v < 1<<31
}

// numbered skips the number before an entry.
func (r *reader) numbered() (number int, first field, end int) {
	first, end = r.word(0)
	if v, ok := natural(first.text); ok {
		number = v
		first, end = r.word(end)
	}
	return number, first, end
}

// parameter reads [N] NAME VALUE.
func (r *reader) parameter() {
	_, name, end := r.numbered()
	if i := bytes.IndexByte(name.text, '='); i > 0 { // NAME=VALUE
		name.text, end = name.text[:i], name.off+i
	}
	value := r.rest(end)
	if len(value.text) > 0 && value.text[0] == '=' {
		value = r.rest(value.off + 1)
	}
	if !isName(name.text) || len(value.text) == 0 {
		r.fail(r.at(name.off), "E231", "write a number, a name and a value: 1 k 0.5", "this is no parameter")
		return
	}
	r.n.params = append(r.n.params, definition{name: string(name.text), at: r.at(name.off), source: source{string(value.text), r.at(value.off)}})
}

// function reads [N] NAME(ARGUMENTS) [=] FORMULA.
func (r *reader) function() {
	_, name, end := r.numbered()
	d := definition{at: r.at(name.off)}
	bad := func() {
		r.fail(d.at, "E231", "write a number, a name with parentheses and an expression: 1 f() k*A", "this is no function")
	}
	if open := bytes.IndexByte(name.text, '('); open >= 0 {
		shut := bytes.IndexByte(r.text[name.off:], ')')
		if shut < open {
			bad()
			return
		}
		d.call = true
		for _, a := range strings.Split(string(r.text[name.off+open+1:name.off+shut]), ",") {
			if a = strings.TrimSpace(a); a != "" {
				d.args = append(d.args, a)
			}
		}
		end = name.off + shut + 1
		name.text = name.text[:open]
	} else if i := bytes.IndexByte(name.text, '='); i > 0 {
		name.text, end = name.text[:i], name.off+i
	}
	value := r.rest(end)
	if len(value.text) > 1 && value.text[0] == '=' && value.text[1] != '=' {
		value = r.rest(value.off + 1)
	}
	if !isName(name.text) || len(value.text) == 0 {
		bad()
		return
	}
	d.name, d.source = string(name.text), source{string(value.text), r.at(value.off)}
	r.n.functions = append(r.n.functions, d)
}

// speciesLine reads [N] PATTERN AMOUNT.
func (r *reader) speciesLine() {
	number, name, end := r.numbered()
	amount := r.rest(end)
	if len(name.text) == 0 || len(amount.text) == 0 {
		r.fail(r.at(name.off), "E231", "write a number, a pattern and an amount: 1 A(b) 100", "this is no species")
		return
	}
	s := species{at: r.at(name.off), start: source{string(amount.text), r.at(amount.off)}}
	// $A(), @C::$A() and $@C::A() are fixed.
	text := name.text
	if at := bytes.IndexByte(text, '$'); at == 0 || at > 0 && (text[at-1] == ':' || text[at-1] == '@') {
		s.fixed = true
		text = append(append(make([]byte, 0, len(text)), text[:at]...), text[at+1:]...)
	}
	s.name = string(text)
	n := r.n
	i := len(n.species)
	n.species = append(n.species, s)
	if number == 0 {
		number = i + 1
	}
	if number != i+1 && n.numbers == nil {
		n.numbers = make(map[int]int32, i)
		for k := range i {
			n.numbers[k+1] = int32(k)
		}
	}
	if n.numbers != nil {
		if old, ok := n.numbers[number]; ok {
			r.fail(s.at, "E234", "give each species its own number", "species %d is declared twice: it was %s before", number, n.species[old].name)
		}
		n.numbers[number] = int32(i)
	}
}

// indices reads numbers of species with commas between, 0 for none. They are resolved when all species are known:
// here they are as in the file.
func (r *reader) indices(f field) bool {
	t := f.text
	if len(t) == 1 && t[0] == '0' {
		return true
	}
	for from := 0; from <= len(t); {
		to := from
		for to < len(t) && t[to] != ',' {
			to++
		}
		v, ok := natural(t[from:to])
		if !ok {
			r.fail(r.at(f.off+from), "E231", "write the numbers of species with commas between, as in 1,2; or 0 for none", "%q is no number of a species", clip(t[from:to]))
			return false
		}
		if v != 0 {
			r.n.sides = append(r.n.sides, int32(v))
		}
		from = to + 1
	}
	return true
}

// reaction reads [N] REACTANTS PRODUCTS RATE.
func (r *reader) reaction() {
	n := r.n
	first, end := r.word(0)
	second, end2 := r.word(end)
	third, end3 := r.word(end2)
	number, isNumber := natural(first.text)
	rate := r.rest(end3)
	if !isNumber || len(rate.text) == 0 {
		r.fail(r.at(first.off), "E231", "write a number, reactants, products and a rate: 1 1,2 3 k; 0 stands for no reactant or product", "this is no reaction")
		return
	}
	x := reaction{number: int32(number), from: int32(len(n.sides)), at: r.at(first.off), label: -1}
	if !r.indices(second) {
		n.sides = n.sides[:x.from]
		return
	}
	x.mid = int32(len(n.sides))
	if !r.indices(third) {
		n.sides = n.sides[:x.from]
		return
	}
	x.to = int32(len(n.sides))
	var ok bool
	if x.rate, ok = r.rates[string(rate.text)]; !ok {
		x.rate = int32(len(n.rates))
		s := string(rate.text)
		r.rates[s] = x.rate
		n.rates = append(n.rates, source{s, r.at(rate.off)})
	}
	if label := bytes.TrimSpace(r.note); len(label) > 0 {
		if i := bytes.IndexAny(label, " \t"); i > 0 {
			label = label[:i]
		}
		if x.label, ok = r.labels[string(label)]; !ok {
			x.label = int32(len(n.labels))
			s := string(label)
			r.labels[s] = x.label
			n.labels = append(n.labels, s)
		}
	}
	n.reactions = append(n.reactions, x)
}

// group reads [N] NAME [MEMBERS], members with commas between, each a number of a species or WEIGHT*NUMBER.
func (r *reader) group() {
	n := r.n
	_, name, end := r.numbered()
	if !isName(name.text) {
		r.fail(r.at(name.off), "E231", "write a number, a name and the numbers of species: 1 A_tot 1,2*5", "this is no group")
		return
	}
	g := group{name: string(name.text), from: int32(len(n.members)), at: r.at(name.off)}
	list := r.rest(end)
	t := list.text
	for from := 0; from < len(t); {
		to := from
		for to < len(t) && t[to] != ',' {
			to++
		}
		part := bytes.TrimSpace(t[from:to])
		m := member{weight: 1}
		num := part
		if i := bytes.IndexByte(part, '*'); i > 0 {
			w, err := strconv.ParseFloat(string(bytes.TrimSpace(part[:i])), 64)
			if err != nil {
				num = nil
			} else {
				m.weight, num = w, bytes.TrimSpace(part[i+1:])
			}
		}
		v, ok := natural(num)
		if len(part) > 0 || to < len(t) { // a comma at the end does not matter
			if !ok || v == 0 {
				r.fail(r.at(list.off+from), "E231", "write the numbers of species with commas between, and weights before them, as in 1,2*5", "%q is no member of a group", clip(part))
				n.members = n.members[:g.from]
				return
			}
			m.species = int32(v)
			n.members = append(n.members, m)
		}
		from = to + 1
	}
	g.to = int32(len(n.members))
	n.groups = append(n.groups, g)
}
