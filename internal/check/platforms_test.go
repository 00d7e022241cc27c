package check

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var long = flag.Bool("long", false, "also build for all platforms")

// buildFor builds the command for a platform, without cgo.
func buildFor(t *testing.T, platform, to string) {
	t.Helper()
	system, arch, _ := strings.Cut(platform, "/")
	cmd := exec.Command("go", "build", "-o", to, module+"/cmd/mtkc")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", platform, err, out)
	}
}

// TestPlatforms builds the command for the platforms that releases are made for.
func TestPlatforms(t *testing.T) {
	if !*long {
		t.Skip("builds everything anew for each platform: runs with -long")
	}
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64", "windows/arm64", "freebsd/amd64"} {
		t.Run(platform, func(t *testing.T) { buildFor(t, platform, filepath.Join(t.TempDir(), "mtkc.exe")) })
	}
}

// TestStatic: with the build tag static the command does without the package that loads
// libraries, so that it is linked statically and runs where there is no dynamic linker.
func TestStatic(t *testing.T) {
	for _, tags := range []string{"", "static"} {
		cmd := exec.Command("go", "list", "-deps", "-tags", tags, module+"/cmd/mtkc")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if loads := bytes.Contains(out, []byte("github.com/ebitengine/purego")); loads != (tags == "") {
			t.Errorf("tags %q: the command can load libraries: %v", tags, loads)
		}
	}
}

// TestWasm builds the command for WebAssembly and runs a model in node. It prints what
// the same model prints here.
func TestWasm(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command for another platform")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	launcher := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "go_js_wasm_exec")
	if _, err := os.Stat(launcher); err != nil {
		t.Skip("the Go distribution has no launcher for WebAssembly: ", err)
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "mtkc.wasm")
	buildFor(t, "js/wasm", bin)
	const model = `//! base 0.1.0
package 'Oscillator'
  model 'Oscillator'
    parameter Real 'k' = 2.0;
    Real 'x'(start = 1.0, fixed = true);
    Real 'v'(start = 0.0, fixed = true);
  equation
    der('x') = 'v';
    der('v') = -'k'*sin('x');
  end 'Oscillator';
end 'Oscillator';
`
	file := filepath.Join(dir, "oscillator.bmo")
	if err := os.WriteFile(file, []byte(model), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", file, "--tspan", "0,10", "--steps", "20"}
	want := ok(t, args...).stdout
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(launcher, append([]string{bin}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// The launcher hands its environment over, which must be small.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	if err := cmd.Run(); err != nil {
		t.Fatalf("in node: %v\n%s", err, stderr.String())
	}
	if stdout.String() != want {
		t.Errorf("in node:\n%s\nhere:\n%s", stdout.String(), want)
	}
}
