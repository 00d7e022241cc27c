package libcuda

import (
	"errors"
	"testing"
)

// Where there is a driver, its devices are listed and memory goes there and back.
func TestDriver(t *testing.T) {
	d, err := Open()
	if _, ok := errors.AsType[*NotFoundError](err); ok {
		t.Skip(err)
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Code == NoDevice {
		t.Skip(err)
	}
	if err != nil {
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
