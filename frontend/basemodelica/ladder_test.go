package basemodelica

import (
	"bytes"
	"fmt"
)

// ladder is the text of a chain of n sections with a current and a voltage each, long
// names and attributes as tools write them.
func ladder(n int) []byte {
	var b bytes.Buffer
	b.WriteString("//! base 0.1.0\npackage 'Ladder'\n  model 'Ladder'\n")
	for i := range n {
		fmt.Fprintf(&b, "    parameter Real 'section%d.r.R'(start = 1.0, unit = \"Ohm\", quantity = \"Resistance\") = %d.5 \"Resistance at temperature T_ref\";\n", i, i%7+1)
		fmt.Fprintf(&b, "    Real 'section%d.r.i'(unit = \"A\", quantity = \"ElectricCurrent\") \"Current flowing from pin p to pin n\";\n", i)
		fmt.Fprintf(&b, "    Real 'section%d.c.v'(fixed = true, start = 0.0, unit = \"V\", quantity = \"ElectricPotential\") \"Voltage drop of the two pins (= p.v - n.v)\";\n", i)
	}
	b.WriteString("  equation\n")
	for i := range n {
		prev, next := "sin(time)", "0.0"
		if i > 0 {
			prev = fmt.Sprintf("'section%d.c.v'", i-1)
		}
		if i+1 < n {
			next = fmt.Sprintf("'section%d.r.i'", i+1)
		}
		fmt.Fprintf(&b, "    'section%d.r.R' * 'section%d.r.i' * (1.0 + 0.004 * 'section%d.r.i') = %s - 'section%d.c.v';\n", i, i, i, prev, i)
		fmt.Fprintf(&b, "    1e-3 * der('section%d.c.v') = 'section%d.r.i' - %s;\n", i, i, next)
	}
	b.WriteString("  end 'Ladder';\nend 'Ladder';\n")
	return b.Bytes()
}
