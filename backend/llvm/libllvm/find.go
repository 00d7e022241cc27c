package libllvm

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Variable is the environment variable that names the library to use.
const Variable = "MTKC_LIBLLVM"

// candidate is a file that may be a libLLVM.
type candidate struct {
	path  string
	major int    // from the name, 0 if it says nothing
	why   string // why it is none
}

// Hint says how to get libLLVM on this system.
func Hint() string {
	const variable = ", or set " + Variable + " to its path"
	switch runtime.GOOS {
	case "darwin":
		return "get it with: brew install llvm" + variable
	case "linux":
		return "get it with: apt-get install libllvm19 (Debian, Ubuntu; or the newest there), dnf install llvm-libs (Fedora), pacman -S llvm-libs (Arch), apk add llvm19-libs (Alpine)" + variable
	}
	return "it cannot be used on this system"
}

// candidates lists the files that may be libLLVM, the best first: what the variable names
// and nothing else, or what lies in the directories of libraries, newest first.
func candidates() []candidate {
	if v := os.Getenv(Variable); v != "" {
		info, err := os.Stat(v)
		switch {
		case err != nil:
			return []candidate{{path: v, why: "named by " + Variable + ", but " + err.Error()}}
		case !info.IsDir():
			return []candidate{{path: v}}
		}
		list := inDirectories([]string{v})
		if len(list) == 0 {
			return []candidate{{path: v, why: "named by " + Variable + ", but holds no libLLVM"}}
		}
		return list
	}
	dirs := directories()
	list := inDirectories(dirs)
	if len(list) == 0 {
		for _, d := range dirs {
			list = append(list, candidate{path: d, why: "no libLLVM"})
		}
	}
	return list
}

// Place is a library file, without having loaded it.
type Place struct {
	Path    string
	Size    int64
	Changed time.Time
}

// Locate says which file Find would load first. It looks once, as Find does, and loads
// nothing.
func Locate() (Place, bool) { return located() }

var located = sync.OnceValues(locate)

func locate() (Place, bool) {
	if unsupported() != "" {
		return Place{}, false
	}
	for _, c := range candidates() {
		if c.why != "" {
			continue
		}
		if info, err := os.Stat(c.path); err == nil {
			return Place{c.path, info.Size(), info.ModTime()}, true
		}
	}
	return Place{}, false
}

// directories are patterns of directories in which libraries lie.
func directories() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"/opt/homebrew/opt/llvm/lib", "/opt/homebrew/opt/llvm@*/lib", "/usr/local/opt/llvm/lib", "/usr/local/opt/llvm@*/lib", "/opt/local/libexec/llvm-*/lib"}
	case "linux":
		var list []string
		for _, d := range filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")) {
			if d != "" {
				list = append(list, d)
			}
		}
		triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
		list = append(list, "/usr/lib/"+triplet, "/usr/lib/llvm-*/lib", "/usr/lib/llvm*/lib", "/usr/lib64", "/usr/lib64/llvm*/lib", "/usr/lib", "/lib/"+triplet, "/usr/local/lib", "/usr/local/lib64",
			"/usr/lib/llvm/*/lib64", "/run/current-system/sw/lib", "/home/linuxbrew/.linuxbrew/opt/llvm/lib")
		return append(list, configured()...)
	}
	return nil
}

// configured reads the further directories that the dynamic linker of Linux is told.
func configured() []string {
	files, _ := filepath.Glob("/etc/ld.so.conf.d/*.conf")
	var list []string
	for _, f := range append([]string{"/etc/ld.so.conf"}, files...) {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
				list = append(list, line)
			}
		}
	}
	return list
}

var fileName = regexp.MustCompile(`^libLLVM(?:-(\d+)[.\d]*(?:git)?)?\.(?:so|dylib)(?:\.(\d+)[.\d]*)?$`)

// inDirectories finds the files of the library in directories, the newest version first
// and equal ones in the order of the directories. A file that is reached in several
// ways counts once.
func inDirectories(patterns []string) []candidate {
	var list []candidate
	seen := map[string]bool{}
	for _, p := range patterns {
		dirs, _ := filepath.Glob(p)
		for _, d := range dirs {
			files, _ := filepath.Glob(filepath.Join(d, "libLLVM*"))
			for _, f := range files {
				m := fileName.FindStringSubmatch(filepath.Base(f))
				if m == nil {
					continue
				}
				real, err := filepath.EvalSymlinks(f)
				if err != nil || seen[real] {
					continue
				}
				seen[real] = true
				list = append(list, candidate{path: real, major: majorOf(real)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(b.major, a.major) })
	return list
}

// majorOf reads the version of libLLVM-14.so.1, libLLVM.so.19.1 and their like, 0 if
// there is none.
func majorOf(path string) int {
	m := fileName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return 0
	}
	for _, s := range m[1:] {
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
	}
	return 0
}
