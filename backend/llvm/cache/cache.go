// Package cache keeps what libLLVM made on disk, so that a model that was compiled once
// starts at once the next time, without loading libLLVM at all.
//
// In: the text of a module and options. Out: the object that libLLVM makes of it, from the
// cache or fresh. Promised: an object comes back only for the same text, options, LLVM
// version and processor, and only as it was stored (a checksum is compared); a cache that
// cannot be read or written changes nothing but the time.
//
// The cache lies in the directory mtkc of the user's directory of caches. The
// environment variable MTKC_CACHE names another directory, or "off". Objects are code
// that will run: a directory that others can write must not be named.
package cache

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Variable is the environment variable that names the directory, or "off".
const Variable = "MTKC_CACHE"

// DefaultLimit is the size in bytes above which the entries that were not used for
// longest are removed.
const DefaultLimit = 256 << 20

// Cache is a directory of entries. It may be used by several goroutines and processes at
// once.
type Cache struct {
	dir   string // "" = nothing is kept
	limit int64

	mu      sync.Mutex
	counted bool  // whether the size was looked at
	written int64 // since then
}

// Key names an entry.
type Key [sha256.Size]byte

// NewKey hashes texts; the same texts cut differently give another key.
func NewKey(parts ...string) Key {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return Key(h.Sum(nil))
}

var (
	defaultOnce  sync.Once
	defaultCache *Cache
)

// Default is the cache of this user, as the environment says.
func Default() *Cache {
	defaultOnce.Do(func() { defaultCache = fromEnvironment() })
	return defaultCache
}

func fromEnvironment() *Cache {
	dir := os.Getenv(Variable)
	switch dir {
	case "off":
		return New("", 0)
	case "":
		user, err := os.UserCacheDir()
		if err != nil {
			return New("", 0) // no home, no cache
		}
		dir = filepath.Join(user, "mtkc")
	}
	return New(dir, DefaultLimit)
}

// New is a cache in a directory, which is made when something is stored, of at most about
// limit bytes. With "" as directory nothing is kept.
func New(dir string, limit int64) *Cache { return &Cache{dir: dir, limit: limit} }

// Dir is the directory, "" when nothing is kept.
func (c *Cache) Dir() string { return c.dir }

// An entry is a line, the checksum of the data, and the data.
const magic = "mtkc cache 1\n"

const suffix = ".entry"

func (c *Cache) file(k Key) string {
	name := hex.EncodeToString(k[:])
	return filepath.Join(c.dir, name[:2], name+suffix)
}

// Get reads an entry. One that is damaged is removed.
func (c *Cache) Get(k Key) ([]byte, bool) {
	if c.dir == "" {
		return nil, false
	}
	file := c.file(k)
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, false
	}
	data, ok := open(b)
	if !ok {
		_ = os.Remove(file)
		return nil, false
	}
	// The time of the file is that of its last use, to the hour.
	if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > time.Hour {
		now := time.Now()
		_ = os.Chtimes(file, now, now)
	}
	return data, true
}

func open(b []byte) ([]byte, bool) {
	b, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok || len(b) < sha256.Size {
		return nil, false
	}
	data := b[sha256.Size:]
	return data, sha256.Sum256(data) == [sha256.Size]byte(b[:sha256.Size])
}

// ErrOff is the error of Put when nothing is kept.
var ErrOff = errors.New("the cache is off")

// Put stores an entry: other processes see all of it or nothing. Its error says that
// it was not stored, which a caller may ignore.
func (c *Cache) Put(k Key, data []byte) error {
	if c.dir == "" {
		return ErrOff
	}
	file := c.file(k)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), "new-*")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	_, err = f.Write(slices.Concat([]byte(magic), sum[:], data))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	c.bound(int64(len(data)))
	return nil
}

// bound removes old entries when the first one and every eighth of the limit has been
// written.
func (c *Cache) bound(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written += n
	if c.counted && c.written < c.limit/8 {
		return
	}
	c.counted, c.written = true, 0
	c.trim()
}

// trim removes the entries that were not used for longest until three quarters of the
// limit are left, and files that a process which died left behind.
func (c *Cache) trim() {
	type entry struct {
		file string
		size int64
		used time.Time
	}
	var list []entry
	var total int64
	_ = filepath.WalkDir(c.dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what cannot be read is not ours to remove
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		switch name := d.Name(); {
		case strings.HasSuffix(name, suffix):
			list = append(list, entry{file, info.Size(), info.ModTime()})
			total += info.Size()
		case strings.HasPrefix(name, "new-") && time.Since(info.ModTime()) > time.Hour:
			_ = os.Remove(file)
		}
		return nil
	})
	if total <= c.limit {
		return
	}
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.file, b.file))
	})
	for _, e := range list {
		if total <= c.limit/4*3 {
			break
		}
		if os.Remove(e.file) == nil {
			total -= e.size
		}
	}
}
