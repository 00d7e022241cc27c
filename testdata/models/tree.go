package tree

import (
	. "github.com/mtkc/mtkc/model"
)

// Node is a node of a binary tree of RC elements, made by recursion.
type Node struct {
	Depth       int
	U           Real `init:"0"`
	I           Real
	Left, Right *Node
}

func (n *Node) Structure() {
	if n.Depth > 0 {
		n.Left, n.Right = &Node{Depth: n.Depth - 1}, &Node{Depth: n.Depth - 1}
	}
}
func (n *Node) Equations() {
	down := Real(0)
	if n.Left != nil {
		Eq(n.Left.I, n.U-n.Left.U)
		Eq(n.Right.I, 0.5*(n.U-n.Right.U))
		down = n.Left.I + n.Right.I
	}
	Eq(Der(n.U), n.I-down)
}

type Tree struct {
	Root  Node
	Depth int `value:"6"`
}

func (t *Tree) Structure()                 { t.Root.Depth = t.Depth }
func (t *Tree) Equations()                 { Eq(t.Root.I, 1-t.Root.U) }
func (t *Tree) Experiment() (a, b float64) { return 0, 50 }
