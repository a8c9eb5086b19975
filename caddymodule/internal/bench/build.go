package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build makes the binary that is measured, as xcaddy.sh does.
func build(ctx context.Context, folder string) (binary string, err error) {
	binary = filepath.Join(folder, "caddy")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "github.com/porterslodge/porterslodge/caddymodule/cmd/caddy")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building Caddy (run this inside the repository): %w\n%s", err, out)
	}
	return binary, nil
}
