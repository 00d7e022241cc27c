package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/ode"
)

// compiled holds the problems as Go code that was built into this program: empty, unless
// the command build made it.
var compiled = map[string]func() *ode.Problem{}

// root is the root of the repository that the program was built from, set by the command build.
var root = "."

// compiler compiles the model of a problem.
func (p *problem) compiler() *mtkc.Compiler {
	return mtkc.New(filepath.Join(root, p.file), mtkc.Options{Model: p.model, Args: p.args})
}

// build makes a program of this package and of the problems as Go code. The code lies in a
// temporary directory; an overlay puts it into this package for the time of the build.
func build(out string) error {
	ctx := context.Background()
	abs, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	here := filepath.Join(abs, "internal/check/peers")
	if _, err := os.Stat(filepath.Join(here, "compiled.go")); err != nil {
		return fmt.Errorf("run build in the root of the repository: %v", err)
	}
	dir, err := os.MkdirTemp("", "mtkc-peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sources, errs := make([][]byte, len(problems)), make([]error, len(problems))
	var group sync.WaitGroup
	slots := make(chan bool, 2)
	for i := range problems {
		p := &problems[i]
		if p.same() != p {
			continue
		}
		group.Go(func() {
			slots <- true
			defer func() { <-slots }()
			c := p.compiler()
			c.Go = mtkc.GoOptions{Package: p.name, Dedicated: true}
			if found := c.Run(ctx, "go"); found.Errors() > 0 {
				errs[i] = fmt.Errorf("%s: %w", p.name, found.Err())
				return
			}
			sources[i] = c.GoSource()
		})
	}
	group.Wait()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	var imports, entries bytes.Buffer
	for i := range problems {
		p := &problems[i]
		if errs[i] != nil {
			return errs[i]
		}
		fmt.Fprintf(&entries, "compiled[%q] = func() *ode.Problem { return %s.NewProblem(nil) }\n", p.name, p.same().name)
		if p.same() != p {
			continue
		}
		fmt.Fprintf(&imports, "\t\"github.com/mtkc/mtkc/internal/check/peers/compiled/%s\"\n", p.name)
		file := filepath.Join(dir, p.name+".go")
		if err := os.WriteFile(file, sources[i], 0o644); err != nil {
			return err
		}
		overlay.Replace[filepath.Join(here, "compiled", p.name, p.name+".go")] = file
	}
	text, err := format.Source([]byte("package main\n\nimport (\n" + imports.String() + "\n\t\"github.com/mtkc/mtkc/runtime/ode\"\n)\n\nfunc init() {\n" + entries.String() + "}\n"))
	if err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	list := filepath.Join(dir, "list.go")
	if err := os.WriteFile(list, text, 0o644); err != nil {
		return err
	}
	overlay.Replace[filepath.Join(here, "compiled_list.go")] = list
	where := filepath.Join(dir, "overlay.json")
	data, err := json.Marshal(overlay)
	if err != nil {
		return err
	}
	if err := os.WriteFile(where, data, 0o644); err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-overlay", where, "-ldflags", "-X main.root="+abs, "-o", out, "./internal/check/peers")
	cmd.Dir = abs
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %v\n%s", err, text)
	}
	return nil
}

// same is the first problem of the same model: they share their code.
func (p *problem) same() *problem {
	for i := range problems {
		if q := &problems[i]; q.file == p.file && q.model == p.model && fmt.Sprint(q.args) == fmt.Sprint(p.args) {
			return q
		}
	}
	return p
}
