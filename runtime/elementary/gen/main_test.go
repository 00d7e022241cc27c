package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFiles: the files are those that the programs give now.
func TestFiles(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: go generate ./runtime/elementary", name)
		}
	}
}
