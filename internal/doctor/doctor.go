// Package doctor looks at the machine: which tools, libraries and devices that mtkc
// can use are here, and how to get the others.
//
// In: the machine. Out: findings in a fixed order. Nothing is installed or changed.
package doctor

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// Finding is one thing that mtkc can make use of.
type Finding struct {
	Name     string
	Found    bool
	Optional bool   // nothing that works today needs it
	Detail   string // version and place
	Purpose  string
	Get      string // how to get it
}

// Examine looks for everything. No look takes longer than a few seconds.
func Examine(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return []Finding{
		{
			Name: "vm", Found: true, Detail: "built in",
			Purpose: "solving any model; the default backend",
		},
		tool(ctx, Finding{
			Name:    "Go toolchain",
			Purpose: "models written in Go (they are built to be read), and --backend go; not needed for Base Modelica models and the vm",
			Get:     "install Go 1.26 or later from https://go.dev/dl/ or your package manager, and put its bin directory in PATH",
		}, "go", "version"),
		llvm(),
		machineCode(),
		objectCache(),
		cudaDriver(),
		assembler(ctx, Finding{
			Name: "ptxas", Optional: true,
			Purpose: "checking generated PTX without a GPU, for developers of the CUDA backend",
			Get:     "run scripts/setup-dev in mtkc's repository, or install the CUDA toolkit (Debian: apt-get install nvidia-cuda-toolkit)",
		}),
		tool(ctx, Finding{
			Name: "python3", Optional: true,
			Purpose: "reading the CSV and JSON output in notebooks; mtkc itself never runs it",
			Get:     "install Python 3 from your package manager",
		}, "python3", "--version"),
	}
}

// tool looks for a program in PATH, or at a path, and asks its version.
func tool(ctx context.Context, f Finding, name, flag string) Finding {
	path, err := exec.LookPath(name)
	if err != nil {
		return f
	}
	out, err := exec.CommandContext(ctx, path, flag).Output()
	if err != nil {
		f.Detail = path + " does not run: " + err.Error()
		return f
	}
	f.Found = true
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	line := lines[0]
	for _, l := range lines {
		if strings.Contains(l, "release") {
			line = l
		}
	}
	f.Detail = strings.TrimSpace(line) + ", " + path
	return f
}
