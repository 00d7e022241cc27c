package pack

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// Load is what a battery feeds.
type Load interface{ Term() (p, n electrical.Pin) }
type RLoad struct{ electrical.Resistor }

func (l *RLoad) Term() (p, n electrical.Pin) { return l.P, l.N }

type CLoad struct{ electrical.ConstantCurrent }

func (l *CLoad) Term() (p, n electrical.Pin) { return l.P, l.N }

// Cell is a battery cell with a resistance and one RC element.
type Cell struct {
	P, N electrical.Pin
	SOC  Real  `init:"0.9"`
	UC   Real  `init:"0"`
	Q    Param `value:"7200"`
	R0   Param `value:"0.01"`
	R1   Param `value:"0.02"`
	C1   Param `value:"1000"`
}

func (c *Cell) Equations() {
	ocv := 3 + 1.2*c.SOC - 0.3*Exp(-20*c.SOC)
	Eq(c.P.I+c.N.I, 0)
	Eq(Der(c.SOC), c.P.I/c.Q)
	Eq(c.C1*Der(c.UC), c.P.I-c.UC/c.R1)
	Eq(c.P.V-c.N.V, ocv+c.R0*c.P.I+c.UC)
	Assert(c.SOC > -0.01, "a cell is empty")
}

type Pack struct {
	S     int    `value:"4"`
	P     int    `value:"3"`
	Kind  string `value:"current"`
	Cells [][]Cell
	Load  Load
	G     electrical.Ground
}

func (m *Pack) Structure() {
	m.Cells = make([][]Cell, m.S)
	for i := range m.Cells {
		m.Cells[i] = make([]Cell, m.P)
		for j := range m.Cells[i] {
			m.Cells[i][j].R0 = 0.01 * (1 + 0.1*Real(j))
		}
	}
	switch m.Kind {
	case "current":
		m.Load = &CLoad{electrical.ConstantCurrent{I0: 3}}
	default:
		m.Load = &RLoad{electrical.Resistor{R: 5}}
	}
}
func (m *Pack) Equations() {
	for i := range m.Cells {
		for j := range m.Cells[i] {
			if j > 0 {
				Connect(m.Cells[i][0].P, m.Cells[i][j].P)
				Connect(m.Cells[i][0].N, m.Cells[i][j].N)
			}
		}
		if i > 0 {
			Connect(m.Cells[i-1][0].P, m.Cells[i][0].N)
		}
	}
	p, n := m.Load.Term()
	Connect(p, m.Cells[m.S-1][0].P)
	Connect(n, m.Cells[0][0].N, m.G.P)
}
func (m *Pack) Experiment() (a, b float64) { return 0, 3600 }
