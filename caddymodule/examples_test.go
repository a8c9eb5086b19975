package caddymodule_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestEveryExampleRuns adapts and validates each folder's Caddyfile where a
// newcomer would: from inside it, with nothing set.
func TestEveryExampleRuns(t *testing.T) {
	quiet(t)
	files, err := filepath.Glob("../examples/*/Caddyfile")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range append(files, "../Caddyfile.example") {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			if filepath.Base(file) == "Caddyfile" {
				if err := os.CopyFS(folder, os.DirFS(filepath.Dir(file))); err != nil {
					t.Fatal(err)
				}
			}
			if script := filepath.Join(folder, "make-certificates.sh"); exists(script) {
				if out, err := exec.Command("bash", script).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			t.Chdir(folder)
			// Caddy remembers the folder it was started in, so the name is whole.
			config, err := adapt(string(content), filepath.Join(folder, "Caddyfile"))
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(t, config); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
