package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/mtkc/mtkc/diag"
)

// writeFile writes a file so that it is there in full or not at all: to a temporary
// file beside it, renamed at the end. "-" is the standard output. A device or pipe is
// written directly.
func writeFile(path string, stdout io.Writer, write func(io.Writer) error) error {
	if path == "-" {
		if err := write(stdout); err != nil {
			return unwritable(err)
		}
		return nil
	}
	fail := func(err error) error {
		return diag.New(diag.Pos{File: path}, "E005", "check that the directory exists and can be written to", "cannot write: %v", why(err))
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return diag.New(diag.Pos{File: path}, "E005", "give a file name", "cannot write: it is a directory")
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fail(err)
		}
		defer f.Close()
		if err := write(f); err != nil {
			return fail(err)
		}
		return nil
	}
	mode := os.FileMode(0o644)
	if err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fail(err)
	}
	err = write(f)
	if e := f.Chmod(mode); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fail(err)
	}
	return nil
}

// unwritable is the finding of a standard output that takes nothing more.
func unwritable(err error) diag.List {
	return diag.New(diag.Pos{}, "E005", "check what the output goes to, and that the disk has room", "cannot write to the standard output: %v", why(err))
}

// why drops the name of the temporary file from an error.
func why(err error) error {
	switch e := err.(type) {
	case *os.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}
