package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestGeneratedTableIsCurrent(t *testing.T) {
	table, err := os.ReadFile("../ops.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(string(table))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../ops_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("expr/ops_gen.go is not what expr/ops.txt gives: run go generate ./expr")
	}
}

func TestRuleErrors(t *testing.T) {
	ops := map[string]string{"sin": "OpSin", "<": "OpLt"}
	for rule, msg := range map[string]string{
		"sin(x":    `where ")"`,
		"x + q":    "no argument",
		"foo(x)":   "unknown function",
		"x x":      "unexpected",
		"":         "no argument",
		"x < (y))": "unexpected",
	} {
		if _, err := compile(rule, ops); err == nil || !strings.Contains(err.Error(), msg) {
			t.Errorf("%q: error %v, want %s", rule, err, msg)
		}
	}
	if _, err := generate("Sin | sin | 1 | real | 20 | math.Sin | cos(x); 0 | x |"); err == nil {
		t.Error("two derivatives of one argument are accepted")
	}
}
