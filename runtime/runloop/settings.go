package runloop

import (
	"cmp"
	"math"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Where the settings stand behind the parameters of a model: p[np+RTol] and so on.
const (
	RTol = iota
	HMax
	HMin
	MaxAttempts
	AbsTol // of the first state
)

// Settings are the settings of a run.
type Settings struct {
	RelTol     float64
	AbsTol     []float64 // of each state, or one for all
	HMax, HMin float64   // HMax 0: no limit
	MaxSteps   int       // attempts; 0: 1,000,000, as in package ode
}

// SettingsOf are the settings of a run of package ode, its defaults included.
func SettingsOf(p *ode.Problem, opt *ode.Options) Settings {
	s := Settings{RelTol: cmp.Or(opt.RelTol, p.RelTol, 1e-6), AbsTol: opt.AbsTols, HMax: opt.HMax, HMin: opt.HMin, MaxSteps: opt.MaxSteps}
	if p.NRates > 0 && s.HMax == 0 && p.NewKernels != nil {
		if q, err := p.Remake(opt.Set, opt.Span); err == nil {
			stages := 5
			if m, err := ode.Lookup(opt.Solver); err == nil {
				stages = m.Info().Stages
			}
			s.HMax = ode.LongestStep(q.NewKernels(), q.NRates, stages, q.P)
		}
	}
	if s.AbsTol != nil {
		return s
	}
	for i := range p.U0 {
		a := opt.AbsTol
		if a == 0 {
			a = 1e-9
			if i < len(p.States) && p.States[i].Nominal != 0 {
				a *= math.Abs(p.States[i].Nominal)
			}
		}
		s.AbsTol = append(s.AbsTol, a)
	}
	return s
}

// Put writes the settings of a model of n states to q, of which the length is AbsTol+n.
func (s *Settings) Put(q []float64) {
	q[RTol], q[HMax], q[HMin], q[MaxAttempts] = s.RelTol, s.HMax, s.HMin, float64(s.MaxSteps)
	if !(s.HMax > 0) || s.HMax > unlimited {
		q[HMax] = unlimited
	}
	if s.MaxSteps <= 0 {
		q[MaxAttempts] = 1_000_000
	}
	for i := range q[AbsTol:] {
		q[AbsTol+i] = s.AbsTol[min(i, len(s.AbsTol)-1)]
	}
}

// unlimited is a step size that is longer than all spans.
const unlimited = 1e300
