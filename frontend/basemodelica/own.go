package basemodelica

import (
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/model"
)

// annotations reads the experiment and our own annotation of the model.
func (r *reader) annotations(m *classDef) {
	if m.ann == nil {
		return
	}
	x := &r.sys.Experiment
	for _, a := range m.ann.experiment {
		x.Given = true
		name := r.names[a.name]
		var to *float64
		switch name {
		case "StartTime":
			to = &x.Start
		case "StopTime":
			to = &x.Stop
		case "Tolerance":
			to = &x.Tolerance
		case "Interval":
			to = &x.Interval
		default:
			continue
		}
		v := r.eval(a.value)
		if v.bad() {
			continue
		}
		k, ok := r.known(v)
		if !ok || !v.numeric() {
			r.err(a.off, "E169", "write a number", "%s of the experiment is no number", name)
			continue
		}
		*to = k
	}
	if m.ann.experiment != nil {
		x.Given = true
	}
	for _, a := range m.ann.own {
		switch r.names[a.name] {
		case "solver":
			x.Solver, x.Given = r.ownText(a), true
		case "doc":
			r.sys.Doc = r.ownText(a)
		}
	}
}

// ownText is the string of an argument of our annotation.
func (r *reader) ownText(a mod) string {
	if a.value == noRef {
		return ""
	}
	n := r.t.nodes[a.value]
	if n.kind != nStr {
		r.err(a.off, "E169", "write a string", "%s of __mtkc is no string", r.names[a.name])
		return ""
	}
	return r.names[n.a]
}

func (r *reader) ownFlag(a mod) bool {
	return a.value != noRef && r.t.nodes[a.value].kind == nBool && r.t.nodes[a.value].a == 1
}

// ownPos reads "file:line:col"; an empty file means the last one that was given.
func (r *reader) ownPos(s string) diag.Pos {
	var p diag.Pos
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		p.File = s
		return p
	}
	j := strings.LastIndexByte(s[:i], ':')
	if j < 0 {
		p.File = s
		return p
	}
	line, err1 := strconv.Atoi(s[j+1 : i])
	col, err2 := strconv.Atoi(s[i+1:])
	if err1 != nil || err2 != nil {
		p.File = s
		return p
	}
	p = diag.Pos{File: s[:j], Line: line, Col: col}
	if p.File == "" {
		p.File = r.filePos
	}
	r.filePos = p.File
	return p
}

func (r *reader) ownVariable(v *model.Variable, own []mod) {
	for _, a := range own {
		switch r.names[a.name] {
		case "pos":
			v.Pos = r.ownPos(r.ownText(a))
		case "path":
			if v.Path = r.ownText(a); v.Path == "" {
				v.Path = noPath
			}
		case "tunable":
			v.Tunable = r.ownFlag(a)
		case "structural":
			v.Structural = r.ownFlag(a)
		case "isOutput":
			v.Output = r.ownFlag(a)
		case "prefix":
			v.Prefix = r.ownText(a)
		case "isDiscrete":
			if r.ownFlag(a) && v.Kind == model.Unknown {
				v.Kind = model.DiscreteVar
			}
		}
	}
}

// ownNoise makes white noises of the variables of a component, from the index first on, whose annotation says so.
func (r *reader) ownNoise(first int, own []mod) {
	for _, a := range own {
		if r.names[a.name] != "noise" {
			continue
		}
		kind := r.ownText(a)
		if kind != "Ito" && kind != "Stratonovich" {
			r.err(a.off, "E169", `write "Ito" or "Stratonovich"`, "there is no noise of the kind %q", kind)
			return
		}
		for i := first; i < len(r.sys.Vars); i++ {
			v := &r.sys.Vars[i]
			if v.Kind != model.InputVar || v.Type != model.RealType {
				r.err(a.off, "E169", "declare it: input Real", "the noise %s is no real input", v.Name)
				return
			}
			r.sys.Noises = append(r.sys.Noises, model.WhiteNoise{Sym: v.Sym, Stratonovich: kind == "Stratonovich", Pos: v.Pos})
		}
	}
}

func (r *reader) ownEquation(e *model.Equation, own []mod) {
	for _, a := range own {
		switch r.names[a.name] {
		case "pos":
			e.Pos = r.ownPos(r.ownText(a))
		case "path":
			e.Path = r.ownText(a)
		case "connection":
			e.Connection = r.ownFlag(a)
		case "analysisPoint":
			e.Point = r.ownText(a)
		}
	}
}

func (r *reader) ownAssertion(x *model.Assertion, own []mod) {
	for _, a := range own {
		switch r.names[a.name] {
		case "pos":
			x.Pos = r.ownPos(r.ownText(a))
		case "path":
			x.Path = r.ownText(a)
		}
	}
}

func (r *reader) ownAction(x *model.Action, own []mod) {
	for _, a := range own {
		if r.names[a.name] == "pos" {
			x.Pos = r.ownPos(r.ownText(a))
		}
	}
}

func (r *reader) ownWhen(w *model.WhenClause, own []mod) {
	for _, a := range own {
		switch r.names[a.name] {
		case "pos":
			w.Pos = r.ownPos(r.ownText(a))
			for i := range w.Branches {
				w.Branches[i].Pos = w.Pos
			}
		case "path":
			w.Path = r.ownText(a)
		case "branches":
			if a.value == noRef {
				continue
			}
			n := r.t.nodes[a.value]
			if n.kind != nArray {
				continue
			}
			for i, k := range r.t.kids[n.a : n.a+n.b] {
				if e := r.t.nodes[k]; e.kind == nStr && i < len(w.Branches) {
					w.Branches[i].Pos = r.ownPos(r.names[e.a])
				}
			}
		}
	}
}
