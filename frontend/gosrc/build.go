package gosrc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/model"
)

// build makes the program of a model and returns its path, "" after a finding.
// release removes what is not kept.
func (l *loader) build(ctx context.Context, path string, isDir bool, entry *cacheEntry) (bin string, release func()) {
	tmp, err := os.MkdirTemp("", "mtkc-")
	if err != nil {
		l.found.Add(diag.Pos{}, "E107", "set the environment variable TMPDIR to a directory that can be written", "no temporary directory: %v", err)
		return "", nil
	}
	release = func() { os.RemoveAll(tmp) }
	defer func() {
		if bin == "" {
			os.RemoveAll(tmp)
		}
	}()
	u := &universe{l: l, fset: token.NewFileSet(), byPath: map[string]*source{}, imports: map[string]*types.Package{}, origins: map[string]string{}}
	place, ok := u.locate(ctx, path, isDir, tmp)
	if !ok {
		return "", nil
	}
	root := u.list(ctx, place)
	if root == nil || !u.collect(root) {
		return "", nil
	}
	overlay, target, ok := u.rewrite(tmp)
	if !ok {
		return "", nil
	}
	bin = filepath.Join(tmp, "model")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	if !u.compile(ctx, place, overlay, target, bin) {
		return "", nil
	}
	files, dirs := u.inputs(path, place)
	if kept, err := entry.keep(bin, files, dirs); err == nil {
		return kept, release
	}
	return bin, release
}

// place is where the go command finds the model's package.
type place struct {
	dir     string // in which it runs
	pattern string
	overlay map[string][]byte
	own     bool     // a module that was made for the model
	modules bool     // vendored packages do not suffice: the model's program needs more of mtkc
	files   []string // go.mod and the like
}

// environ is the environment of the go command: programs are for this machine, and a
// module of mtkc's own follows no workspace and no flags of the user.
func (p *place) environ() []string {
	env := append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "GO111MODULE=on", "CGO_ENABLED=0")
	if p.own {
		env = append(env, "GOFLAGS=", "GOWORK=off")
	}
	if p.modules {
		env = append(env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -mod=readonly"))
	}
	return env
}

// locate finds the module of the model. A file given alone becomes a package of its
// own, below the directory it is in; a model outside of any module that has mtkc gets
// a module in the temporary directory.
func (u *universe) locate(ctx context.Context, path string, isDir bool, tmp string) (place, bool) {
	dir := path
	if !isDir {
		dir = filepath.Dir(path)
	}
	gomod := findUp(dir, "go.mod")
	has := false
	var watched []string
	if gomod != "" {
		text, _ := os.ReadFile(gomod)
		has = bytes.Contains(text, []byte(modulePath))
		watched = append(watched, gomod, filepath.Join(filepath.Dir(gomod), "go.sum"))
	}
	if work := workFile(dir); work != "" {
		watched = append(watched, work)
	}
	var files []string
	if !isDir {
		files = []string{path}
	} else {
		es, err := os.ReadDir(dir)
		if err != nil {
			u.l.found.Add(diag.Pos{}, "E103", "", "%v", err)
			return place{}, false
		}
		for _, e := range es {
			if n := e.Name(); strings.HasSuffix(n, ".go") && !strings.HasSuffix(n, "_test.go") {
				files = append(files, filepath.Join(dir, n))
			}
		}
		if len(files) == 0 {
			u.l.found.Add(diag.Pos{}, "E183", "name a Go file or the directory of a package with models", "no Go files in %s", path)
			return place{}, false
		}
	}
	if has {
		p := place{dir: dir, pattern: ".", files: watched}
		vendor := filepath.Join(filepath.Dir(gomod), "vendor")
		if _, err := os.Stat(filepath.Join(vendor, "modules.txt")); err == nil {
			_, err := os.Stat(filepath.Join(vendor, filepath.FromSlash(modulePath), "model"))
			p.modules = err != nil
		}
		if isDir {
			return p, true
		}
		// The file alone: a package in a directory that exists in the overlay only.
		text, err := os.ReadFile(path)
		if err != nil {
			u.l.found.Add(diag.Pos{}, "E103", "", "%v", err)
			return place{}, false
		}
		sub := filepath.Join(dir, "mtkcfile_"+strings.TrimSuffix(filepath.Base(path), ".go"))
		to := filepath.Join(sub, filepath.Base(path))
		u.origins[to] = path
		p.overlay = map[string][]byte{to: text}
		p.pattern = "./" + filepath.Base(sub)
		return p, true
	}
	if u.l.opt.Sources == nil {
		u.l.found.Add(diag.Pos{File: path}, "E109", "run go mod init and go get "+modulePath, "the model is not in a module that requires %s", modulePath)
		return place{}, false
	}
	p, ok := u.standalone(files, tmp)
	p.files = watched
	return p, ok
}

// standalone writes a module with the model's files, which uses the sources of the
// language in the cache.
func (u *universe) standalone(files []string, tmp string) (place, bool) {
	fail := func(err error) (place, bool) {
		u.l.found.Add(diag.Pos{}, "E107", "check that the directory for temporary files (TMPDIR) can be written and has room", "cannot prepare the model: %v", err)
		return place{}, false
	}
	lang, err := u.l.language(tmp)
	if err != nil {
		return fail(err)
	}
	user := filepath.Join(tmp, "user")
	if err := os.MkdirAll(user, 0o777); err != nil {
		return fail(err)
	}
	gomod := "module mtkcuser\n\ngo " + goVersion() + "\n\nrequire " + modulePath + " v0.0.0\n\nreplace " + modulePath + " => " + strconv.Quote(lang) + "\n"
	if err := os.WriteFile(filepath.Join(user, "go.mod"), []byte(gomod), 0o666); err != nil {
		return fail(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return fail(err)
		}
		to := filepath.Join(user, filepath.Base(f))
		if err := os.WriteFile(to, text, 0o666); err != nil {
			return fail(err)
		}
		u.origins[to] = f
	}
	return place{dir: user, pattern: ".", own: true}, true
}

// goVersion is the language version of the Go that this program was built with.
func goVersion() string {
	v := strings.SplitN(strings.TrimPrefix(strings.Fields(runtime.Version())[0], "go"), ".", 3)
	if len(v) < 2 {
		return "1.26" // a development version
	}
	return v[0] + "." + strings.TrimRight(v[1], "abcdefghijklmnopqrstuvwxyz-")
}

// language puts the sources of the language into the cache, at a place that depends on
// their content alone, so that the go command compiles them once. Where the cache
// cannot be written to, they go into the directory instead.
func (l *loader) language(instead string) (dir string, err error) {
	type file struct{ name, text string }
	var files []file
	h := sha256.New()
	err = fs.WalkDir(l.opt.Sources, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && name != "runtime" && name != "reaction" && !needed(name) {
				return fs.SkipDir
			}
			return nil
		}
		if !needed(filepath.ToSlash(filepath.Dir(name))) || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".s") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(l.opt.Sources, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
		files = append(files, file{name, string(text)})
		return nil
	})
	if err != nil {
		return "", err
	}
	at := l.cache.dir
	name := "language-" + hex.EncodeToString(h.Sum(nil)[:8])
	if at != "" {
		dir = filepath.Join(at, name)
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	tmp := ""
	if at != "" {
		tmp, err = os.MkdirTemp(at, "language-tmp-")
	}
	if at == "" || err != nil {
		dir = filepath.Join(instead, name)
		if tmp, err = os.MkdirTemp(instead, "language-tmp-"); err != nil {
			return "", err
		}
	}
	defer os.RemoveAll(tmp)
	files = append(files, file{"go.mod", "module " + modulePath + "\n\ngo " + goVersion() + "\n"})
	for _, f := range files {
		to := filepath.Join(tmp, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return "", err
		}
		if err := os.WriteFile(to, []byte(f.text), 0o666); err != nil {
			return "", err
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		if _, err2 := os.Stat(filepath.Join(dir, "go.mod")); err2 != nil {
			return "", err
		}
	}
	return dir, nil
}

// needed reports whether a directory of this module holds what models are built
// against.
func needed(dir string) bool {
	switch dir {
	case "diag", "expr", "model", "library", "reaction/notation", "runtime/cpu", "runtime/elementary":
		return true
	}
	return strings.HasPrefix(dir, "library/")
}

// findUp looks for a file in dir and the directories above it.
func findUp(dir, name string) string {
	for {
		p := filepath.Join(dir, name)
		if st, err := os.Stat(p); err == nil && !st.IsDir() {
			return p
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// rewrite rewrites all packages and writes the overlay. target is the import path of
// the program.
func (u *universe) rewrite(tmp string) (overlay, target string, ok bool) {
	replace := map[string]string{}
	n := 0
	put := func(path string, text []byte) bool {
		to := filepath.Join(tmp, fmt.Sprintf("o%d.go", n))
		n++
		if err := os.WriteFile(to, text, 0o666); err != nil {
			u.l.found.Add(diag.Pos{}, "E107", "check that the directory for temporary files (TMPDIR) can be written and has room", "cannot write the overlay: %v", err)
			return false
		}
		replace[path] = to
		return true
	}
	root := u.sources[len(u.sources)-1]
	index := 0
	for _, s := range u.sources {
		u.lint(s)
		for _, f := range s.files {
			if f.dropped {
				replace[f.path] = ""
				continue
			}
			r := &rewriter{u: u, s: s, f: f, index: index}
			index++
			text := r.file()
			if s == root && s.name == "main" {
				text = rename(u, f, text)
			}
			head := "//line " + f.origin + ":1:1\n"
			if !put(f.path, append([]byte(head), text...)) {
				return "", "", false
			}
		}
	}
	if u.l.found.Errors() > 0 {
		return "", "", false
	}
	name := root.name
	if name == "main" {
		name = "mtkcuser"
	}
	models := u.models(root, name)
	mainPath := filepath.Join(root.dir, "mtkcmain", "main.go")
	main := fmt.Sprintf(mainText, modelPath, root.path, modelName(root, u), u.warningText())
	if !put(filepath.Join(root.dir, "mtkc_models.go"), []byte(models)) || !put(mainPath, []byte(main)) {
		return "", "", false
	}
	j, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	overlay = filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(overlay, j, 0o666); err != nil {
		u.l.found.Add(diag.Pos{}, "E107", "check that the directory for temporary files (TMPDIR) can be written and has room", "cannot write the overlay: %v", err)
		return "", "", false
	}
	return overlay, root.path + "/mtkcmain", true
}

// mainText is the program of a model.
const mainText = `package main

import (
	lang %q
	user %q
)

func main() {
	lang.OpMain(%q, user.MtkcModels()%s)
}
`

// warningText is the warnings as arguments of OpMain.
func (u *universe) warningText() string {
	var b strings.Builder
	for _, w := range u.warnings {
		fmt.Fprintf(&b, ",\n\t\tlang.OpWarning{Site: lang.OpAt(%q, %d, %d), Code: %q, Message: %q, Next: %q}", w.Pos.File, w.Pos.Line, w.Pos.Col, w.Code, w.Message, w.Next)
	}
	return b.String()
}

// modelName is the name that the default model has: that of the package, or of the
// file for a package main.
func modelName(s *source, u *universe) string {
	if s.name == "main" {
		return strings.TrimSuffix(filepath.Base(s.files[0].origin), ".go")
	}
	return s.name
}

// rename gives a package main another name, so that it can be imported.
func rename(u *universe, f *sourceFile, text []byte) []byte {
	at := u.fset.PositionFor(f.ast.Name.Pos(), false).Offset
	out := append([]byte(nil), text[:at]...)
	out = append(out, "mtkcuser"...)
	return append(out, text[at+len("main"):]...)
}

// models is a file of the model's package that lists its struct types.
func (u *universe) models(s *source, name string) string {
	type decl struct {
		name, doc string
		pos       token.Pos
	}
	docs := map[string]string{}
	for _, f := range s.files {
		if f.dropped {
			continue
		}
		for _, d := range f.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, sp := range g.Specs {
				t := sp.(*ast.TypeSpec)
				doc := t.Doc.Text()
				if doc == "" && len(g.Specs) == 1 {
					doc = g.Doc.Text()
				}
				docs[t.Name.Name] = strings.Join(strings.Fields(doc), " ")
			}
		}
	}
	var decls []decl
	scope := s.types.Scope()
	for _, n := range scope.Names() {
		o, ok := scope.Lookup(n).(*types.TypeName)
		if !ok || o.IsAlias() {
			continue
		}
		named, ok := o.Type().(*types.Named)
		if !ok || named.TypeParams().Len() > 0 {
			continue
		}
		if _, ok := named.Underlying().(*types.Struct); ok {
			decls = append(decls, decl{n, docs[n], o.Pos()})
		}
	}
	slices.SortFunc(decls, func(a, b decl) int { return int(a.pos) - int(b.pos) })
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport %s %q\n\nfunc MtkcModels() []%s.OpModel {\n\treturn []%s.OpModel{\n", name, alias, modelPath, alias, alias)
	for _, d := range decls {
		p := u.at(d.pos)
		fmt.Fprintf(&b, "\t\t{%q, %s, %s.OpAt(%q, %d, %d), func() any { return new(%s) }},\n", d.name, strconv.Quote(d.doc), alias, p.File, p.Line, p.Col, d.name)
	}
	b.WriteString("\t}\n}\n")
	return b.String()
}

// compile runs go build.
func (u *universe) compile(ctx context.Context, at place, overlay, target, bin string) bool {
	dir := at.dir
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-tags", "mtkc", "-ldflags=-s -w", "-buildvcs=false", "-o", bin, target)
	cmd.Dir = dir
	cmd.Env = at.environ()
	out, err := cmd.CombinedOutput()
	if err == nil {
		return true
	}
	if ctx.Err() != nil {
		u.l.found.Add(diag.Pos{}, "E108", "", "stopped: %v", context.Cause(ctx))
		return false
	}
	n := 0
	for _, line := range strings.Split(string(out), "\n") {
		m := buildError.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		p := u.position(m[1])
		if !filepath.IsAbs(p.File) {
			p.File = filepath.Join(dir, p.File)
		}
		if o, ok := u.origins[p.File]; ok {
			p.File = o
		}
		p.Col = 0 // of the rewritten text
		next := ""
		msg := m[2]
		if strings.Contains(msg, "Real") {
			next = "while a model is built Real is a symbol: generic functions on numbers and untyped tricks do not work on it"
		}
		u.l.found.Add(p, "E105", next, "%s", msg)
		if n++; n == 10 {
			break
		}
	}
	if n == 0 {
		u.l.found.Add(diag.Pos{}, "E105", "", "the model's program does not build: %s", strings.TrimSpace(string(out)))
	}
	return false
}

// inputs lists what the program was made from, for the cache.
func (u *universe) inputs(path string, p place) (files, dirs []string) {
	files = append(files, p.files...)
	seen := map[string]bool{}
	names := make([]string, 0, len(u.listed))
	for n := range u.listed {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		lp := u.listed[n]
		if lp.Module == nil {
			continue // the standard library
		}
		if strings.HasPrefix(lp.PkgPath, "mtkcuser") || strings.Contains(lp.PkgPath, "mtkcfile_") {
			continue // temporary, see origins
		}
		if lp.Module.Path == modulePath && p.own {
			continue // the sources in this program
		}
		if mod := lp.Module.GoMod; mod != "" && !seen[mod] {
			seen[mod] = true
			files = append(files, mod)
		}
		files = append(files, lp.EmbedFiles...)
		files = append(files, lp.OtherFiles...)
		for _, f := range lp.GoFiles {
			files = append(files, f)
			if d := filepath.Dir(f); !seen[d] {
				seen[d] = true
				dirs = append(dirs, d)
			}
		}
	}
	for _, s := range u.sources {
		for _, f := range s.files {
			if f.path != f.origin {
				files = append(files, f.origin)
			}
		}
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() && !seen[path] {
		dirs = append(dirs, path)
	}
	return files, dirs
}

// run executes a model's program and reads the system that it hands over.
func (l *loader) run(ctx context.Context, bin string) *model.System {
	cmd := exec.CommandContext(ctx, bin, l.args()...)
	cmd.Dir = l.opt.Dir
	var out, errText bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errText
	err := cmd.Run()
	if ctx.Err() != nil {
		l.found.Add(diag.Pos{}, "E108", "", "stopped: %v", context.Cause(ctx))
		return nil
	}
	if err != nil {
		l.crashed(err, errText.String())
		return nil
	}
	os.Stderr.Write(errText.Bytes()) // what the model printed
	const next = "the module of the model may require another version of " + modulePath
	found, sys, err := model.ReadHandover(out.Bytes())
	l.found = append(l.found, found...)
	if err != nil {
		l.found.Add(diag.Pos{}, "E105", next, "the model's program handed over nothing that can be read: %v", err)
		return nil
	}
	if found.Errors() > 0 {
		return nil
	}
	if sys == nil {
		l.found.Add(diag.Pos{}, "E105", next, "the model's program handed over no system")
	}
	return sys
}

// crashed reports a program that the Go runtime stopped: stack overflow, deadlock,
// os.Exit in the model.
func (l *loader) crashed(err error, text string) {
	msg, next := "the model's program failed: "+err.Error(), ""
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "runtime: goroutine stack exceeds") {
			msg = "the model's program failed: " + line
			switch {
			case strings.Contains(line, "stack"):
				next = "look for a function of the model that calls itself without end"
			case strings.Contains(line, "out of memory"):
				next = "look for a slice that is too large, or a loop that adds parts without end; --arg sets sizes"
			}
			break
		}
	}
	var ee *exec.ExitError
	if errors.As(err, &ee) && text == "" {
		next = "a model must not call os.Exit"
	}
	l.found.Add(stackPos(text), "E106", next, "%s", msg)
}

// stackPos is the innermost frame of a stack dump that is the user's.
func stackPos(text string) diag.Pos {
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "\t") {
			continue
		}
		line, _, _ = strings.Cut(strings.TrimSpace(line), " ")
		if strings.Contains(line, "/runtime/") || strings.Contains(line, "/model/") && strings.Contains(line, "_mtkc.go") {
			continue
		}
		if m := posPattern.FindStringSubmatch(line); m != nil {
			p := diag.Pos{File: m[1]}
			p.Line, _ = strconv.Atoi(m[2])
			return p
		}
	}
	return diag.Pos{}
}
