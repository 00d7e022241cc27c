package main

import (
	"bytes"
	"os"
	"testing"
)

// The generated files are those of the tables.
func TestGenerated(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is old: run go generate ./backend/vm", name)
		}
	}
}
