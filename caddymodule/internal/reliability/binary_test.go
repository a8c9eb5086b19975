package reliability

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var binaries struct {
	sync.Mutex
	paths map[string]string
}

// binary builds Caddy with the module, once for each set of build tags.
func binary(t *testing.T, tags string) string {
	t.Helper()
	binaries.Lock()
	defer binaries.Unlock()
	if path := binaries.paths[tags]; path != "" {
		return path
	}
	path, err := build(tags)
	if err != nil {
		t.Fatal(err)
	}
	if binaries.paths == nil {
		binaries.paths = make(map[string]string)
	}
	binaries.paths[tags] = path
	return path
}

func build(tags string) (string, error) {
	dir, err := os.MkdirTemp("", "pl-binary")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "caddy")
	cmd := exec.Command("go", "build", "-tags", tags, "-o", path, "../../cmd/caddy")
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
}

func removeBinaries() {
	for _, path := range binaries.paths {
		_ = os.RemoveAll(filepath.Dir(path))
	}
}
