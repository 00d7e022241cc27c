package backend

import "slices"

// Loops over the same places become one: the equations of several quantities in a cell of a grid read the same
// entries, and what they have in common, such as a rate of reaction, is computed once. Where a loop goes over more
// places than the other, the rest remains a loop of its own.

const (
	joinFrom  = 16 // instances that a joined loop has at least
	leaveFrom = 8  // instances that may remain
	joinMost  = 64 // operations of its body at most: numbers stay in registers
	joinSteps = 64 // steps of a kernel in which loops are joined; more are not searched
)

// join joins loops that read the states and write results alone, so that their order does not matter. Results are the same.
func (k *Kernel) join() {
	if len(k.Steps) > joinSteps {
		return
	}
	last := int32(-1)
	able := make([]bool, len(k.Steps))
	for i := range k.Steps {
		s := &k.Steps[i]
		if able[i] = s.joinable(); able[i] {
			for _, t := range s.moving() {
				for j := range s.N {
					last = max(last, s.Index[t].At(j))
				}
			}
		}
	}
	j := joiner{at: make([]int32, last+1)}
	for b := 1; b < len(k.Steps); b++ {
		if !able[b] {
			continue
		}
		var best match
		with := -1
		for a := range b {
			if !able[a] {
				continue
			}
			if m := j.match(&k.Steps[a], &k.Steps[b]); m.score > best.score {
				best, with = m, a
			}
		}
		if with < 0 || len(k.Steps) > joinSteps {
			continue
		}
		// What both have takes the place of the later one: what another step fills before stays below it.
		steps, ables := slices.Clone(k.Steps[:b]), slices.Clone(able[:b])
		both, restA, restB := best.split(&k.Steps[with], &k.Steps[b])
		if restA != nil {
			steps[with] = *restA
		}
		steps, ables = append(steps, *both), append(ables, true)
		if restB != nil {
			steps, ables = append(steps, *restB), append(ables, true)
		}
		steps, ables = append(steps, k.Steps[b+1:]...), append(ables, able[b+1:]...)
		if restA == nil {
			steps, ables = slices.Delete(steps, with, with+1), slices.Delete(ables, with, with+1)
			b--
		}
		k.Steps, able = steps, ables
		b-- // the new one may go with yet another
	}
}

// joinable reports whether a step is a loop that reads the states and writes results alone.
func (s *Step) joinable() bool {
	if s.N < joinFrom || s.Ordered || s.Body.Ops() > joinMost {
		return false
	}
	for _, in := range s.Body.Code {
		if in.Op == S || in.Op == Call {
			return false
		}
	}
	for _, o := range s.Body.Out {
		if o.Space != Main {
			return false
		}
	}
	return len(s.moving()) > 0
}

// moving lists the tables by which the step reads entries of the states that differ between the instances.
func (s *Step) moving() []int32 {
	var list []int32
	for _, in := range s.Body.Code {
		if in.Op != U || slices.Contains(list, in.A) {
			continue
		}
		if t := &s.Index[in.A]; t.List != nil || t.Stride != 0 {
			list = append(list, in.A)
		}
	}
	return list
}

// joiner finds which instances of two loops belong together.
type joiner struct {
	at []int32 // by state: 1 + instance that reads it by some table; 0 between uses
}

// pair is an instance of each of two loops.
type pair struct{ a, b int32 }

// match says which instances of two loops belong together. The score is the number of inputs that they share by the part of all instances
// that do; 0: the loops stay apart.
type match struct {
	pairs []pair
	score float64
}

// match matches two loops.
func (j *joiner) match(a, b *Step) match {
	pairs, shared := j.pairs(a, b)
	left := func(n int) bool { return n > 0 && n < leaveFrom }
	part := 2 * float64(len(pairs)) / float64(a.N+b.N)
	if shared < 2 || part < 0.5 || left(a.N-len(pairs)) || left(b.N-len(pairs)) || a.Body.Ops()+b.Body.Ops() > joinMost {
		return match{}
	}
	return match{pairs, float64(shared) * part}
}

// split returns a loop with the instances that belong together, and the others of a and of b, nil where there are none.
func (m *match) split(a, b *Step) (both, restA, restB *Step) {
	inA, inB := make([]int32, len(m.pairs)), make([]int32, len(m.pairs))
	for n, p := range m.pairs {
		inA[n], inB[n] = p.a, p.b
	}
	if left := others(inA, a.N); len(left) > 0 {
		restA = a.pick(left)
	}
	if left := others(inB, b.N); len(left) > 0 {
		restB = b.pick(left)
	}
	return together(a.pick(inA), b.pick(inB)), restA, restB
}

// pairs finds the instances that belong together: those which read the same entry by a table of each, the tables for which
// most other entries are the same too, and how many those are. They come in the order of a; nil: there are too few.
func (j *joiner) pairs(a, b *Step) ([]pair, int) {
	least := max(joinFrom, min(a.N, b.N)/2)
	var best []pair
	most := 0
	for _, x := range a.moving() {
		unique := true
		tx := &a.Index[x]
		for i := range a.N {
			e := tx.At(i)
			unique = unique && j.at[e] == 0
			j.at[e] = int32(i) + 1
		}
		for _, y := range b.moving() {
			if !unique {
				break
			}
			ty := &b.Index[y]
			// A few instances tell whether it is worth looking at all.
			hits, tries := 0, 0
			for n := 0; n < b.N; n += max(1, b.N/32) {
				tries++
				if j.at[ty.At(n)] > 0 {
					hits++
				}
			}
			if hits*b.N < least/2*tries {
				continue
			}
			var found []pair
			for n := range b.N {
				if i := j.at[ty.At(n)]; i > 0 {
					found = append(found, pair{i - 1, int32(n)})
				}
			}
			if len(found) < least {
				continue
			}
			if n := common(a, b, found); n > most || n == most && len(found) > len(best) {
				best, most = found, n
			}
		}
		for i := range a.N {
			j.at[tx.At(i)] = 0
		}
	}
	slices.SortFunc(best, func(p, q pair) int { return int(p.a) - int(q.a) })
	for n := 1; n < len(best); n++ {
		if best[n].a == best[n-1].a {
			return nil, 0 // an instance of a that belongs to two of b
		}
	}
	return best, most
}

// common is how many tables of the states name the same entries in both, judged by a few of the pairs.
func common(a, b *Step, pairs []pair) int {
	n := 0
	for _, x := range a.moving() {
		for _, y := range b.moving() {
			same := true
			for k := 0; k < len(pairs) && same; k += max(1, len(pairs)/16) {
				same = a.Index[x].At(int(pairs[k].a)) == b.Index[y].At(int(pairs[k].b))
			}
			if same {
				n++
			}
		}
	}
	return n
}

// others lists the instances below n that are not in list.
func others(list []int32, n int) []int32 {
	in := make([]bool, n)
	for _, i := range list {
		in[i] = true
	}
	var rest []int32
	for i, yes := range in {
		if !yes {
			rest = append(rest, int32(i))
		}
	}
	return rest
}

// pick returns the loop over some of the instances.
func (s *Step) pick(which []int32) *Step {
	body := *s.Body
	body.Code, body.Out, body.Labels = slices.Clone(body.Code), slices.Clone(body.Out), slices.Clone(body.Labels)
	index, data := s.rows(which)
	return &Step{Name: s.Name, Body: &body, N: len(which), Index: index, Data: data}
}

// together returns the loop that does in each instance what two loops do.
func together(a, b *Step) *Step {
	s := &Step{Name: Pattern(a.Name, b.Name), N: a.N}
	build := NewBuilder(a.Body.Name)
	for _, part := range []*Step{a, b} {
		to := make([]int32, len(part.Index))
		for k := range part.Index {
			t := &part.Index[k]
			at := slices.IndexFunc(s.Index, func(o Table) bool {
				return o.Base == t.Base && o.Stride == t.Stride && (o.List == nil) == (t.List == nil) && slices.Equal(o.List, t.List)
			})
			if at < 0 {
				at = len(s.Index)
				s.Index = append(s.Index, *t)
			}
			to[k] = int32(at)
		}
		rows := int32(len(s.Data))
		s.Data = append(s.Data, part.Data...)
		val := build.Inline(part.Body, func(op Op, index int32) Ref {
			switch op {
			case Time:
				return build.Input(Time, 0)
			case Data:
				return build.Emit(Data, rows+index)
			}
			return build.Input(op, to[index])
		})
		for _, l := range part.Body.Labels {
			build.Label(val[l.Val], l.Name, int(l.Eq))
		}
		for _, o := range part.Body.Out {
			build.Output(Main, int(to[o.Index]), val[o.Val])
		}
	}
	s.Body = build.Finish()
	return s
}
