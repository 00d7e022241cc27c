package cache

import (
	"os"
	"runtime"
	"strings"
	"sync"
)

// processor tells processors apart without libLLVM: what the system says of the first
// one, less what changes from moment to moment. "" = the system does not tell.
var processor = sync.OnceValue(func() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	id := runtime.GOOS + "/" + runtime.GOARCH
	first, _, _ := strings.Cut(string(text), "\n\n")
	for line := range strings.Lines(first) {
		name, _, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(name) {
		case "vendor_id", "cpu family", "model", "model name", "stepping", "flags",
			"CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features":
			id += "\n" + strings.TrimSpace(line)
		}
	}
	return id
})
