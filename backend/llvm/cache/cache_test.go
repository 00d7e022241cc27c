package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mtkc/mtkc/backend/llvm/libllvm"
)

func TestKey(t *testing.T) {
	seen := map[Key][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}} {
		k := NewKey(parts...)
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q have the same key", parts, other)
		}
		seen[k] = parts
	}
}

// files lists what lies in a cache.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestEntries(t *testing.T) {
	dir := t.TempDir()
	c := New(filepath.Join(dir, "new", "cache"), 1<<20)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 50 {
		data := make([]byte, rng.IntN(1000))
		for j := range data {
			data[j] = byte(rng.Uint32())
		}
		k := NewKey(fmt.Sprint(i))
		if _, ok := c.Get(k); ok {
			t.Fatal("found before it was stored")
		}
		if err := c.Put(k, data); err != nil {
			t.Fatal(err)
		}
		got, ok := New(c.Dir(), 1<<20).Get(k)
		if !ok || !bytes.Equal(got, data) {
			t.Fatalf("entry %d came back as %d bytes", i, len(got))
		}
	}
	if n := len(files(t, c.Dir())); n != 50 {
		t.Errorf("%d files for 50 entries", n)
	}
}

// Every damage to a file is noticed, and the entry can be stored again.
func TestDamage(t *testing.T) {
	c := New(t.TempDir(), 1<<20)
	k, data := NewKey("k"), []byte("some data of an object")
	if err := c.Put(k, data); err != nil {
		t.Fatal(err)
	}
	file := c.file(k)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damage := [][]byte{nil, append(slices.Clone(whole), 0)}
	for i := range whole {
		damage = append(damage, whole[:i])
		changed := slices.Clone(whole)
		changed[i] ^= 1
		damage = append(damage, changed)
	}
	for _, b := range damage {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Get(k); ok {
			t.Fatalf("damaged to %q, it came back as %q", b, got)
		}
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal("a damaged entry is left")
		}
	}
	if err := c.Put(k, data); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Get(k); !ok || !bytes.Equal(got, data) {
		t.Error("the entry cannot be stored again")
	}
}

// The oldest entries go when there are too many; used ones are not old; files that died
// processes left go too.
func TestBound(t *testing.T) {
	c := New(t.TempDir(), 10000)
	data := make([]byte, 1000)
	old := time.Now().Add(-48 * time.Hour)
	key := func(i int) Key { return NewKey(fmt.Sprint(i)) }
	for i := range 8 {
		if err := c.Put(key(i), data); err != nil {
			t.Fatal(err)
		}
		at := old.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(c.file(key(i)), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := c.Get(key(0)); !ok {
		t.Fatal("no entry")
	}
	left := filepath.Join(c.Dir(), "new-left")
	if err := os.WriteFile(left, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	for i := 8; i < 14; i++ {
		if err := c.Put(key(i), data); err != nil {
			t.Fatal(err)
		}
	}
	var size int64
	for _, f := range files(t, c.Dir()) {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > 10000+10000/8 {
		t.Errorf("%d bytes in a cache of 10000", size)
	}
	if _, ok := c.Get(key(0)); !ok {
		t.Error("the entry that was used is gone")
	}
	if _, ok := c.Get(key(1)); ok {
		t.Error("the oldest entry is still there")
	}
	if _, ok := c.Get(key(13)); !ok {
		t.Error("the newest entry is gone")
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file that was left behind is still there")
	}
}

func TestOffAndUnwritable(t *testing.T) {
	off := New("", 0)
	if err := off.Put(NewKey(), nil); !errors.Is(err, ErrOff) {
		t.Error(err)
	}
	if _, ok := off.Get(NewKey()); ok {
		t.Error("an entry of a cache that is off")
	}
	// A file where the directory should be cannot be written even by root.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := New(file, 1000)
	if err := c.Put(NewKey(), nil); err == nil {
		t.Error("an entry is stored below a file")
	}
	if _, ok := c.Get(NewKey()); ok {
		t.Error("an entry below a file")
	}
	for _, c := range []*Cache{off, c} {
		compileTwice(t, c, false)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv(Variable, "off")
	if c := fromEnvironment(); c.Dir() != "" {
		t.Errorf("off: %q", c.Dir())
	}
	t.Setenv(Variable, "/some/where")
	if c := fromEnvironment(); c.Dir() != "/some/where" {
		t.Errorf("named: %q", c.Dir())
	}
	t.Setenv(Variable, "")
	t.Setenv("XDG_CACHE_HOME", "/home/caches")
	if user, err := os.UserCacheDir(); err == nil {
		if c := fromEnvironment(); c.Dir() != filepath.Join(user, "mtkc") {
			t.Errorf("default: %q", c.Dir())
		}
	}
}

// Several writers and readers of the same entries see whole entries.
func TestConcurrent(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			c := New(dir, 20000)
			for i := range 100 {
				k := NewKey(fmt.Sprint(i % 10))
				want := bytes.Repeat([]byte{byte(i % 10)}, 3000)
				if (i+g)%2 == 0 {
					if err := c.Put(k, want); err != nil {
						t.Error(err)
						return
					}
				}
				if got, ok := c.Get(k); ok && !bytes.Equal(got, want) {
					t.Error("a torn entry")
					return
				}
			}
		})
	}
	all.Wait()
}

const text = `
define void @f(double* %x) {
  %a = load double, double* %x
  %b = fmul double %a, %a
  store double %b, double* %x
  ret void
}
`

// compileTwice compiles a module twice, and says whether the second time should be a hit.
func compileTwice(t *testing.T, c *Cache, hits bool) {
	t.Helper()
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	ctx := context.Background()
	first, hit, err := c.Compile(ctx, []byte(text), libllvm.Options{Level: 1})
	if err != nil || hit {
		t.Fatalf("the first time: hit %v, %v", hit, err)
	}
	second, hit, err := c.Compile(ctx, []byte(text), libllvm.Options{Level: 1})
	if err != nil || hit != hits {
		t.Errorf("the second time: hit %v, %v", hit, err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the objects differ")
	}
}

func TestCompile(t *testing.T) {
	c := New(t.TempDir(), 1<<20)
	compileTwice(t, c, true)
	ctx := t.Context()
	// Whatever changes the object is in the key.
	host := libllvm.Host()
	other := "generic" // to a version that does not know this processor by name, this one is generic, too
	if host.CPU == other {
		other = "x86-64-v2"
		if strings.HasPrefix(host.Triple, "aarch64") {
			other = "cortex-a72"
		}
	}
	for name, o := range map[string]libllvm.Options{
		"level":    {Level: 2},
		"kind":     {Level: 1, Kind: libllvm.Assembly},
		"passes":   {Level: 1, Passes: "function(early-cse)"},
		"cpu":      {Level: 1, Target: libllvm.Target{Triple: host.Triple, CPU: other, Features: host.Features}},
		"features": {Level: 1, Target: libllvm.Target{Triple: host.Triple, CPU: host.CPU}},
	} {
		if _, hit, err := c.Compile(ctx, []byte(text), o); hit || err != nil {
			t.Errorf("%s: hit %v, %v", name, hit, err)
		}
	}
	if _, hit, err := c.Compile(ctx, []byte(strings.Replace(text, "fmul", "fadd", 1)), libllvm.Options{Level: 1}); hit || err != nil {
		t.Errorf("text: hit %v, %v", hit, err)
	}
	// Errors are not kept.
	for range 2 {
		_, hit, err := c.Compile(ctx, []byte("define"), libllvm.Options{})
		var e *libllvm.CompileError
		if hit || !errors.As(err, &e) {
			t.Errorf("wrong text: hit %v, %v", hit, err)
		}
	}
	m, err := c.Machine(ctx)
	if err != nil {
		t.Fatal(err)
	}
	l, err := libllvm.Find()
	if err != nil {
		t.Fatal(err)
	}
	if m.Version != l.Version() || m.Path != l.Path() || m.Host != l.Host() {
		t.Errorf("the cache knows the machine as %v", m)
	}
}

func BenchmarkHit(b *testing.B) {
	c := New(b.TempDir(), 1<<20)
	ctx := b.Context()
	if _, _, err := c.Compile(ctx, []byte(text), libllvm.Options{Level: 1}); err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		if _, hit, err := c.Compile(ctx, []byte(text), libllvm.Options{Level: 1}); !hit || err != nil {
			b.Fatal(hit, err)
		}
	}
}
