package bngl

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// mostPoints bounds the tables: each point is an event of the run.
const mostPoints = 100_000

// table reads tfun([x1,...],[y1,...],INDEX,method=>"step") or tfun('FILE',INDEX,method=>"step"), behind the parenthesis. Without
// index it is the time; without method straight lines join the points.
func (f *formula) table(name string, start int) expr.ID {
	shape := `write tfun([x1,x2,...],[y1,y2,...],INDEX) or tfun('FILE',INDEX), and method=>"step" behind it for steps`
	if name == "TFUN" {
		f.fail(start, "E236", shape, "TFUN is known to NFsim alone")
		return expr.Zero
	}
	var x, y []float64
	f.space()
	t := f.src.text
	switch at := f.pos; {
	case at < len(t) && t[at] == '[':
		x = f.list()
		if f.take(",") == "" {
			f.fail(f.pos, "E232", shape, "the values of the table are missing")
		}
		y = f.list()
	case at < len(t) && (t[at] == '\'' || t[at] == '"'):
		end := strings.IndexByte(t[at+1:], t[at])
		if end < 0 {
			f.fail(at, "E232", "close the quote", "the name of the file has no end")
			return expr.Zero
		}
		f.pos = at + end + 2
		x, y = f.tableFile(t[at+1:at+1+end], at)
	default:
		f.fail(at, "E232", shape, "the table is missing")
	}
	if f.bad {
		return expr.Zero
	}
	index, step := f.atRun(expr.Time, "the time", start), false
	for f.take(",") != "" {
		f.space()
		if rest := f.src.text[f.pos:]; strings.HasPrefix(rest, "method") {
			f.pos += len("method")
			if f.take("=>", "=") == "" || f.take(`"`, "'") == "" {
				f.fail(f.pos, "E232", shape, "this is no method")
				return expr.Zero
			}
			m := f.take("linear", "step")
			if m == "" || f.take(`"`, "'") == "" {
				f.fail(f.pos, "E232", shape, "the methods of tables are linear and step")
				return expr.Zero
			}
			step = m == "step"
			continue
		}
		index = f.number(f.ternary())
	}
	f.closing(start)
	switch {
	case f.bad:
	case len(x) != len(y):
		f.fail(start, "E232", "give each point its value", "the table has %d points and %d values", len(x), len(y))
	case len(x) < 2 || len(x) > mostPoints:
		f.fail(start, "E232", "give 2 to "+strconv.Itoa(mostPoints)+" points", "the table has %d points", len(x))
	default:
		for i := 1; i < len(x); i++ {
			if !(x[i-1] < x[i]) {
				f.fail(start, "E232", "put the points in order", "the point %v of the table does not lie behind %v", x[i], x[i-1])
				break
			}
		}
	}
	if f.bad {
		return expr.Zero
	}
	return f.b.interpolate(index, x, y, step)
}

// list is [v1,v2,...].
func (f *formula) list() []float64 {
	if f.take("[") == "" {
		f.fail(f.pos, "E232", "write [v1,v2,...]", "a list of numbers is missing")
		return nil
	}
	end := strings.IndexByte(f.src.text[f.pos:], ']')
	if end < 0 {
		f.fail(f.pos, "E232", "write ] behind the numbers", "the list has no end")
		return nil
	}
	var out []float64
	at := f.pos
	for _, s := range strings.Split(f.src.text[f.pos:f.pos+end], ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil {
			f.fail(at, "E232", "write numbers with commas between", "%q is not a number", strings.TrimSpace(s))
			return nil
		}
		out = append(out, v)
		at += len(s) + 1
	}
	f.pos += end + 1
	return out
}

// tableFile reads a file with two columns. Lines that begin with # are comments.
func (f *formula) tableFile(name string, at int) (x, y []float64) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(f.b.n.file), name)
	}
	in, err := os.Open(path)
	if err != nil {
		f.fail(at, "E230", "put the file beside the network, or correct its name", "cannot open the table %s: %v", name, reason(err))
		return nil, nil
	}
	defer in.Close()
	s := bufio.NewScanner(in)
	line := 0
	for s.Scan() {
		line++
		words := strings.FieldsFunc(s.Text(), func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == '\r' })
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		var v [2]float64
		ok := len(words) >= 2
		for k := 0; k < 2 && ok; k++ {
			v[k], err = strconv.ParseFloat(words[k], 64)
			ok = err == nil
		}
		if !ok {
			f.fail(at, "E230", "correct the table", "line %d of the table %s does not hold two numbers", line, name)
			return nil, nil
		}
		x, y = append(x, v[0]), append(y, v[1])
		if len(x) > mostPoints {
			return x, y
		}
	}
	if err := s.Err(); err != nil {
		f.fail(at, "E230", "check the file", "cannot read the table %s: %v", name, err)
	}
	return x, y
}

// interpolate is the table as a tree of conditions on the index, constant outside of its points.
func (b *builder) interpolate(index expr.ID, x, y []float64, step bool) expr.ID {
	p := b.pool
	// piece k lies between the points k-1 and k.
	piece := func(k int) expr.ID {
		switch {
		case k == 0:
			return p.Float(y[0])
		case k == len(x):
			return p.Float(y[k-1])
		case step:
			return p.Float(y[k-1])
		}
		slope := (y[k] - y[k-1]) / (x[k] - x[k-1])
		return p.Add(p.Float(y[k-1]), p.Mul(p.Float(slope), p.Sub(index, p.Float(x[k-1]))))
	}
	var tree func(lo, hi int) expr.ID // of the pieces lo to hi-1
	tree = func(lo, hi int) expr.ID {
		if hi-lo == 1 {
			return piece(lo)
		}
		mid := (lo + hi) / 2
		return p.If(p.Fn(expr.OpLt, index, p.Float(x[mid-1])), tree(lo, mid), tree(mid, hi))
	}
	return tree(0, len(x)+1)
}
