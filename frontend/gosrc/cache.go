package gosrc

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cache keeps the programs of models. An entry belongs to a model's path and holds the
// program and a manifest: every file that went into it with its hash.
type cache struct{ dir string } // "": nothing is kept

// cacheSize is the number of programs kept; the least recently built go first.
const cacheSize = 64

// openCache opens the cache in dir. Without a directory it is that of the user; a user
// who has none, or none that can be written to, goes without.
func openCache(dir string) (*cache, error) {
	if dir != "" {
		return &cache{dir}, os.MkdirAll(dir, 0o777)
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return &cache{}, nil
	}
	dir = filepath.Join(user, "mtkc", "models")
	if os.MkdirAll(dir, 0o777) != nil {
		dir = ""
	}
	return &cache{dir}, nil
}

type cacheEntry struct {
	c    *cache
	base string // path without extension
}

// entry is that of a model's path, in the module and the environment of the go command
// in which it is now.
func (c *cache) entry(path string) *cacheEntry {
	h := sha256.Sum256([]byte(strings.Join([]string{
		self(), path, findUp(filepath.Dir(path), "go.mod"), findUp(path, "go.mod"), workFile(path),
		os.Getenv("GOFLAGS"), os.Getenv("GOEXPERIMENT"),
	}, "\x00")))
	return &cacheEntry{c, filepath.Join(c.dir, hex.EncodeToString(h[:12]))}
}

// self identifies the running compiler, because another version rewrites differently.
func self() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	st, err := os.Stat(exe)
	if err != nil {
		return ""
	}
	// go run and go test make a new file at each build: size and content decide there.
	return fmt.Sprint(filepath.Base(exe), st.Size(), hashFile(exe))
}

// workFile is the workspace that holds for a path, "" if there is none.
func workFile(path string) string {
	switch w := os.Getenv("GOWORK"); w {
	case "":
		return findUp(path, "go.work")
	case "off":
		return ""
	default:
		return w
	}
}

func hashFile(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "-"
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// hashDir is a hash of the names of the Go files of a directory.
func hashDir(path string) string {
	es, err := os.ReadDir(path)
	if err != nil {
		return "-"
	}
	var names []string
	for _, e := range es {
		if strings.HasSuffix(e.Name(), ".go") {
			names = append(names, e.Name())
		}
	}
	h := sha256.Sum256([]byte(strings.Join(names, "\x00")))
	return hex.EncodeToString(h[:])
}

// valid returns the program if every file of its manifest is unchanged.
func (e *cacheEntry) valid() (bin string, ok bool) {
	if e.c.dir == "" {
		return "", false
	}
	f, err := os.Open(e.base + ".manifest")
	if err != nil {
		return "", false
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	if !s.Scan() {
		return "", false
	}
	bin = filepath.Join(e.c.dir, s.Text())
	n := 0
	for s.Scan() {
		hash, path, ok := strings.Cut(s.Text(), " ")
		if !ok {
			return "", false
		}
		if dir, isDir := strings.CutPrefix(path, "dir "); isDir {
			if hashDir(dir) != hash {
				return "", false
			}
		} else if hashFile(path) != hash {
			return "", false
		}
		n++
	}
	if _, err := os.Stat(bin); err != nil || n == 0 {
		return "", false
	}
	return bin, true
}

// keep stores a program that was built from the files and directories.
func (e *cacheEntry) keep(bin string, files, dirs []string) (string, error) {
	if e.c.dir == "" {
		return "", os.ErrNotExist
	}
	name := filepath.Base(e.base) + "-" + hashFile(bin)[:12] + filepath.Ext(bin)
	to := filepath.Join(e.c.dir, name)
	if err := move(bin, to); err != nil {
		return "", err
	}
	var m strings.Builder
	m.WriteString(name + "\n")
	for _, f := range files {
		fmt.Fprintf(&m, "%s %s\n", hashFile(f), f)
	}
	for _, d := range dirs {
		fmt.Fprintf(&m, "%s dir %s\n", hashDir(d), d)
	}
	tmp := fmt.Sprintf("%s.%d.tmp", e.base, os.Getpid())
	if err := os.WriteFile(tmp, []byte(m.String()), 0o666); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, e.base+".manifest"); err != nil {
		return "", err
	}
	e.c.prune()
	return to, nil
}

// move renames a file, or copies it where the two directories are on different disks,
// as /tmp and the home directory often are.
func move(from, to string) error {
	if os.Rename(from, to) == nil {
		return nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if e := f.Chmod(0o755); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// prune removes the oldest files beyond the size of the cache.
func (c *cache) prune() {
	es, err := os.ReadDir(c.dir)
	if err != nil || len(es) <= 2*cacheSize {
		return
	}
	type aged struct {
		name string
		time int64
	}
	var all []aged
	for _, e := range es {
		if info, err := e.Info(); err == nil && !e.IsDir() {
			all = append(all, aged{e.Name(), info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(all, func(a, b aged) int {
		if a.time != b.time {
			return int(min(max(b.time-a.time, -1), 1))
		}
		return strings.Compare(a.name, b.name)
	})
	for _, a := range all[min(len(all), 2*cacheSize):] {
		os.Remove(filepath.Join(c.dir, a.name))
	}
}
