package model

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mtkc/mtkc/diag"
)

// handoverMagic opens what a model's program hands to the compiler; the number is the
// version.
const handoverMagic = "mtkc-model 1 "

// WriteHandover writes the line that stands before the flat system in the output of a
// model's program: the findings as JSON. The system follows as Base Modelica.
func WriteHandover(w io.Writer, found diag.List) error {
	if found == nil {
		found = diag.List{}
	}
	j, err := json.Marshal(found)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", handoverMagic, j)
	return err
}

// ReadHandover reads what WriteHandover wrote and leaves r at the system.
func ReadHandover(r *bufio.Reader) (diag.List, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, errors.New("the first line is missing")
	}
	text, ok := strings.CutPrefix(line, handoverMagic)
	if !ok {
		return nil, errors.New("it comes from another version of mtkc")
	}
	var found diag.List
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return nil, fmt.Errorf("the findings cannot be read: %w", err)
	}
	return found, nil
}
