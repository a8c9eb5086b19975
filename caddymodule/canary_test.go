package caddymodule_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestNoSecretAndNothingPersonalIsSeenByMachines gives a canary to every
// place where a secret or something personal may stand, and looks for it in
// what metrics, events, traces and health say.
func TestNoSecretAndNothingPersonalIsSeenByMachines(t *testing.T) {
	spans := newCollector(t)
	listen(nil)
	crm := newBackend(t)
	crm.behave(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Canary", "canary")
		http.Error(w, "canary in the answer", http.StatusBadGateway)
	})
	gateway := "backend crm " + strings.Replace(crm.URL, "://", "://canary-user:canary-password@", 1) +
		"/canary?key=canary-query {\n backoff 5ms 20ms\n retry_for 300ms\n secret canary-backend-secret\n header Authorization canary-header\n}\ndefault crm"
	s := serve(t, gateway, knolyxSite)
	s.memory, s.globals = "canary", listening
	s.admin = "unix/" + s.dir + "/a"
	s.load(gateway, `
tracing
receive_webhooks /knolyx knolyx {
	token canary-token
}
receive_webhooks /edvisor/* edvisor {
	url_token canary-url-token canary-url/+%-token
}
metrics /metrics
webhook_health /healthz`)

	body := `{"id":"k-1","type":"COURSE_COMPLETED","data":{"user":{"id":1,"name":"Canary Name","email":"canary@example.org"}}}`
	put := func(token, body string) request {
		return request{method: "PUT", path: "/knolyx?canary=1", body: body, header: map[string]string{"X-Webhook-Security-Token": token, "X-Canary": "canary"}}
	}
	for _, r := range []request{
		put("canary-token", body),
		put("canary-token", strings.Replace(body, "Name", "Other", 1)),
		put("canary-guess", body),
		put("canary-token", `{"canary broken`),
		{method: "POST", path: "/edvisor/canary-url-token", body: body},
		{method: "POST", path: "/edvisor/canary-url%2F+%25-token", body: body},
		{method: "POST", path: "/edvisor/?token=canary-url-token", body: body},
		{method: "POST", path: "/edvisor/canary-guess", body: body},
		{method: "POST", path: "/edvisor/a/b/canary-url-token", body: body},
		{method: "POST", path: "/edvsor/canary-url-token", body: body},
		{method: "GET", path: "/edvisor/canary-url-token"},
	} {
		s.send(r)
	}
	for _, name := range []string{"dead_letter", "backend_down", "quarantine_growing", "event_id_reused"} {
		hear(t, name, 1)
	}
	spans.wait(t, "send knolyx", "process knolyx", "send edvisor", "send crm")
	s.stop() // and Caddy sends the last spans
	seen := map[string]string{"events": told(t), "traces": fmt.Sprint(spans.all())}
	s.load(gateway, knolyxSite+"\nmetrics /metrics\nwebhook_health /healthz")
	seen["metrics"] = s.scrape()
	seen["health"] = fmt.Sprint(s.send(request{method: "GET", path: "/healthz"}), s.onAdmin("/webhook_gateway/health/ready"))
	for where, text := range seen {
		for line := range strings.Lines(text) {
			if strings.Contains(strings.ToLower(line), "canary") {
				t.Errorf("%s hold %s", where, line)
			}
		}
	}
	if !strings.Contains(seen["traces"], "/edvisor/REDACTED") {
		t.Errorf("no span tells that a path was redacted: %s", seen["traces"])
	}
}
