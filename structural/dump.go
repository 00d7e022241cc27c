package structural

import (
	"bufio"
	"fmt"
	"io"

	"github.com/mtkc/mtkc/expr"
)

// dumpLimit is the length at which terms are cut in a dump.
const dumpLimit = 400

// Dump writes the plan as text: sizes, index, states, the blocks with their tearing
// variables, the sequence, invariants, the discrete part and the initialization.
func (pl *Plan) Dump(dst io.Writer) error {
	b := bufio.NewWriter(dst)
	pl.dumpSummary(b)
	pl.dumpSimulation(b)
	pl.Hybrid.dump(b, pl.Pool)
	pl.DumpInit(b)
	for i := range pl.Notes {
		fmt.Fprintln(b, pl.Notes[i].String())
	}
	return b.Flush()
}

func short(p *expr.Pool, e expr.ID) string { return p.Text(e, expr.TextOptions{Limit: dumpLimit}) }

// Size is the number of equations and unknowns at the stages of the analysis.
type Size struct {
	Equations  int // of the model
	Unknowns   int // of the model
	Reduced    int // equations left after elimination and index reduction
	States     int
	Algebraic  int // iteration variables
	Invariants int
	Blocks     int
	Largest    int // unknowns in the largest block
	Torn       int // blocks that keep iteration variables
}

// Size counts.
func (pl *Plan) Size() Size {
	s := Size{Equations: len(pl.Sys.Equations), States: pl.NDiff, Algebraic: len(pl.States) - pl.NDiff, Invariants: len(pl.Invariants), Blocks: len(pl.Blocks)}
	for i := range pl.Sys.Vars {
		if pl.Sys.Vars[i].Kind <= 1 {
			s.Unknowns++
		}
	}
	for i := range pl.Blocks {
		n := len(pl.Blocks[i].Eqs)
		s.Reduced += n
		s.Largest = max(s.Largest, n)
		if pl.Blocks[i].Kind >= Linear {
			s.Torn++
		}
	}
	return s
}

func (pl *Plan) dumpSummary(b *bufio.Writer) {
	s := pl.Size()
	fmt.Fprintf(b, "model %s\n", pl.Sys.Name)
	fmt.Fprintf(b, "before: %d equations, %d unknowns\n", s.Equations, s.Unknowns)
	fmt.Fprintf(b, "after:  %d equations in %d blocks (largest %d), %d states, %d iteration variables, %d invariants\n", s.Reduced, s.Blocks, s.Largest, s.States, s.Algebraic, s.Invariants)
	fmt.Fprintf(b, "index:  %d\n", pl.Index)
	fmt.Fprintf(b, "\noffsets\n")
	pl.WriteOffsets(b, 0)
}

func (pl *Plan) dumpSimulation(b *bufio.Writer) {
	p := pl.Pool
	fmt.Fprintf(b, "\nstates\n")
	for i, s := range pl.States {
		if i < pl.NDiff {
			fmt.Fprintf(b, "  der(%s) = %s", s.Name, short(p, pl.Deriv[i]))
		} else {
			fmt.Fprintf(b, "  %s, algebraic", s.Name)
		}
		if s.Start != expr.None {
			fmt.Fprintf(b, "    %s", p.Name(s.Start))
			if s.Fixed {
				fmt.Fprintf(b, " fixed")
			}
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintf(b, "\nblocks\n")
	for i, k := range pl.Blocks {
		fmt.Fprintf(b, "  %d:", i+1)
		for _, v := range k.Vars {
			fmt.Fprintf(b, " %s", p.Name(v))
		}
		switch {
		case k.Kind == Nonlinear:
			fmt.Fprintf(b, "; iterated:")
			for _, v := range k.Tear {
				fmt.Fprintf(b, " %s", p.Name(v))
			}
		case k.Kind == Linear:
			fmt.Fprintf(b, "; linear, iterated:")
			for _, v := range k.Tear {
				fmt.Fprintf(b, " %s", p.Name(v))
			}
		case len(k.Vars) > 1:
			fmt.Fprintf(b, "; linear, torn:")
			for _, v := range k.Tear {
				fmt.Fprintf(b, " %s", p.Name(v))
			}
		}
		fmt.Fprintln(b)
		for _, q := range k.Eqs {
			fmt.Fprintf(b, "       0 = %s%s\n", short(p, q.Value), pl.origin(&q))
		}
	}
	fmt.Fprintf(b, "\nsequence\n")
	for _, a := range pl.Seq {
		fmt.Fprintf(b, "  %s := %s\n", p.Name(a.Target), short(p, a.Value))
	}
	pl.dumpNoise(b)
	pl.dumpResiduals(b, "residuals", pl.Residuals)
	pl.dumpResiduals(b, "invariants", pl.Invariants)
}

// dumpNoise writes what the noises are multiplied with.
func (pl *Plan) dumpNoise(b *bufio.Writer) {
	if len(pl.Noises) == 0 {
		return
	}
	fmt.Fprintf(b, "\nnoise\n")
	for i := range pl.Noises {
		kind := "Ito"
		if pl.Noises[i].Stratonovich {
			kind = "Stratonovich"
		}
		fmt.Fprintf(b, "  %s of %s\n", pl.Pool.String(pl.Noises[i].Atom), kind)
	}
	for _, a := range pl.NoiseSeq {
		fmt.Fprintf(b, "  %s := %s\n", pl.Pool.Name(a.Target), short(pl.Pool, a.Value))
	}
	for _, d := range pl.Diffusion {
		fmt.Fprintf(b, "  der(%s): %s times %s\n", pl.States[d.State].Name, short(pl.Pool, d.Value), pl.Pool.String(pl.Noises[d.Noise].Atom))
	}
}

// origin names the equation that a residual comes from.
func (pl *Plan) origin(q *Residual) string {
	if q.From > 0 {
		return "    (" + pl.Ancestry(q.From) + ")"
	}
	if q.Eq >= 0 {
		return "    (" + pl.parentText(&Parent{Eq: q.Eq}) + ")"
	}
	return ""
}

func (pl *Plan) dumpResiduals(b *bufio.Writer, title string, r []Residual) {
	if len(r) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, q := range r {
		fmt.Fprintf(b, "  0 = %s    %s\n", short(pl.Pool, q.Value), pl.Describe(&q))
	}
}

func (h *Hybrid) dump(b *bufio.Writer, p *expr.Pool) {
	if len(h.Relations)+len(h.TimeRelations)+len(h.Samples)+len(h.Counters)+len(h.Discrete)+len(h.Whens)+len(h.Actions) == 0 {
		return
	}
	fmt.Fprintf(b, "\nevents\n")
	for _, r := range h.Relations {
		if r.Kind >= SignOf {
			fmt.Fprintf(b, "  %s = %s(%s)\n", p.Name(r.Atom), [...]string{SignOf: "sign", FloorOf: "floor", TruncOf: "trunc"}[r.Kind], short(p, r.G))
			continue
		}
		op := ">="
		if r.Strict {
			op = ">"
		}
		fmt.Fprintf(b, "  %s = %s %s 0    (%s)\n", p.Name(r.Atom), short(p, r.G), op, r.Text)
	}
	for _, r := range h.TimeRelations {
		word, value := "from", "true"
		if r.Falling {
			word = "until"
		}
		if r.Kind == SignOf {
			value = "1"
		}
		fmt.Fprintf(b, "  %s = %s %s %s    (%s)\n", p.Name(r.Atom), value, word, short(p, r.At), r.Text)
	}
	for _, c := range h.Counters {
		f := "floor"
		if c.Trunc {
			f = "trunc"
		}
		fmt.Fprintf(b, "  %s = %s(%s*time + %s)\n", p.Name(c.Atom), f, short(p, c.Rate), short(p, c.Offset))
	}
	for _, s := range h.Samples {
		if s.Terminal {
			fmt.Fprintf(b, "  %s at the end\n", p.Name(s.Atom))
			continue
		}
		fmt.Fprintf(b, "  %s at %s, every %s\n", p.Name(s.Atom), short(p, s.Start), short(p, s.Interval))
	}
	for _, w := range h.Whens {
		fmt.Fprintf(b, "  %s remembers %s\n", p.Name(w.Atom), short(p, w.Cond))
	}
	for _, a := range h.Update {
		fmt.Fprintf(b, "  update %s := %s\n", p.Name(a.Target), short(p, a.Value))
	}
	for _, a := range h.Actions {
		kind := "assert"
		if a.Terminate {
			kind = "terminate"
		}
		fmt.Fprintf(b, "  %s if %s: %s\n", kind, short(p, a.Cond), a.Message)
	}
}

// DumpInit writes the initialization plan as text.
func (pl *Plan) DumpInit(dst io.Writer) {
	p := pl.Pool
	fmt.Fprintf(dst, "\ninitialization: %d unknowns in %d blocks\n", len(pl.Init.W), len(pl.Init.Blocks))
	guess := map[expr.ID]expr.ID{}
	for _, w := range pl.Init.W {
		guess[w.Atom] = w.Start
	}
	for i, k := range pl.Init.Blocks {
		if len(k.Unknowns) == 0 {
			fmt.Fprintf(dst, "  %d: assignments\n", i+1)
		} else {
			fmt.Fprintf(dst, "  %d: iterated:", i+1)
			for _, u := range k.Unknowns {
				fmt.Fprintf(dst, " %s", p.Name(u))
				if s := guess[u]; s != expr.None {
					fmt.Fprintf(dst, " (from %s)", p.Name(s))
				}
			}
			fmt.Fprintln(dst)
		}
		for _, a := range k.Assigns {
			fmt.Fprintf(dst, "       %s := %s\n", p.Name(a.Target), short(p, a.Value))
		}
		for _, q := range k.Residuals {
			fmt.Fprintf(dst, "       0 = %s    %s\n", short(p, q.Value), pl.Describe(&q))
		}
	}
}
