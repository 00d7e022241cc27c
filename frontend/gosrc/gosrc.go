// Package gosrc reads models written in Go (docs/modelling.md).
//
// In: a Go package or file with models. Out: the flat model.System, with positions in
// the user's source. The package is type-checked, its operators on model.Real are
// rewritten to calls, guided by go/types, and the rewritten text is built, as an
// overlay with a small main package, into a program that flattens the model and hands
// it back. Nothing is written into the user's tree; programs are kept in the user's
// cache directory, so that an unchanged model is not built twice.
//
// Loading a model runs its Go code: load only models that you trust.
package gosrc

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/model/units"
)

// modelPath is the import path of the modelling language.
const modelPath = "github.com/mtkc/mtkc/model"

// modulePath is the module of the language.
const modulePath = "github.com/mtkc/mtkc"

// Options of Load. The zero value loads the default model.
type Options struct {
	Model string            // name of the model; "": the one named like the package, or the only whole one
	Args  map[string]string // structural parameters by instance path, "N" or "pipe.N"
	Dir   string            // directory that relative paths and positions refer to; "": the working directory

	// Sources holds the packages diag, expr, model and library of this module. Models outside of a module that requires mtkc are built against them. nil: such models
	// are an error.
	Sources fs.FS

	CacheDir string // of built programs; "": mtkc in the user's cache directory
	NoCache  bool   // build even if the cache has the program
}

// Load flattens a model of the package in the directory path, or of the Go file path.
// The system is nil if the findings hold an error.
func Load(ctx context.Context, path string, opt Options) (*model.System, diag.List) {
	l := &loader{opt: opt}
	if l.opt.Dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			return nil, diag.New(diag.Pos{}, "E103", "", "no working directory: %v", err)
		}
		l.opt.Dir = wd
	}
	sys := l.load(ctx, path)
	found := l.found
	if sys != nil && found.Errors() == 0 {
		found = append(found, units.Check(sys, false)...)
	}
	r := relative{dir: l.opt.Dir, memo: map[string]string{}}
	r.list(found)
	if sys != nil {
		sys.Positions(r.pos)
	}
	found.Sort()
	found = slices.CompactFunc(found, func(a, b diag.Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	})
	if found.Errors() > 0 {
		return nil, found
	}
	return sys, found
}

// loader is one call of Load.
type loader struct {
	opt   Options
	cache *cache
	found diag.List
}

// args are the arguments of the model's program.
func (l *loader) args() []string {
	var a []string
	if l.opt.Model != "" {
		a = append(a, "model="+l.opt.Model)
	}
	names := make([]string, 0, len(l.opt.Args))
	for n := range l.opt.Args {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		a = append(a, "arg="+n+"="+l.opt.Args[n])
	}
	return a
}

func (l *loader) load(ctx context.Context, path string) *model.System {
	abs := path
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(l.opt.Dir, path)
	}
	abs = filepath.Clean(abs)
	st, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.found.Add(diag.Pos{}, "E103", "name a Go file or the directory of a package", "%s does not exist", path)
		return nil
	case err != nil:
		l.found.Add(diag.Pos{}, "E103", "", "%v", err)
		return nil
	case !st.IsDir() && !strings.HasSuffix(abs, ".go"):
		l.found.Add(diag.Pos{}, "E103", "name a Go file or the directory of a package", "%s is not Go source", path)
		return nil
	}
	c, err := openCache(l.opt.CacheDir)
	if err != nil {
		l.found.Add(diag.Pos{}, "E107", "name a directory that can be written", "no cache directory: %v", err)
		return nil
	}
	l.cache = c
	entry := c.entry(abs)
	if !l.opt.NoCache {
		if bin, ok := entry.valid(); ok {
			return l.run(ctx, bin)
		}
	}
	bin, release := l.build(ctx, abs, st.IsDir(), entry)
	if bin == "" {
		return nil
	}
	defer release()
	return l.run(ctx, bin)
}

// ownSource is the beginning of the path of a source of mtkc's own that was unpacked for a
// model outside of any module.
var ownSource = regexp.MustCompile(`^.*[/\\]language-[0-9a-f]{16}[/\\]`)

// relative shortens the file names of positions to paths below a directory, and those of
// mtkc's own sources to the path of their package.
type relative struct {
	dir  string
	memo map[string]string
}

func (r *relative) pos(p *diag.Pos) {
	if !filepath.IsAbs(p.File) {
		return
	}
	s, ok := r.memo[p.File]
	if !ok {
		s = p.File
		if rel, err := filepath.Rel(r.dir, s); err == nil && !strings.HasPrefix(rel, "..") {
			s = rel
		} else if at := ownSource.FindStringIndex(s); at != nil {
			s = modulePath + "/" + filepath.ToSlash(s[at[1]:])
		}
		r.memo[p.File] = s
	}
	p.File = s
}

func (r *relative) list(l diag.List) {
	for i := range l {
		r.pos(&l[i].Pos)
		for j := range l[i].Notes {
			r.pos(&l[i].Notes[j].Pos)
		}
	}
}
