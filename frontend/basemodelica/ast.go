package basemodelica

import "github.com/mtkc/mtkc/expr"

// ref is the number of a node of the syntax tree.
type ref int32

const noRef ref = -1

// kind tells the expression nodes apart.
type kind uint8

const (
	nBad    kind = iota // a syntax error was reported here
	nNum                // a: number; op 1: written as an integer
	nStr                // a: string
	nBool               // a: 0 or 1
	nName               // a: name
	nRef                // kids: nPart; a component reference with several parts or subscripts
	nPart               // a: name, b: subscripts (nSubs) or noRef
	nSubs               // kids: subscripts
	nIndex              // a: expression, b: subscripts
	nMember             // a: expression, b: name
	nEnd                // end, within a subscript
	nColon              // the subscript :
	nRange              // kids: from, [step], to
	nSum                // kids: operator, term, operator, term, ...
	nProd               // kids: operator, factor, ...
	nPow                // op: tPow or tDotPow; a, b
	nNot                // a
	nAnd                // a, b
	nOr                 // a, b
	nRel                // op; a, b
	nIf                 // kids: condition, value, ..., else value
	nCall               // a: callee, b: nArgs
	nArgs               // kids: values, nNamed last
	nNamed              // a: name, b: value
	nTuple              // kids, noRef where one is left out
	nArray              // kids
	nMatrix             // kids: nArgs, one each row
	nFor                // a: value, b: nArgs of nIter: an array constructor or reduction
	nIter               // a: name, b: range or noRef
	nValue              // a: evaluated value of the reader
)

// node is an expression of the source text. Children are numbers of nodes.
type node struct {
	kind kind
	op   tok
	off  int32 // where it starts in the source
	a, b int32 // children, or the start and length of a list in kids
}

// tree holds the expressions of a file.
type tree struct {
	nodes []node
	kids  []int32
	nums  []expr.Num
}

func (t *tree) add(n node) ref {
	t.nodes = append(t.nodes, n)
	return ref(len(t.nodes) - 1)
}

func (t *tree) list(k kind, off int, kids []int32) ref {
	a := int32(len(t.kids))
	t.kids = append(t.kids, kids...)
	return t.add(node{kind: k, off: int32(off), a: a, b: int32(len(kids))})
}

// args returns the list of a node that has one.
func (t *tree) args(r ref) []int32 {
	n := &t.nodes[r]
	return t.kids[n.a : n.a+n.b : n.a+n.b]
}

// skind tells equations and statements apart.
type skind uint8

const (
	sEq     skind = iota // lhs = rhs
	sCall                // lhs: a call without a result, or any expression
	sAssign              // lhs := rhs
	sIf                  // conds[i]: bodies[i]; a last body without condition is the else
	sFor                 // iters; bodies[0]
	sWhile
	sWhen
	sBreak
	sReturn
	sGuess  // guess(lhs) = rhs
	sIgnore // prioritize(...)
)

// stmt is an equation or a statement.
type stmt struct {
	kind     skind
	off      int32
	lhs, rhs ref
	desc     int32 // string, -1
	ann      *ann
	sub      *compound
}

// compound is what an if, for, while or when holds.
type compound struct {
	conds  []ref
	bodies [][]stmt
	at     []int32 // where each branch starts
	iters  ref     // nArgs of nIter
}

// mod is a modification name(args) = value.
type mod struct {
	name  int32
	off   int32
	each  bool
	args  []mod
	value ref
}

// ann holds what is kept of an annotation.
type ann struct {
	evaluate   int8 // 1: Evaluate = true, -1: false
	experiment []mod
	own        []mod // __mtkc
}

// typeRef is a type as written.
type typeRef struct {
	name int32 // dotted path
	off  int32
	dims ref // nSubs or noRef
}

// decl is a component declaration.
type decl struct {
	name    int32
	off     int32
	typ     typeRef
	dims    ref // behind the name
	prefix  tok // kParameter, kConstant, kDiscrete, or tEOF
	causal  tok // kInput, kOutput, or tEOF
	final   bool
	hidden  bool // protected
	mods    []mod
	binding ref
	cond    ref // conditional declaration
	desc    int32
	ann     *ann
}

// class is a type, record, function or model.
type classDef struct {
	kind    tok // kType, kRecord, kFunction, kModel, kEnumeration
	name    int32
	off     int32
	start   int32 // of its text
	end     int32 // behind its text
	desc    int32
	base    typeRef // of an alias
	mods    []mod
	enum    []int32
	decls   []decl
	initEqs []stmt
	eqs     []stmt
	paramEq []stmt
	algs    [][]stmt
	initAlg [][]stmt
	algOff  []int32
	extern  *external
	impure  bool
	ann     *ann
}

// external is the implementation of a function in another language.
type external struct {
	lang int32 // string, -1
	name int32 // function, -1
	out  ref
	args []ref
	off  int32
}
