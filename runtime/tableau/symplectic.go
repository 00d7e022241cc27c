package tableau

// Splitting is a symplectic method for q' = g(t, p), p' = f(t, q): a composition of kicks
// p += b_i h f(q) and drifts q += a_i h g(p), in turns. The time of g moves with the kicks,
// that of f with the drifts. Hairer, Lubich, Wanner, Geometric Numerical Integration, II.5.
type Splitting struct {
	Name      string
	Order     int
	Start     string `json:"starts_with"` // "kick" or "drift"
	Drift     []string
	Kick      []string
	Reference string
}

// ReadSplitting returns the symplectic method of that name.
func ReadSplitting(name string) *Splitting {
	s := new(Splitting)
	read(Symplectic, name, s)
	return s
}

// quadratic are the methods whose order holds for q” = f(t, q) only, that is, where q' is
// linear in p: with fewer substeps, as fewer conditions need to hold.
var quadratic = map[string]bool{"CalvoSanz4": true, "McAte4": true, "McAte5": true}

// Quadratic reports whether the order needs q' linear in p, a quadratic kinetic energy.
func (s *Splitting) Quadratic() bool { return quadratic[s.Name] }

// KickFirst reports whether the first substep is a kick, else it is a drift.
func (s *Splitting) KickFirst() bool { return s.Start == "kick" }

// Coeffs are the coefficients rounded to float64.
func (s *Splitting) Coeffs() (drift, kick []float64) { return floats(s.Drift), floats(s.Kick) }
