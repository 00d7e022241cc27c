package gosrc

import (
	"context"
	"testing"
)

func TestDump(t *testing.T) {
	s, found := Load(context.Background(), "../../examples/pendulum", Options{})
	t.Log(found)
	if s == nil {
		t.Fatal()
	}
	for _, v := range s.Vars {
		t.Logf("%+v", v)
	}
	for _, e := range s.Equations {
		t.Logf("%+v", e)
	}
}
