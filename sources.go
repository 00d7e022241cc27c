package mtkc

import (
	"embed"
	"io/fs"
)

// sources are the packages that a model's program and generated code are built from,
// for models that lie outside of any Go module.
//
//go:embed go.mod go.sum diag expr model library reaction/notation runtime
var sources embed.FS

// Sources returns the source of the packages diag, expr, model, library, reaction/notation and
// runtime, go.mod and go.sum, laid out as in this module.
func Sources() fs.FS { return sources }
