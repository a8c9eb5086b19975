package caddymodule_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/porterslodge/porterslodge/"

// arrows are all that may be: a package, and which of ours it imports.
var arrows = map[string][]string{
	"rules":                                  {},
	"caddymodule/internal/event":             {},
	"caddymodule/internal/verify":            {},
	"caddymodule/internal/retry":             {},
	"caddymodule/internal/guard":             {},
	"caddymodule/internal/clock":             {},
	"caddymodule/internal/clock/clocktest":   {"clock"},
	"caddymodule/internal/failpoint":         {},
	"caddymodule/internal/adminapi":          {},
	"caddymodule/internal/show":              {},
	"caddymodule/internal/guide":             {},
	"caddymodule/internal/knolyxapi":         {},
	"caddymodule/internal/sample":            {"sender", "verify"},
	"caddymodule/internal/listen":            {"show"},
	"caddymodule/internal/sender":            {"event"},
	"caddymodule/internal/store":             {"event"},
	"caddymodule/internal/store/journal":     {"failpoint"},
	"caddymodule/internal/store/backup":      {},
	"caddymodule/internal/store/badgerstore": {"event", "store", "journal", "backup"},
	"caddymodule/internal/store/memstore":    {"event", "store"},
	"caddymodule/internal/store/storetest":   {"event", "store", "memstore"},
	"caddymodule/internal/tracing":           {"event"},
	"caddymodule/internal/delivery":          {"event", "retry", "store", "tracing", "clock", "failpoint"},
	"caddymodule/internal/gateway":           {"event", "verify", "sender", "store", "delivery", "rules", "tracing", "clock", "failpoint"},
	"caddymodule": {
		"event", "verify", "sender", "store", "badgerstore", "delivery", "retry", "guard", "gateway", "rules",
		"show", "sample", "listen", "knolyxapi", "guide",
		"tracing", "adminapi", "backup", "clock", "failpoint",
	},
	"caddymodule/cmd/caddy": {"caddymodule"},
	// A stranger to the gateway: it sees what everyone sees.
	"caddymodule/internal/bench":             {"rules", "published"},
	"caddymodule/internal/published":         {},
	"caddymodule/internal/reliability":       {}, // tests alone
	"caddymodule/internal/reliability/table": {"published"},
}

func TestArrowsPointOneWay(t *testing.T) {
	list := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, "./...", "../rules/...")
	var stderr strings.Builder
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		name := strings.TrimPrefix(path, module)
		allowed, known := arrows[name]
		if !known {
			t.Errorf("%s: a new package; say here what it may import", name)
		}
		for imported := range strings.FieldsSeq(imports) {
			ours, isOurs := strings.CutPrefix(imported, module)
			if isOurs && !slices.Contains(allowed, ours[strings.LastIndex(ours, "/")+1:]) {
				t.Errorf("%s must not import %s", name, ours)
			}
			edge := name == "caddymodule" || name == "caddymodule/cmd/caddy"
			if strings.HasPrefix(imported, "github.com/caddyserver/caddy") && !edge {
				t.Errorf("%s imports Caddy; only caddymodule may", name)
			}
		}
	}
}
