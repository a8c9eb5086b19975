package caddymodule_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// exported are the metrics of a real server, by their names in queries:
// those of a histogram have an ending.
func exported(t *testing.T) (queried map[string]bool, all []string) {
	t.Helper()
	crm := newBackend(t)
	s := serve(t, eager("crm", crm.URL)+"default crm", watchedSite("monitored"))
	s.memory = "monitored"
	s.load(eager("crm", crm.URL)+"default crm", watchedSite("monitored"))
	memory(t, "monitored").Trouble(nil, store.Measures{Size: 1, Free: 3, Reserve: 1})
	s.send(knolyx("k-1"))
	crm.wait(t, 1)
	queried = make(map[string]bool)
	for line := range strings.Lines(s.scrape()) {
		fields := strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '{' })
		if name, ok := strings.CutPrefix(fields[0], "caddy_webhook_gateway_"); ok {
			queried[name] = true
		}
		if fields[0] == "#" && fields[1] == "TYPE" {
			if name, ok := strings.CutPrefix(fields[2], "caddy_webhook_gateway_"); ok {
				all = append(all, name)
			}
		}
	}
	return queried, all
}

func TestWhatDashboardAlertsAndReadmeNameIsExported(t *testing.T) {
	queried, all := exported(t)
	for _, file := range []string{"dashboard.json", "alerts.yml", "alerts_test.yml"} {
		text := read(t, file)
		named := regexp.MustCompile(`caddy_webhook_gateway_(\w+)`).FindAllStringSubmatch(text, -1)
		if len(named) < 10 {
			t.Errorf("%s names %d metrics", file, len(named))
		}
		for _, m := range named {
			if !queried[m[1]] {
				t.Errorf("%s names %s, which no server exports", file, m[0])
			}
		}
	}
	var inReadme []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (?:`|\\|)").FindAllStringSubmatch(read(t, "README.md"), -1) {
		inReadme = append(inReadme, m[1])
	}
	slices.Sort(inReadme)
	slices.Sort(all)
	if !slices.Equal(inReadme, all) {
		t.Errorf("the README has\n%v\nexported are\n%v", inReadme, all)
	}
}

func TestTheDashboardIsJSON(t *testing.T) {
	var d struct{ Panels []struct{ Title string } }
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &d); err != nil || len(d.Panels) < 10 {
		t.Errorf("%d panels: %v", len(d.Panels), err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile("../examples/monitoring/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
