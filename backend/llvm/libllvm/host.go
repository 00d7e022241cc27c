package libllvm

import (
	"runtime"
	"strings"
)

func (t Target) gpu() bool { return strings.HasPrefix(t.Triple, "nvptx") }

// hostTriple is the triple of objects that runtime/native loads here: ELF, whatever the
// system's own format is.
func hostTriple() string {
	switch runtime.GOARCH {
	case "arm64":
		return "aarch64-unknown-linux-gnu"
	case "amd64":
		return "x86_64-unknown-linux-gnu"
	}
	return ""
}

// Host is the target of this machine as the library that Find finds knows it; without
// one, a generic processor.
func Host() Target {
	if l, err := Find(); err == nil {
		return l.Host()
	}
	return hostTarget("", "")
}

func hostTarget(cpu, features string) Target {
	if runtime.GOARCH == "arm64" {
		// Go's signal handlers find the goroutine in x28.
		if features != "" {
			features += ","
		}
		features += "+reserve-x28"
	}
	return Target{Triple: hostTriple(), CPU: cpu, Features: features}
}
