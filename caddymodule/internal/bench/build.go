package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// build makes the binary that is measured, as xcaddy.sh does.
func build(ctx context.Context, folder string) (binary string, err error) {
	binary = filepath.Join(folder, "caddy")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, modulePath+"/caddymodule/cmd/caddy")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building Caddy (run this inside the repository): %w\n%s", err, out)
	}
	return binary, nil
}

const (
	modulePath = "github.com/porterslodge/porterslodge"
	caddyPath  = "github.com/caddyserver/caddy/v2"
	badgerPath = "github.com/dgraph-io/badger/v4"
)

// versions are those of what is in a binary.
type versions struct {
	Go           string `json:"go"`
	Porterslodge string `json:"porterslodge"`
	Caddy        string `json:"caddy"`
	Badger       string `json:"badger"`
}

func versionsOf(binary string) (versions, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return versions{}, err
	}
	return versionsIn(info), nil
}

func versionsIn(info *debug.BuildInfo) versions {
	v := versions{Go: strings.TrimPrefix(info.GoVersion, "go"), Porterslodge: info.Main.Version}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v.Porterslodge == "" || v.Porterslodge == "(devel)") {
			v.Porterslodge = s.Value[:min(len(s.Value), 12)]
		}
	}
	for _, m := range info.Deps {
		switch m.Path {
		case caddyPath:
			v.Caddy = m.Version
		case badgerPath:
			v.Badger = m.Version
		case modulePath:
			v.Porterslodge = m.Version
		}
	}
	return v
}

func (v versions) String() string {
	return fmt.Sprintf("Porterslodge %s, Caddy %s, Badger %s, Go %s", v.Porterslodge, v.Caddy, v.Badger, v.Go)
}
