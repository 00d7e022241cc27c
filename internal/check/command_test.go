package check

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The command that the tests run, built once.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "mtkc-check-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "mtkc.exe")
	if out, err := exec.Command("go", "build", "-o", bin, module+"/cmd/mtkc").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v\n%s", err, out)
	}
	return bin, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if bin, err := build(); err == nil {
		os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(status)
}

// outcome is what a command left behind.
type outcome struct {
	stdout, stderr string
	status         int
	took           time.Duration
}

// mtkc runs the command in a directory. The environment is that of the tests with the
// given settings on top.
func mtkc(t *testing.T, dir string, env []string, args ...string) outcome {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(bin, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(os.Environ(), env...)
	start := time.Now()
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(start)}
}

// ok runs the command at the root of the repository and wants status 0.
func ok(t *testing.T, args ...string) outcome {
	t.Helper()
	o := mtkc(t, "../..", nil, args...)
	if o.status != 0 {
		t.Fatalf("mtkc %s: exit status %d\n%s", strings.Join(args, " "), o.status, o.stderr)
	}
	return o
}
