package trace

import (
	"bytes"
	"encoding/json"
	"io"
	"math"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Record is the summary of a run in the form of mtkc run --json.
type Record struct {
	Model   string  `json:"model"`
	Solver  string  `json:"solver"`
	Retcode string  `json:"retcode"`
	Message string  `json:"message"`
	T       Number  `json:"t"`
	U       Values  `json:"u"`
	Stats   Stats   `json:"stats"`
	Size    Sizes   `json:"size"`
	Seconds Seconds `json:"seconds"`
	Why     string  `json:"why,omitempty"`    // reasons of the automatic choice for Solver; absent: the caller named it
	Method  string  `json:"method,omitempty"` // form of a model with reactions, cle or ssa; absent: ode
	Seed    *uint64 `json:"seed,omitempty"`   // of random numbers, where there were any
}

// Stats is the work of a run.
type Stats struct {
	Steps    int `json:"steps"`
	Rejected int `json:"rejected"`
	RHS      int `json:"rhs"`
	Jac      int `json:"jac"`
	Factor   int `json:"factor"`
	Solve    int `json:"solve"`
	Newton   int `json:"newton"`
	Events   int `json:"events"`
}

// Sizes is the size of what was solved.
type Sizes struct {
	Equations int `json:"equations"`
	States    int `json:"states"`
	Algebraic int `json:"algebraic"`
	NNZ       int `json:"nnz"`
}

// Seconds is the time that each stage took.
type Seconds struct {
	Load       float64 `json:"load"`
	Flatten    float64 `json:"flatten"`
	Structural float64 `json:"structural"`
	Codegen    float64 `json:"codegen"`
	Init       float64 `json:"init"`
	Solve      float64 `json:"solve"`
	Total      float64 `json:"total"`
}

// Number is a float64 that is null in JSON where it is not finite.
type Number float64

// MarshalJSON writes the number.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// Values maps names to numbers in a fixed order.
type Values []Value

// Value is an entry of Values.
type Value struct {
	Name string
	V    float64
}

// MarshalJSON writes an object.
func (v Values) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(v[i].Name)
		if err != nil {
			return nil, err
		}
		num, err := Number(v[i].V).MarshalJSON()
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(num)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Record returns the summary of the run; the seconds of the stages before it are the
// caller's to fill in.
func (r *Result) Record() *Record {
	rec := &Record{
		Model: r.Model, Solver: r.Solver, Why: r.Why, Retcode: r.Retcode, Message: r.Message, T: Number(r.T),
		Stats: statsOf(r.Stats),
		Size:  Sizes(r.Size),
		U:     Values{},
	}
	rec.Seconds.Init, rec.Seconds.Solve = r.Init.Seconds(), r.Solve.Seconds()
	if r.Table != nil {
		for i := range r.Table.Columns {
			rec.U = append(rec.U, Value{r.Table.Columns[i].Name, r.Final[i]})
		}
	}
	return rec
}

func statsOf(s ode.Stats) Stats {
	return Stats{s.Steps, s.Rejected, s.RHS, s.Jac, s.Factor, s.Solve, s.Newton, s.Events}
}

// Write writes the record as one line of JSON.
func (r *Record) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
