package backend

import "slices"

const (
	unrollMost = 25_000 // operations that a kernel may have as straight-line code
	regularRun = 6      // instances of a run from which on a loop is regular
)

// Unrolled returns the kernel as straight-line code, with the same results, where loops do not serve well: most of the
// operations are in loops whose entries lie anywhere, as in networks of reactions, and there are not too many of them. Code that knows the
// places then takes a half to a third of the time, as neither indices are read nor bounds checked. Other kernels are returned as they are.
func (k *Kernel) Unrolled() *Kernel {
	work := k.Work()
	if len(k.Steps) == 0 || work > unrollMost {
		return k
	}
	far := 0
	for i := range k.Steps {
		if s := &k.Steps[i]; s.N > 0 && !s.regular() {
			far += s.N * s.Body.Ops()
		}
	}
	if 2*far < work {
		return k
	}
	b := NewBuilder(k.Name)
	scratch := make([]Ref, k.Scratch)
	for i := range k.Steps {
		s := &k.Steps[i]
		for n := range max(s.N, 1) {
			entry := func(k int32) int32 {
				if s.N == 0 {
					return k
				}
				return s.Index[k].At(n)
			}
			val := b.Inline(s.Body, func(op Op, index int32) Ref {
				switch op {
				case Time:
					return b.Input(Time, 0)
				case Data:
					return b.Number(s.Data[index][n])
				case S:
					return scratch[entry(index)]
				}
				return b.Input(op, entry(index))
			})
			if s.N == 0 {
				for _, l := range s.Body.Labels {
					b.Label(val[l.Val], l.Name, int(l.Eq))
				}
			}
			for _, o := range s.Body.Out {
				switch e := entry(o.Index); o.Space {
				case Code:
					b.Output(Code, int(o.Index), val[o.Val])
				case Scratch:
					scratch[e] = val[o.Val]
				default:
					b.Output(o.Space, int(e), val[o.Val])
				}
			}
		}
	}
	b.k.Zero = k.Zero
	slices.SortStableFunc(b.k.Out, func(p, q Output) int { return int(p.Index) - int(q.Index) })
	b.nearUse()
	return b.Finish()
}

// regular reports whether the entries of a loop mostly go up by constant steps, in runs of some length.
func (s *Step) regular() bool {
	runs := 1
	for i := 2; i < s.N; i++ {
		for k := range s.Index {
			if t := &s.Index[k]; t.List != nil && t.List[i]-t.List[i-1] != t.List[i-1]-t.List[i-2] {
				runs++
				break
			}
		}
	}
	return runs*regularRun <= s.N
}

// nearUse puts operations in the order in which outputs need them, so that a value is computed shortly before it is used first.
func (b *Builder) nearUse() {
	old := b.code
	to := make([]Ref, len(old))
	for r := range to {
		to[r] = None
	}
	b.code, b.table = nil, nil
	var visit func(r Ref)
	visit = func(r Ref) {
		if to[r] != None {
			return
		}
		in := old[r]
		b.k.Operands(in, visit)
		if in.Op == Call {
			b.code = append(b.code, in)
			to[r] = Ref(len(b.code) - 1)
			return
		}
		in.rename(to)
		to[r] = b.Emit(in.Op, in.A, in.B, in.C)
	}
	for i := range b.k.Out {
		visit(b.k.Out[i].Val)
	}
	b.k.Labels = slices.DeleteFunc(b.k.Labels, func(l Label) bool { return to[l.Val] == None })
	b.k.rename(to)
}
