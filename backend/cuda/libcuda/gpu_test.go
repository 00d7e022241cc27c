package libcuda

import (
	"errors"
	"os"
	"testing"
)

// Where there is a driver, its devices are listed and memory goes there and back. Where
// MTKC_GPU is set there must be one.
func TestDriver(t *testing.T) {
	d, err := Open()
	if err != nil {
		_, absent := errors.AsType[*NotFoundError](err)
		e, none := errors.AsType[*Error](err)
		if os.Getenv("MTKC_GPU") == "" && (absent || none && e.Code == NoDevice) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	t.Logf("CUDA %s, %s", d.Version(), d.Path())
	devs, err := d.Devices()
	if err != nil {
		t.Fatal(err)
	}
	for _, dev := range devs {
		t.Logf("%v: %+v", dev, dev)
		c, err := d.Context(dev)
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Alloc(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		in, out := make([]byte, 1<<20), make([]byte, 1<<20)
		for i := range in {
			in[i] = byte(i * 7 >> 3)
		}
		if err := errors.Join(c.Write(p, in), c.Read(out, p), c.Free(p)); err != nil {
			t.Fatal(err)
		}
		if string(in) != string(out) {
			t.Error("other bytes came back")
		}
		_, err = c.Load([]byte(".version 7.0\n.target sm_70\n.address_size 64\n.entry k() { foo; }\n"), Options{})
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != InvalidPTX || e.Log == "" {
			t.Error(err)
		} else {
			t.Log(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
