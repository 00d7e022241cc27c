// Package units checks the physical dimensions of a flat system.
package units

import (
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/model"
)

// Check is to be written.
func Check(s *model.System, warn bool) diag.List { return nil }
