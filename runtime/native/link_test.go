package native

import (
	"errors"
	"os"
	"testing"
	"unsafe"
)

// place puts the code of a blob at an offset of executable memory.
func place(t *testing.T, b *Blob, offset int) uintptr {
	t.Helper()
	size := (offset + len(b.Code) + pageSize() - 1) &^ (pageSize() - 1)
	mem, err := mapMemory(size, false)
	if err != nil {
		t.Fatal(err)
	}
	copy(mem[offset:], b.Code)
	if err := protect(mem, size, size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unmapMemory(mem) })
	return uintptr(unsafe.Pointer(&mem[0])) + uintptr(offset)
}

// A blob runs wherever its alignment lets it lie.
func TestLink(t *testing.T) {
	b, err := Link(read(t, "pure"))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Funcs) != 2 || b.Funcs[0].Name != "kernel" || b.Funcs[1].Name != "lanes" {
		t.Fatalf("functions %v", b.Funcs)
	}
	s := stack(t)
	for _, offset := range []int{0, 64, 4096 + 192, 3 * 4032} {
		base := place(t, b, offset)
		u, out := 0.5, 0.0
		Linked("kernel", base+uintptr(b.Funcs[0].Offset)).CallKernel(s, 2, &u, nil, &out, nil)
		if want := 0.5*3.141592653589793 + 3.5; out != want {
			t.Errorf("kernel at %d: %v, not %v", offset, out, want)
		}
		var a [4 + 512 + 1]float64
		copy(a[:], []float64{1, 2, 3, 4})
		for i := 4; i < len(a); i++ {
			a[i] = 17
		}
		Linked("lanes", base+uintptr(b.Funcs[1].Offset)).Call(s, unsafe.Pointer(&a))
		tenth, three := 0.1, 3.0
		if got, want := [4]float64(a[:4]), [4]float64{1.25, 1.75, three*tenth + three, 37}; got != want {
			t.Errorf("lanes at %d: %v, not %v", offset, got, want)
		}
		for i, x := range a[4:516] {
			if x != 0 {
				t.Fatalf("entry %d at %d: %v, not 0", i, offset, x)
			}
		}
		if a[516] != 17 {
			t.Errorf("at %d: written behind the end", offset)
		}
	}
}

// What depends on its address, and what is written, is refused, for both machines on each of them.
func TestLinkRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		want any // a pointer to the type of error, nil: none
	}{
		{"pure_amd64", nil},
		{"pure_arm64", nil},
		{"fixed_amd64", new(*RelocationError)}, // addresses of 32 bits
		{"fixed_arm64", new(*RelocationError)}, // addresses of pages
		{"ir_amd64", new(*FormatError)},        // variables
		{"ir_arm64", new(*FormatError)},
		{"thread_arm64", new(*FormatError)},
		{"undefined_amd64", new(*UndefinedError)},
	} {
		object, err := os.ReadFile("testdata/" + c.name + ".o")
		if err != nil {
			t.Fatal(err)
		}
		b, err := Link(object)
		if c.want == nil {
			if err != nil || b.Arch != c.name[5:] || len(b.Code)%64 != 0 || b.Align != 64 {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || !errors.As(err, c.want) {
			t.Errorf("%s: %v, not a %T", c.name, err, c.want)
		}
		t.Log(err)
	}
}
