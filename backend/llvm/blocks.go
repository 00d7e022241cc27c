package llvm

import (
	"github.com/mtkc/mtkc/backend"
)

// How the instances of a loop are divided into those that are computed side by side. Where
// tables of indices go up by one, vectors are read and written whole. What does not lie side by side is
// gathered and scattered, entry by entry in effect, which pays only where much is computed with it.

// division is a loop divided by how the entries of its instances lie. Blocks are given by their first instances and may overlap.
type division struct {
	follow []bool // by table: its entries follow each other in the blocks; nil: the loop is not divided
	wide   []int  // blocks of all lanes
	half   []int  // blocks of half the lanes
	rest   []int  // the other instances; of a loop that is not divided nil, for all
}

// cutInto finds the tables that often go up by one from an instance to the next, and the runs of instances in which all of
// these do. A loop in which there are none, or few instances in runs, is not divided.
func cutInto(s *backend.Step, lanes int) division {
	d := division{follow: make([]bool, len(s.Index))}
	some := false
	for k := range s.Index {
		t := &s.Index[k]
		up := 0
		for i := 1; i < len(t.List); i++ {
			if t.List[i] == t.List[i-1]+1 {
				up++
			}
		}
		d.follow[k] = 3*up > s.N
		some = some || d.follow[k]
	}
	if !some {
		return division{}
	}
	next := func(i int) bool { // instance i+1 follows i
		for k := range s.Index {
			if t := &s.Index[k]; d.follow[k] && t.List[i+1] != t.List[i]+1 {
				return false
			}
		}
		return true
	}
	out := d.written(s)
	covered := 0
	for first := 0; first < s.N; {
		end := first + 1
		for end < s.N && next(end-1) {
			end++
		}
		switch n := end - first; {
		case n >= lanes:
			covered += n
			d.wide = appendBlocks(d.wide, first, end, lanes, out)
		case n >= lanes/2 && lanes > 2:
			covered += n
			d.half = appendBlocks(d.half, first, end, lanes/2, out)
		default:
			for i := first; i < end; i++ {
				d.rest = append(d.rest, i)
			}
		}
		first = end
	}
	if 2*covered < s.N {
		return division{}
	}
	return d
}

// written is a table by which numbers that follow each other are written, nil if there is none.
func (d *division) written(s *backend.Step) *backend.Table {
	for _, o := range s.Body.Out {
		if d.follow[o.Index] {
			return &s.Index[o.Index]
		}
	}
	return nil
}

// appendBlocks divides a run into blocks. If that takes no more of them, all but the first and the last write entries from a multiple
// of the lanes on: arrays mostly begin at a line of the cache, and a vector that lies in two lines is read and written in two parts.
func appendBlocks(blocks []int, first, end, lanes int, out *backend.Table) []int {
	begin := first
	if out != nil {
		if off := int(out.List[first]) % lanes; off > 0 {
			aligned := first + lanes - off
			if least := (end - first + lanes - 1) / lanes; 1+(end-aligned+lanes-1)/lanes == least {
				blocks = append(blocks, first)
				begin = aligned
			}
		}
	}
	for i := begin; i < end; i += lanes {
		blocks = append(blocks, min(i, end-lanes))
	}
	return blocks
}

// inBlocks covers instances with blocks of so many; nil, all instances, stays nil.
func inBlocks(instances []int, lanes, n int) (blocks []int) {
	for _, i := range instances {
		if k := len(blocks); k == 0 || i >= blocks[k-1]+lanes {
			blocks = append(blocks, min(i, n-lanes))
		}
	}
	return blocks
}

// gathers reports whether vectors pay for instances whose entries lie anywhere: a processor takes some ten cycles to gather
// or scatter eight numbers, about as long as for five operations on each of them, one after the other.
func gathers(s *backend.Step) bool {
	far := 0
	apart := func(k int32) {
		if t := &s.Index[k]; t.List != nil || t.Stride > 1 || t.Stride < 0 {
			far++
		}
	}
	work := 40 * elementaries(s.Body)
	for _, in := range s.Body.Code {
		switch {
		case in.Op == backend.U || in.Op == backend.P || in.Op == backend.S:
			apart(in.A)
		case in.Op == backend.Div || in.Op == backend.Sqrt:
			work += 4
		case !in.Op.Input():
			work++
		}
	}
	for _, o := range s.Body.Out {
		apart(o.Index)
	}
	return work >= 4*far
}
