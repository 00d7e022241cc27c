package main

import (
	"bytes"
	"os"
	"testing"
)

// TestFile: the coefficients are those that the table gives now.
func TestFile(t *testing.T) {
	got, err := os.ReadFile("../coefficients.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, file()) {
		t.Error("coefficients.go is out of date: go generate ./backend/elementary")
	}
}
