package doctor

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// cuda looks for the driver's library, by name alone: it is not loaded.
func cuda() Finding {
	return library(Finding{
		Name: "libcuda", Optional: true,
		Purpose: "ensembles on a GPU through --backend cuda, which a later version brings",
		Get:     "install the driver of the NVIDIA GPU; it holds libcuda",
	}, cudaPatterns())
}

// library looks for a shared library by file patterns; the last in order of names is
// the newest.
func library(f Finding, patterns []string) Finding {
	for _, p := range patterns {
		list, err := filepath.Glob(p)
		if err != nil || len(list) == 0 {
			continue
		}
		slices.Sort(list)
		at := list[len(list)-1]
		if _, err := os.Stat(at); err != nil {
			continue // a dangling link
		}
		f.Found, f.Detail = true, at
		return f
	}
	return f
}

func cudaPatterns() []string {
	if runtime.GOOS == "windows" {
		return []string{`C:\Windows\System32\nvcuda.dll`}
	}
	return []string{"/usr/lib/*/libcuda.so.1", "/usr/lib64/libcuda.so.1", "/usr/lib/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/local/cuda*/compat/libcuda.so.1"}
}
