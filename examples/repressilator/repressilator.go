// Package repressilator is a ring of genes of which each represses the next one: an odd number of them oscillates.
//
// M. B. Elowitz, S. Leibler, Nature 403 (2000) 335. Amounts are numbers of molecules, time is in minutes. The same model is solved as
// rate equations, and with --method cle or ssa as a random process.
package repressilator

import . "github.com/mtkc/mtkc/model"

// Gene makes messenger RNA and by it a protein.
type Gene struct {
	M, P      Real  `init:"0"` // messenger RNA and protein
	Repressor Input // protein of the gene before

	Free      Param `value:"30"`    // transcription without the repressor, 1/min
	Leak      Param `value:"0.03"`  // transcription with much of it, 1/min
	Half      Param `value:"40"`    // repressor that halves the transcription
	Translate Param `value:"6.931"` // proteins of an mRNA, 1/min
	LifeM     Param `value:"2"`     // half-life of mRNA, min
	LifeP     Param `value:"10"`    // half-life of the protein, min
	Ln2       Const `value:"log(2)"`
}

func (g *Gene) Equations() {
	bound := Pow(g.Repressor/g.Half, 2)
	Reaction(g.Leak+(g.Free-g.Leak)/(1+bound), "transcription: 0 => M")
	Reaction(g.Translate, "translation: M -> M + P")
	Reaction(g.Ln2/g.LifeM, "decay: M -> 0")
	Reaction(g.Ln2/g.LifeP, "degradation: P -> 0")
}

type Repressilator struct {
	N    int `value:"3"`
	Gene []Gene
}

func (r *Repressilator) Structure() {
	r.Gene = make([]Gene, r.N)
	Start(r.Gene[0].M, 20)
}

func (r *Repressilator) Equations() {
	for i := range r.Gene {
		Connect(r.Gene[i].P, r.Gene[(i+1)%r.N].Repressor)
	}
}

func (r *Repressilator) Experiment() (start, stop float64) { return 0, 1000 }
