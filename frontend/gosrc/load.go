package gosrc

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"

	"github.com/mtkc/mtkc/diag"
)

// source is a package that is rewritten.
type source struct {
	path  string
	dir   string
	name  string
	files []*sourceFile
	types *types.Package
	info  *types.Info
}

// sourceFile is one of its files.
type sourceFile struct {
	path    string // where the build sees it
	origin  string // where the user wrote it
	text    []byte
	ast     *ast.File
	dropped bool // not part of the model's program
}

// universe is everything that a model's program is built from.
type universe struct {
	l        *loader
	fset     *token.FileSet
	listed   map[string]*packages.Package
	sources  []*source // in dependency order; the model's package is the last one
	byPath   map[string]*source
	imports  map[string]*types.Package
	warnings diag.List         // kept with the program
	origins  map[string]string // build path -> user's path, of files given alone
}

// list asks the go command for the package at a place and those that it needs.
func (u *universe) list(ctx context.Context, at place) *packages.Package {
	dir, pattern := at.dir, at.pattern
	cfg := &packages.Config{
		Context: ctx, Dir: dir, Overlay: at.overlay, Env: at.environ(),
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedDeps | packages.NeedExportFile | packages.NeedModule | packages.NeedEmbedFiles,
	}
	pkgs, err := packages.Load(cfg, pattern)
	if err != nil {
		if ctx.Err() != nil {
			u.l.found.Add(diag.Pos{}, "E108", "", "stopped: %v", context.Cause(ctx))
		} else if errors.Is(err, exec.ErrNotFound) || strings.Contains(err.Error(), "go command required") {
			u.l.found.Add(diag.Pos{}, "E104", "install Go from https://go.dev/dl, or give the model as Base Modelica", "models in Go need the go command, which was not found")
		} else {
			u.l.found.Add(diag.Pos{}, "E102", "", "%s", firstLine(err.Error()))
		}
		return nil
	}
	if len(pkgs) == 0 {
		// The go command says why on its standard error only.
		cmd := exec.CommandContext(ctx, "go", "list", pattern)
		cmd.Dir, cmd.Env = dir, at.environ()
		out, _ := cmd.CombinedOutput()
		msg := strings.TrimPrefix(strings.Join(strings.Fields(string(out)), " "), "go: ")
		u.l.found.Add(diag.Pos{}, "E102", "the go command must be able to list the package of the model", "%s", msg)
		return nil
	}
	if len(pkgs) != 1 {
		u.l.found.Add(diag.Pos{}, "E102", "name one package", "%s are %d packages", pattern, len(pkgs))
		return nil
	}
	u.listed = map[string]*packages.Package{}
	packages.Visit(pkgs, nil, func(p *packages.Package) { u.listed[p.PkgPath] = p })
	return pkgs[0]
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// collect parses the packages that use the language and checks their types. It
// reports whether the model's package is usable.
func (u *universe) collect(root *packages.Package) bool {
	done := map[string]bool{}
	var visit func(p *packages.Package) bool
	visit = func(p *packages.Package) bool {
		if d, ok := done[p.PkgPath]; ok {
			return d
		}
		done[p.PkgPath] = false
		if p.PkgPath == modelPath || p.Module == nil && p != root {
			return false
		}
		uses := false
		names := make([]string, 0, len(p.Imports))
		for n := range p.Imports {
			names = append(names, n)
		}
		slices.Sort(names)
		for _, n := range names {
			if visit(p.Imports[n]) {
				uses = true
			}
		}
		_, direct := p.Imports[modelPath]
		if !uses && !direct && p != root {
			return false
		}
		s := &source{path: p.PkgPath, name: p.Name}
		files := p.CompiledGoFiles
		if len(files) == 0 {
			files = p.GoFiles
		}
		for _, f := range files {
			origin := f
			if o, ok := u.origins[f]; ok {
				origin = o
			}
			s.dir = filepath.Dir(f)
			text, err := os.ReadFile(origin)
			if err != nil {
				u.l.found.Add(diag.Pos{File: origin}, "E103", "", "%v", err)
				continue
			}
			a, err := parser.ParseFile(u.fset, origin, text, parser.ParseComments|parser.SkipObjectResolution)
			u.parseErrors(err)
			if a == nil {
				continue
			}
			sf := &sourceFile{path: f, origin: origin, text: text, ast: a}
			sf.dropped = excluded(origin) || generated(a)
			s.files = append(s.files, sf)
			uses = uses || usesLanguage(a)
		}
		if !uses && p != root {
			return false
		}
		done[p.PkgPath] = true
		u.sources = append(u.sources, s)
		u.byPath[s.path] = s
		return true
	}
	if u.listErrors(root) {
		return false
	}
	visit(root)
	if u.l.found.Errors() > 0 {
		return false
	}
	if s := u.byPath[root.PkgPath]; s == nil || len(s.files) == 0 {
		u.l.found.Add(diag.Pos{}, "E183", "add a Go file that declares a model", "%s has no Go files", root.PkgPath)
		return false
	}
	for _, s := range u.sources {
		if !u.check(s) {
			return false
		}
	}
	return true
}

// listErrors reports what the go command found wrong with the packages: missing
// packages, import cycles. Type errors are found again, with better positions.
func (u *universe) listErrors(root *packages.Package) bool {
	bad := false
	packages.Visit([]*packages.Package{root}, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			if e.Kind == packages.TypeError || e.Kind == packages.ParseError && len(p.GoFiles) > 0 {
				continue
			}
			msg := e.Msg
			if strings.HasPrefix(msg, "# ") || strings.Contains(msg, "\n# ") {
				continue // output of the compiler, see check
			}
			next := ""
			if strings.Contains(msg, "no Go files") || strings.Contains(msg, "build constraints exclude all") {
				u.l.found.Add(diag.Pos{}, "E183", "add a Go file that declares a model", "%s", firstLine(msg))
				bad = true
				continue
			}
			if strings.Contains(msg, "no required module provides") || strings.Contains(msg, "is not in std") || strings.Contains(msg, "cannot find") {
				next = "check the import path; a package of another module needs go get in the module of the model"
			}
			if strings.Contains(msg, "expected 'package'") || strings.Contains(msg, "illegal character") {
				next = "a Go file begins with: package NAME"
			}
			u.l.found.Add(u.position(e.Pos), "E102", next, "%s", firstLine(msg))
			bad = true
		}
	})
	return bad
}

// buildError is a line of go build.
var buildError = regexp.MustCompile(`^(.+?:\d+(?::\d+)?): (.*)$`)

var posPattern = regexp.MustCompile(`^(.*?):(\d+)(?::(\d+))?$`)

// position parses file:line:col.
func (u *universe) position(s string) diag.Pos {
	m := posPattern.FindStringSubmatch(s)
	if m == nil {
		return diag.Pos{}
	}
	p := diag.Pos{File: m[1]}
	if o, ok := u.origins[p.File]; ok {
		p.File = o
	}
	p.Line, _ = strconv.Atoi(m[2])
	p.Col, _ = strconv.Atoi(m[3])
	return p
}

func (u *universe) at(p token.Pos) diag.Pos {
	q := u.fset.PositionFor(p, false)
	return diag.Pos{File: q.Filename, Line: q.Line, Col: q.Column}
}

func (u *universe) parseErrors(err error) {
	var list scanner.ErrorList
	switch {
	case err == nil:
	case errors.As(err, &list):
		for i, e := range list {
			if i == 10 {
				break
			}
			u.l.found.Add(diag.Pos{File: e.Pos.Filename, Line: e.Pos.Line, Col: e.Pos.Column}, "E101", "", "%s", e.Msg)
		}
	default:
		u.l.found.Add(diag.Pos{}, "E101", "", "%v", err)
	}
}

// excluded reports whether the build constraints of a file keep it out of a model's
// program.
func excluded(path string) bool {
	c := build.Default
	c.BuildTags = append(slices.Clone(c.BuildTags), "mtkc")
	ok, err := c.MatchFile(filepath.Dir(path), filepath.Base(path))
	return err == nil && !ok
}

var generatedBy = regexp.MustCompile(`^// Code generated by mtkc\b.* DO NOT EDIT\.$`)

// generated reports whether mtkc wrote the file: it is made from the model and cannot
// be part of it.
func generated(f *ast.File) bool {
	for _, g := range f.Comments {
		if g.Pos() > f.Package {
			break
		}
		for _, c := range g.List {
			if generatedBy.MatchString(c.Text) {
				return true
			}
		}
	}
	return false
}

var languageTypes = map[string]bool{
	"Real": true, "Param": true, "Flow": true, "Input": true, "Output": true,
	"Discrete": true, "Stream": true, "Const": true, "Bool": true,
}

// usesLanguage reports whether a file names a type of the language.
func usesLanguage(f *ast.File) bool {
	for _, im := range f.Imports {
		path, _ := strconv.Unquote(im.Path.Value)
		if path != modelPath {
			continue
		}
		if im.Name != nil && im.Name.Name == "." {
			return true
		}
		name := "model"
		if im.Name != nil {
			name = im.Name.Name
		}
		found := false
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && languageTypes[s.Sel.Name] {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == name {
					found = true
				}
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// Import finds the types of a package for the type checker.
func (u *universe) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if s := u.byPath[path]; s != nil && s.types != nil {
		return s.types, nil
	}
	if p := u.imports[path]; p != nil && p.Complete() {
		return p, nil
	}
	lp := u.listed[path]
	if lp == nil {
		return nil, fmt.Errorf("could not import %s", path)
	}
	if lp.ExportFile == "" {
		return nil, fmt.Errorf("could not import %s: it does not compile", path)
	}
	f, err := os.Open(lp.ExportFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	//lint:ignore SA1019 go list -export gives archives for the Go releases that are supported now
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return nil, err
	}
	return gcexportdata.Read(r, u.fset, u.imports, path)
}

// check type-checks a package. If files that mtkc wrote into it are missing now, files
// that need them and do not use the language are dropped as well.
func (u *universe) check(s *source) bool {
	for {
		files, errs := u.checkOnce(s)
		if len(errs) == 0 {
			u.imports[s.path] = s.types
			return true
		}
		without := false
		for _, f := range s.files {
			without = without || f.dropped
		}
		dropped := false
		if without {
			for _, e := range errs {
				name := u.fset.PositionFor(e.Pos, false).Filename
				for _, f := range s.files {
					if f.origin == name && !f.dropped && !usesLanguage(f.ast) {
						f.dropped, dropped = true, true
					}
				}
			}
		}
		if dropped && len(files) > 1 {
			continue
		}
		for i, e := range errs {
			if i == 10 {
				break
			}
			u.l.found.Add(u.at(e.Pos), "E101", advice(e.Msg), "%s", firstLine(e.Msg))
		}
		return false
	}
}

// advice is the next step for those messages of the Go type checker that beginners of
// the language meet.
func advice(msg string) string {
	switch {
	case strings.Contains(msg, "model.Real") && strings.Contains(msg, "in argument to math."):
		return "the functions of package model (Sin, Exp, Sqrt, ...) take and return Real; those of math take numbers"
	case strings.Contains(msg, "as model.Real value") && strings.Contains(msg, "math."):
		return "of Reals, take the function of package model (Sin, Exp, Sqrt, ...); of numbers, turn the result into a Real with Real(x)"
	case strings.Contains(msg, "as model.Real value") && strings.Contains(msg, "of type float64"), strings.Contains(msg, "mismatched types") && strings.Contains(msg, "model.Real"):
		return "turn a number into a Real with Real(x)"
	case strings.Contains(msg, "bool") && strings.Contains(msg, "as model.Real value"):
		return "a condition becomes a number with If(cond, 1, 0)"
	case strings.Contains(msg, "as float64 value") && strings.Contains(msg, "model.Real"):
		return "declare it as Real: variables of the model are symbols while the model is built"
	case strings.Contains(msg, "cannot assign to Der("):
		return "state an equation: Eq(Der(x), ...)"
	}
	return ""
}

func (u *universe) checkOnce(s *source) ([]*ast.File, []types.Error) {
	s.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{},
		Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		Implicits: map[ast.Node]types.Object{}, Instances: map[*ast.Ident]types.Instance{},
	}
	var errs []types.Error
	conf := types.Config{Importer: u, Error: func(err error) {
		var e types.Error
		if errors.As(err, &e) {
			errs = append(errs, e)
		}
	}}
	var files []*ast.File
	for _, f := range s.files {
		if !f.dropped {
			files = append(files, f.ast)
		}
	}
	s.types, _ = conf.Check(s.path, u.fset, files, s.info)
	return files, errs
}
