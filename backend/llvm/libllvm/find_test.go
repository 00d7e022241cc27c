package libllvm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allCandidates are the libraries to test with: those that Find would look at, and those
// in the directories of MTKC_TEST_LIBLLVM.
func allCandidates() []candidate {
	return inDirectories(append(directories(), filepath.SplitList(os.Getenv("MTKC_TEST_LIBLLVM"))...))
}

func TestMajorOf(t *testing.T) {
	for name, want := range map[string]int{
		"libLLVM-14.so":        14,
		"libLLVM-14.so.1":      14,
		"libLLVM-14.0.6.so.1":  14,
		"libLLVM.so.19.1":      19,
		"libLLVM.so.20.1.8":    20,
		"libLLVM-18.1.so":      18,
		"libLLVM-21git.so":     21,
		"libLLVM.dylib":        0,
		"libLLVM.so":           0,
		"libLLVM-C.so":         0,
		"libLLVMSupport.so.14": 0,
	} {
		if got := majorOf("/usr/lib/" + name); got != want {
			t.Errorf("%s: %d, not %d", name, got, want)
		}
	}
}

// The newest comes first, links to one file count once, and other files do not count.
func TestDirectories(t *testing.T) {
	root := t.TempDir()
	write := func(name string) string {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("no library"), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Skip(err)
		}
	}
	a, b, c := write("lib/libLLVM-14.so.1"), write("lib/libLLVM.so.19.1"), write("llvm-16/lib/libLLVM-16.so.1")
	write("lib/libLLVM-C.so.19")
	write("lib/libLLVMSupport.so")
	link(b, "lib/libLLVM-19.so")
	link("nowhere", "lib/libLLVM.so")
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range inDirectories([]string{filepath.Join(root, "lib"), filepath.Join(root, "llvm-*/lib"), filepath.Join(root, "nowhere")}) {
		got = append(got, c.path)
	}
	if want := []string{b, c, a}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}

	// The variable names a directory, a file, or nothing that exists.
	t.Setenv(Variable, filepath.Dir(a))
	if list := candidates(); len(list) != 2 || list[0].path != b {
		t.Errorf("a directory: %v", list)
	}
	t.Setenv(Variable, a)
	if list := candidates(); len(list) != 1 || list[0].path != a {
		t.Errorf("a file: %v", list)
	}
	for _, v := range []string{filepath.Join(root, "nowhere"), t.TempDir()} {
		t.Setenv(Variable, v)
		if list := candidates(); len(list) != 1 || list[0].why == "" {
			t.Errorf("%s: %v", v, list)
		}
	}
	// What is no library is said to be none.
	t.Setenv(Variable, a)
	_, err = find()
	none, ok := err.(*NotFoundError)
	if !ok || len(none.Looked) != 1 || !strings.Contains(none.Error(), a) {
		t.Errorf("no library: %v", err)
	}
}

// A library that is not LLVM's is refused with what it lacks.
func TestOtherLibrary(t *testing.T) {
	if why := unsupported(); why != "" {
		t.Skip(why)
	}
	list, _ := filepath.Glob("/lib/*/libm.so.6")
	if len(list) == 0 {
		t.Skip("no libm")
	}
	if _, err := Open(list[0]); err == nil || !strings.Contains(err.Error(), "LLVMContextCreate") {
		t.Errorf("libm: %v", err)
	}
}

func TestIdentification(t *testing.T) {
	// The characters of "LLVM14.0.6" and a terminator, 6 bits each, at every bit offset.
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"
	for offset := range 32 {
		b := make([]byte, 16)
		bit := offset
		for _, c := range "LLVM14.0.6a" {
			v := strings.IndexRune(alphabet, c)
			for i := range 6 {
				b[bit/8] |= byte(v>>i&1) << (bit % 8)
				bit++
			}
		}
		if got := identification(b); got != "14.0.6" {
			t.Errorf("at bit %d: %q", offset, got)
		}
	}
	if got := identification([]byte("BC\xc0\xde")); got != "" {
		t.Errorf("nothing: %q", got)
	}
}
