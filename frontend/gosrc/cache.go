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
type cache struct{ dir string }

// cacheSize is the number of programs kept; the least recently built go first.
const cacheSize = 64

func openCache(dir string) (*cache, error) {
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			user = os.TempDir()
		}
		dir = filepath.Join(user, "mtkc", "models")
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	return &cache{dir}, nil
}

type cacheEntry struct {
	c    *cache
	base string // path without extension
}

func (c *cache) entry(path string) *cacheEntry {
	h := sha256.Sum256([]byte(self() + "\x00" + path))
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
	name := filepath.Base(e.base) + "-" + hashFile(bin)[:12] + filepath.Ext(bin)
	to := filepath.Join(e.c.dir, name)
	if err := os.Rename(bin, to); err != nil {
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
