package guide

import (
	"fmt"
	"strings"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
)

func TestEverySenderHasStepsThatEndInTryingItOut(t *testing.T) {
	for _, name := range sender.Names() {
		steps := Steps(Source{
			Name: name, Sender: name, URLs: []string{"https://a.example/" + name, "https://b.example/" + name},
			Events:   []string{"exam.completed"},
			URLToken: Origin{Text: "the value of the environment variable URL_TOKEN", Env: "URL_TOKEN"},
		})
		last := steps[len(steps)-1]
		if want := "--to https://a.example/" + name + " --url-token-env URL_TOKEN"; len(last.Lines) != 1 || !strings.Contains(last.Lines[0], want) {
			t.Errorf("%s: the last step is %v", name, last)
		}
		all := fmt.Sprint(steps)
		parts := []string{"https://b.example/" + name, "any one of these:", "<url token>", "openssl rand"}
		if name == "synap" { // which has a list of URLs already
			parts = []string{"https://a.example/synap/exam.completed/<url token>", "openssl rand"}
		}
		for _, part := range parts {
			if !strings.Contains(all, part) {
				t.Errorf("%s: no %q in %s", name, part, all)
			}
		}
	}
}

func TestASiteThatNoPlatformReachesIsToldFirst(t *testing.T) {
	for u, reachable := range map[string]bool{
		"https://hooks.school.example/k": true, "http://hooks.school.example/k": false, "https://<this server>:8443/k": false,
	} {
		first := Steps(Source{Sender: "knolyx", URLs: []string{u}})[0].Do
		if strings.HasPrefix(first, "Give the site a name") == reachable {
			t.Errorf("%s: %s", u, first)
		}
	}
}
