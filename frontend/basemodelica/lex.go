package basemodelica

import (
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/diag"
)

// tok is a kind of token.
type tok uint8

const (
	tEOF tok = iota
	tIdent
	tNumber
	tString
	tLParen
	tRParen
	tLBracket
	tRBracket
	tLBrace
	tRBrace
	tComma
	tSemi
	tColon
	tDot
	tEq      // =
	tAssign  // :=
	tPlus    // +
	tMinus   // -
	tStar    // *
	tSlash   // /
	tPow     // ^
	tDotPlus // .+
	tDotMinus
	tDotStar
	tDotSlash
	tDotPow
	tLt
	tLe
	tGt
	tGe
	tEqEq
	tNe
	tAt
	tBad // reported already
	// keywords
	kAlgorithm
	kAnd
	kAnnotation
	kBreak
	kConnect
	kConstant
	kDer
	kDiscrete
	kEach
	kElse
	kElseif
	kElsewhen
	kEnd
	kEnumeration
	kEquation
	kExternal
	kFalse
	kFinal
	kFlow
	kFor
	kFunction
	kIf
	kImpure
	kIn
	kInitial
	kInput
	kLoop
	kModel
	kNot
	kOperator
	kOr
	kOutput
	kPackage
	kParameter
	kProtected
	kPublic
	kPure
	kRecord
	kReturn
	kStream
	kThen
	kTrue
	kType
	kWhen
	kWhile
	kWithin
	kOtherClass // class, block, connector, extends, import, ...: not part of the flat format
)

// keywords is read only.
var keywords = map[string]tok{
	"algorithm": kAlgorithm, "and": kAnd, "annotation": kAnnotation, "break": kBreak, "connect": kConnect,
	"constant": kConstant, "der": kDer, "discrete": kDiscrete, "each": kEach, "else": kElse, "elseif": kElseif,
	"elsewhen": kElsewhen, "end": kEnd, "enumeration": kEnumeration, "equation": kEquation, "external": kExternal,
	"false": kFalse, "final": kFinal, "flow": kFlow, "for": kFor, "function": kFunction, "if": kIf,
	"impure": kImpure, "in": kIn, "initial": kInitial, "input": kInput, "loop": kLoop, "model": kModel, "not": kNot,
	"operator": kOperator, "or": kOr, "output": kOutput, "package": kPackage, "parameter": kParameter,
	"protected": kProtected, "public": kPublic, "pure": kPure, "record": kRecord, "return": kReturn,
	"stream": kStream, "then": kThen, "true": kTrue, "type": kType, "when": kWhen, "while": kWhile, "within": kWithin,
	"class": kOtherClass, "block": kOtherClass, "connector": kOtherClass, "extends": kOtherClass,
	"import": kOtherClass, "inner": kOtherClass, "outer": kOtherClass, "redeclare": kOtherClass,
	"replaceable": kOtherClass, "constrainedby": kOtherClass, "encapsulated": kOtherClass,
	"partial": kOtherClass, "expandable": kOtherClass,
}

var tokText = map[tok]string{
	tEOF: "the end of the file", tLParen: "'('", tRParen: "')'", tLBracket: "'['", tRBracket: "']'",
	tLBrace: "'{'", tRBrace: "'}'", tComma: "','", tSemi: "';'", tColon: "':'", tDot: "'.'", tEq: "'='",
	tAssign: "':='", tIdent: "a name", tNumber: "a number", tString: "a string",
	kThen: "'then'", kLoop: "'loop'", kEnd: "'end'", kIf: "'if'", kFor: "'for'", kWhen: "'when'",
	kWhile: "'while'", kIn: "'in'", kElse: "'else'", kModel: "'model'",
}

// lexer cuts the source into tokens. cur is the token under the cursor; identifiers
// and strings are interned as they are met.
type lexer struct {
	src   []byte
	file  string
	diags *diag.List

	cur    tok
	off    int // start of cur
	end    int // end of cur, where the next one is searched
	prev   int // end of the token before cur
	str    int32
	quoted bool // cur is an identifier in quotes

	names   []string
	nameIdx map[string]int32

	lines    []int32 // offsets of line starts
	lastLine int
}

func newLexer(src []byte, file string, diags *diag.List) *lexer {
	l := &lexer{src: src, file: file, diags: diags, nameIdx: map[string]int32{}}
	l.lines = make([]int32, 1, 1+len(src)/48)
	for i, c := range src {
		if c == '\n' {
			l.lines = append(l.lines, int32(i+1))
		}
	}
	if len(src) >= 3 && src[0] == 0xEF && src[1] == 0xBB && src[2] == 0xBF {
		l.end = 3
	}
	return l
}

// pos is the position of a byte offset.
func (l *lexer) pos(off int) diag.Pos {
	n := len(l.lines)
	i := l.lastLine
	if !(int(l.lines[i]) <= off && (i+1 == n || off < int(l.lines[i+1]))) {
		if i+1 < n && int(l.lines[i+1]) <= off && (i+2 == n || off < int(l.lines[i+2])) {
			i++
		} else {
			lo, hi := 0, n
			for hi-lo > 1 {
				m := (lo + hi) / 2
				if int(l.lines[m]) <= off {
					lo = m
				} else {
					hi = m
				}
			}
			i = lo
		}
		l.lastLine = i
	}
	return diag.Pos{File: l.file, Line: i + 1, Col: off - int(l.lines[i]) + 1}
}

// intern gives the number of a name or string.
func (l *lexer) intern(b []byte) int32 {
	if i, ok := l.nameIdx[string(b)]; ok {
		return i
	}
	return l.internNew(string(b))
}

func (l *lexer) internNew(s string) int32 {
	if i, ok := l.nameIdx[s]; ok {
		return i
	}
	i := int32(len(l.names))
	l.names = append(l.names, s)
	l.nameIdx[s] = i
	return i
}

// Character classes.
const (
	cSpace = 1 << iota
	cLetter
	cDigit
)

var class = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
			t[c] = cSpace
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
			t[c] = cLetter
		case c >= '0' && c <= '9':
			t[c] = cDigit
		}
	}
	return t
}()

// next moves to the next token.
func (l *lexer) next() {
	src, i := l.src, l.end
	l.prev = i
space:
	for i < len(src) {
		switch c := src[i]; {
		case class[c] == cSpace:
			i++
		case c == '/' && i+1 < len(src) && src[i+1] == '/':
			for i < len(src) && src[i] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(src) && src[i+1] == '*':
			start := i
			i += 2
			for i+1 < len(src) && !(src[i] == '*' && src[i+1] == '/') {
				i++
			}
			if i+1 >= len(src) {
				l.diags.Add(l.pos(start), "E151", "close it with */", "comment is not closed")
				i = len(src)
				break space
			}
			i += 2
		default:
			break space
		}
	}
	l.off = i
	if i >= len(src) {
		l.cur, l.end = tEOF, i
		return
	}
	c := src[i]
	switch {
	case class[c] == cLetter:
		j := i + 1
		for j < len(src) && class[src[j]]&(cLetter|cDigit) != 0 {
			j++
		}
		l.end = j
		if k, ok := keywords[string(src[i:j])]; ok {
			l.cur = k
			return
		}
		l.cur, l.quoted = tIdent, false
		l.str = l.intern(src[i:j])
		return
	case c == '\'':
		l.quote(i, '\'', tIdent)
		l.quoted = true
		return
	case c == '"':
		l.quote(i, '"', tString)
		return
	case class[c] == cDigit || c == '.' && i+1 < len(src) && class[src[i+1]] == cDigit:
		l.number(i)
		return
	}
	two := func(second byte, yes, no tok) {
		if i+1 < len(src) && src[i+1] == second {
			l.cur, l.end = yes, i+2
		} else {
			l.cur, l.end = no, i+1
		}
	}
	l.end = i + 1
	switch c {
	case '(':
		l.cur = tLParen
	case ')':
		l.cur = tRParen
	case '[':
		l.cur = tLBracket
	case ']':
		l.cur = tRBracket
	case '{':
		l.cur = tLBrace
	case '}':
		l.cur = tRBrace
	case ',':
		l.cur = tComma
	case ';':
		l.cur = tSemi
	case '+':
		l.cur = tPlus
	case '-':
		l.cur = tMinus
	case '*':
		l.cur = tStar
	case '/':
		l.cur = tSlash
	case '^':
		l.cur = tPow
	case '@':
		l.cur = tAt
	case ':':
		two('=', tAssign, tColon)
	case '=':
		two('=', tEqEq, tEq)
	case '>':
		two('=', tGe, tGt)
	case '<':
		if i+1 < len(src) && src[i+1] == '>' {
			l.cur, l.end = tNe, i+2
		} else {
			two('=', tLe, tLt)
		}
	case '.':
		l.cur = tDot
		if i+1 < len(src) {
			if k := strings.IndexByte("+-*/^", src[i+1]); k >= 0 {
				l.cur, l.end = tDotPlus+tok(k), i+2
			}
		}
	default:
		j := i + 1 // swallow a whole run of foreign bytes with one message
		for j < len(src) && src[j] >= 0x80 {
			j++
		}
		l.end = j
		l.cur = tBad
		l.diags.Add(l.pos(i), "E151", "names with such characters stand in single quotes: 'a.b'", "unexpected character %q", src[i:j])
	}
}

// quote reads a quoted name or a string, whose escapes it resolves.
func (l *lexer) quote(i int, q byte, kind tok) {
	src := l.src
	l.cur = kind
	j := i + 1
	for j < len(src) && src[j] != q && src[j] != '\\' && (q == '"' || src[j] != '\n') {
		j++
	}
	if j < len(src) && src[j] == q {
		l.str, l.end = l.intern(src[i+1:j]), j+1
		return
	}
	var b []byte
	b = append(b, src[i+1:j]...)
	for j < len(src) && src[j] != q && (q == '"' || src[j] != '\n') {
		if src[j] != '\\' || j+1 >= len(src) {
			b = append(b, src[j])
			j++
			continue
		}
		e := src[j+1]
		switch e {
		case 'a':
			e = '\a'
		case 'b':
			e = '\b'
		case 'f':
			e = '\f'
		case 'n':
			e = '\n'
		case 'r':
			e = '\r'
		case 't':
			e = '\t'
		case 'v':
			e = '\v'
		case '\'', '"', '?', '\\':
		default:
			l.diags.Add(l.pos(j), "E151", `the escapes are \' \" \? \\ \a \b \f \n \r \t \v`, "unknown escape %q", src[j:j+2])
		}
		b = append(b, e)
		j += 2
	}
	l.str = l.intern(b)
	if j >= len(src) || src[j] != q {
		what := "string"
		if kind == tIdent {
			what = "quoted name"
		}
		l.diags.Add(l.pos(i), "E151", fmt.Sprintf("close it with %c", q), "%s is not closed", what)
		l.end = min(j, len(src))
		return
	}
	l.end = j + 1
}

// number finds the end of a number; the value is read by the parser.
func (l *lexer) number(i int) {
	src := l.src
	j := i
	digits := func() {
		for j < len(src) && class[src[j]] == cDigit {
			j++
		}
	}
	digits()
	if j < len(src) && src[j] == '.' && !(j+1 < len(src) && strings.IndexByte("+-*/^", src[j+1]) >= 0) {
		j++
		digits()
	}
	if j < len(src) && (src[j] == 'e' || src[j] == 'E') {
		k := j + 1
		if k < len(src) && (src[k] == '+' || src[k] == '-') {
			k++
		}
		if k < len(src) && class[src[k]] == cDigit {
			j = k
			digits()
		} else {
			l.diags.Add(l.pos(i), "E151", "write the exponent as 1e-3", "number has no digits in its exponent")
			j = k
		}
	}
	l.cur, l.end = tNumber, j
}

// text is the source of the token under the cursor, for messages.
func (l *lexer) text() string {
	if l.cur == tEOF {
		return tokText[tEOF]
	}
	s := string(l.src[l.off:min(l.end, l.off+40)])
	if l.cur == tIdent || l.cur == tString {
		return s
	}
	return "'" + s + "'"
}
