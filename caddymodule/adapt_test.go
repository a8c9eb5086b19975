package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

var update = flag.Bool("update", false, "write what came out into the fixtures")

const divider = "----------\n"

// fixtures runs a test for each file: a Caddyfile, a line, and what it gives.
func fixtures(t *testing.T, pattern string, give func(t *testing.T, caddyfile string) string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in %s: %v", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			caddyfile, want, _ := strings.Cut(string(content), divider)
			got := give(t, caddyfile)
			if *update {
				if err := os.WriteFile(file, []byte(caddyfile+divider+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// TestAMistakeIsToldSoThatItsOwnerCanMendIt holds every error's text.
func TestAMistakeIsToldSoThatItsOwnerCanMendIt(t *testing.T) {
	quiet(t)
	fixtures(t, "testdata/mistakes/*.caddyfiletest", func(t *testing.T, caddyfile string) string {
		config, err := adapt(caddyfile, "Caddyfile")
		if err == nil {
			err = validate(t, config)
		}
		if err == nil {
			t.Fatal("it was taken")
		}
		return ours(err.Error()) + "\n"
	})
}

// ours is an error without the chain of Caddy's modules that led to it, which
// depends on the app that happens to be provisioned first.
func ours(text string) string {
	for _, module := range []string{"receive_webhooks: ", "provision webhook_gateway: "} {
		if i := strings.LastIndex(text, module); i >= 0 {
			text = "…" + text[i+len(module):]
		}
	}
	return text
}

// TestACaddyfileBecomesThisJSON holds the JSON twin of every subdirective, and
// that it loads.
func TestACaddyfileBecomesThisJSON(t *testing.T) {
	quiet(t)
	fixtures(t, "testdata/adapt/*.caddyfiletest", func(t *testing.T, caddyfile string) string {
		config, err := adapt(caddyfile, "Caddyfile")
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, config); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := json.Indent(&out, config, "", "\t"); err != nil {
			t.Fatal(err)
		}
		return out.String() + "\n"
	})
}

func TestANullInTheJSONIsAnErrorAndNoPanic(t *testing.T) {
	quiet(t)
	for _, app := range []string{`{"backends":[null]}`, `{"rules":[null]}`} {
		if err := validate(t, []byte(`{"apps":{"webhook_gateway":`+app+`}}`)); err == nil || !strings.Contains(err.Error(), "null") {
			t.Errorf("%s: %v", app, err)
		}
	}
}

func validate(t *testing.T, config []byte) error {
	t.Helper()
	var c caddy.Config
	if err := json.Unmarshal(config, &c); err != nil {
		t.Fatal(err)
	}
	return caddy.Validate(&c)
}

// quiet keeps Caddy's own files out of the home of whoever runs the tests.
func quiet(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
}
