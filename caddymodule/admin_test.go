package caddymodule_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// operated is a server in a process of its own, with an admin endpoint.
type operated struct {
	*server
	admin *http.Client
	file  string
}

func operate(t *testing.T, gateway, site string) *operated {
	t.Helper()
	o := &operated{server: outside(t)}
	o.admin = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(o.dir, "a"))
		},
	}}
	o.file = o.config(t, "Caddyfile", gateway, site)
	o.spawn(t, o.file)
	return o
}

func (o *operated) config(t *testing.T, name, gateway, site string) string {
	t.Helper()
	text := strings.Replace(o.caddyfile(gateway, site), "admin off", "admin unix/"+o.dir+"/a", 1)
	file := filepath.Join(o.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// ask sends a request to the admin endpoint.
func (o *operated) ask(method, path, body string, header map[string]string) response {
	o.t.Helper()
	req, err := http.NewRequest(method, "http://127.0.0.1/webhook_gateway/"+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := o.admin.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(text)}
}

func TestTheAdminAPIRefusesWhatIsNotMeantForItAndSaysWhy(t *testing.T) {
	crm := newBackend(t)
	o := operate(t, eager("crm", crm.URL), knolyxSite)
	o.send(knolyx("k-1")) // unrouted
	soon(t, func() bool { return strings.Contains(o.ask("GET", "status", "", nil).body, `"unrouted":1`) },
		func() string { return o.ask("GET", "status", "", nil).body })
	before := o.ask("GET", "status", "", nil).body
	discard := `{"seqs":[1]}`
	for name, test := range map[string]struct {
		method, path, body string
		header             map[string]string
		status             int
	}{
		"a page of another site":    {"POST", "discard", discard, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"a page of a site nearby":   {"POST", "discard", discard, map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"another page that reads":   {"GET", "status", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"a form":                    {"POST", "discard", discard, map[string]string{"Content-Type": "text/plain"}, 400},
		"no content type":           {"POST", "discard", discard, map[string]string{"Content-Type": ""}, 400},
		"an endless body":           {"POST", "discard", `{"seqs":[` + strings.Repeat("1,", 40_000) + `1]}`, nil, 413},
		"no JSON":                   {"POST", "discard", `{"seqs":[1]`, nil, 400},
		"two values":                {"POST", "discard", discard + `{"seqs":[1]}`, nil, 400},
		"JSON, and more":            {"POST", "discard", discard + `]`, nil, 400},
		"JSON, and endless room":    {"POST", "discard", discard + strings.Repeat(" ", 100_000), nil, 413},
		"a filter that is misspelt": {"POST", "discard", `{"filter":{"sorce":"synap","state":"unrouted"}}`, nil, 400},
		"no state":                  {"POST", "discard", `{}`, nil, 400},
		"another state":             {"POST", "retry", `{"filter":{"state":"unrouted"}}`, nil, 400},
		"a bad condition":           {"POST", "events", `{"where":"typ == 1"}`, nil, 400},
		"a page too large":          {"POST", "events", `{"limit":501}`, nil, 400},
		"too many events":           {"POST", "replay", `{"seqs":[` + strings.Repeat("1,", 200) + `1]}`, nil, 400},
		"an action by GET":          {"GET", "discard", "", nil, 405},
		"a status by POST":          {"POST", "status", "{}", nil, 405},
		"a backup by POST":          {"POST", "backup", "{}", nil, 405},
		"a backup for another page": {"GET", "backup", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"an unknown path":           {"GET", "nothing", "", nil, 404},
		"an unknown event":          {"GET", "events/99", "", nil, 404},
		"an event by its id":        {"GET", "events/k-1", "", nil, 400},
		"an unknown backend":        {"POST", "pause", `{"backend":"nobody"}`, nil, 404},
		"an unknown request":        {"POST", "quarantine/release", `{"source":"knolyx","number":3,"force":true}`, nil, 404},
		"force for all":             {"POST", "quarantine/release", `{"source":"knolyx","force":true}`, nil, 400},
		"no source":                 {"GET", "quarantine", "", nil, 400},
	} {
		t.Run(name, func(t *testing.T) {
			res := o.ask(test.method, test.path, test.body, test.header)
			var problem struct {
				Title, Detail string
				Status        int
			}
			if err := json.Unmarshal([]byte(res.body), &problem); err != nil ||
				res.header.Get("Content-Type") != "application/problem+json" || problem.Title == "" || problem.Detail == "" {
				t.Errorf("it is no problem: %v %s", res.header, res.body)
			}
			if res.status != test.status || problem.Status != test.status {
				t.Errorf("answered %d %s, want %d", res.status, res.body, test.status)
			}
			if test.status == http.StatusMethodNotAllowed && res.header.Get("Allow") == "" {
				t.Error("it doesn't say which method is allowed")
			}
		})
	}
	// Caddy itself refuses an origin that isn't its own.
	if res := o.ask("POST", "discard", discard, map[string]string{"Origin": "https://evil.example"}); res.status != http.StatusForbidden {
		t.Errorf("another origin: answered %d %s", res.status, res.body)
	}
	if after := o.ask("GET", "status", "", nil).body; after != before {
		t.Errorf("something was done:\n%s\n%s", before, after)
	}
}

func TestAfterAFailedReloadTheAdminAPIAnswersForTheRunningConfig(t *testing.T) {
	crm := newBackend(t)
	o := operate(t, eager("crm", crm.URL)+"default crm", knolyxSite)
	o.send(knolyx("k-1"))
	crm.wait(t, 1)
	other := strings.Replace(eager("billing", crm.URL), "backend", "store badger "+o.dir+"/other {\n reserve 128MiB\n}\nbackend", 1)
	for name, site := range map[string]string{
		"it can't be provisioned": "receive_webhooks /synap synap",
		"another app can't start": knolyxSite + "\nbind unix/" + o.dir + "/no/such/folder/s",
	} {
		file := o.config(t, "Broken", other+"default billing", site)
		reload := o.command(t, "reload", "--config", file, "--adapter", "caddyfile", "--address", "unix/"+o.dir+"/a")
		if err := reload.Run(); err == nil {
			t.Fatalf("%s: it was loaded: %s", name, reload.out)
		}
		res := o.ask("GET", "status", "", nil)
		if res.status != http.StatusOK || !strings.Contains(res.body, `"name":"crm"`) || strings.Contains(res.body, "billing") {
			t.Errorf("%s: answered %d %s", name, res.status, res.body)
		}
		if res := o.ask("POST", "replay", `{"seqs":[1]}`, nil); res.status != http.StatusOK || !strings.Contains(res.body, `"done":1`) {
			t.Errorf("%s: answered %d %s", name, res.status, res.body)
		}
	}
	crm.wait(t, 3)
}

// TestOnlyShowTellsWhatASenderSent asks for everything, and looks for what must
// not be there, in the log too.
func TestOnlyShowTellsWhatASenderSent(t *testing.T) {
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "canary: ana@example.org is unknown")
	}))
	defer crm.Close()
	o := operate(t, fmt.Sprintf("backend crm %s/canary-path?key=canary-key {\n backoff 10ms 20ms\n retry_for 50ms\n secret canary-secret\n}\n", crm.URL)+
		"rule fails `type == \"course.started\" && int(original.data.user.email) > 0` crm\ndefault crm", `
receive_webhooks /knolyx knolyx {
	token canary-token
}
receive_webhooks /edvisor/* edvisor {
	url_token canary-url-token
}`)
	body := `{"id":"%s","type":"%s","data":{"user":{"id":1,"name":"Canary Name","email":"canary@example.org"}}}`
	sent := func(path, token, body string) {
		o.send(request{method: "PUT", path: path, body: body, header: map[string]string{"X-Webhook-Security-Token": token}})
	}
	sent("/knolyx", "canary-token", fmt.Sprintf(body, "k-1", "COURSE_COMPLETED"))
	sent("/knolyx", "canary-token", fmt.Sprintf(body, "k-2", "COURSE_STARTED"))
	sent("/knolyx", "canary-wrong-token", fmt.Sprintf(body, "k-3", "COURSE_COMPLETED"))
	o.send(request{method: "POST", path: "/edvisor/canary-wrong-url-token", body: fmt.Sprintf(body, "k-4", "student:create")})
	soon(t, func() bool { return strings.Contains(o.ask("GET", "status", "", nil).body, `"dead":1`) },
		func() string { return o.ask("GET", "status", "", nil).body })
	for _, ask := range [][3]string{
		{"GET", "status"},
		{"POST", "events", `{"where":"data.student.email == \"canary@example.org\""}`},
		{"POST", "events", `{}`},
		{"GET", "quarantine?source=knolyx"},
		{"GET", "quarantine?source=edvisor"},
		{"POST", "retry", `{"count":true}`},
		{"POST", "retry", `{"filter":{"where":"data.student.email == \"canary@example.org\""}}`},
		{"POST", "reprocess", `{"filter":{"state":"unrouted"}}`},
		{"POST", "replay", `{"seqs":[1]}`},
		{"POST", "quarantine/release", `{"source":"knolyx"}`},
		{"POST", "quarantine/release", `{"source":"knolyx","number":0,"force":true}`},
		{"POST", "quarantine/discard", `{"source":"edvisor"}`},
		{"POST", "discard", `{"seqs":[2]}`},
		{"POST", "pause", `{"backend":"crm"}`},
		{"GET", "status"},
	} {
		res := o.ask(ask[0], ask[1], ask[2], nil)
		if res.status != http.StatusOK || strings.Contains(strings.ToLower(res.body), "canary") {
			t.Errorf("%s: answered %d %s", ask, res.status, res.body)
		}
	}
	if log := strings.ToLower(o.logs()); strings.Contains(log, "canary") {
		t.Error("a canary sits in the log")
		for line := range strings.Lines(log) {
			if strings.Contains(line, "canary") {
				t.Log(line)
			}
		}
	}
	shown := o.ask("GET", "events/1", "", nil).body
	if !strings.Contains(shown, "Canary Name") || !strings.Contains(shown, "ana@example.org is unknown") {
		t.Errorf("show doesn't: %s", shown)
	}
	for _, secret := range []string{"canary-token", "canary-secret", "canary-key"} {
		if strings.Contains(shown, secret) {
			t.Errorf("show shows %s: %s", secret, shown)
		}
	}
}

func TestWatchingRedrawsUntilItIsInterrupted(t *testing.T) {
	o := operate(t, eager("crm", "http://127.0.0.1:9"), knolyxSite)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	watch := o.command(t, "webhooks", "status", "--watch", "--address", "unix/"+o.dir+"/a").Cmd
	watch.Path, watch.Stdout = path, nil
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(30*time.Second, func() { _ = watch.Process.Kill() }).Stop()
	tables := 0
	for lines := bufio.NewScanner(out); tables < 2 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "SOURCE") {
			tables++
		}
	}
	if err := watch.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	if err := watch.Wait(); err != nil || tables != 2 {
		t.Errorf("it showed %d tables and ended by %v", tables, err)
	}
}

func TestWatchingWritesNothingButJSONWhereItIsAskedTo(t *testing.T) {
	o := &operated{server: outside(t)}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	watch := o.command(t, "webhooks", "status", "--watch", "--json", "--address", "unix/"+o.dir+"/nobody").Cmd
	var out strings.Builder
	watch.Path, watch.Stdout, watch.Stderr = path, &out, nil
	problems, err := watch.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(30*time.Second, func() { _ = watch.Process.Kill() }).Stop()
	said, err := bufio.NewReader(problems).ReadString('\n')
	if err != nil || !strings.Contains(said, "no server answers") {
		t.Errorf("it said %q: %v", said, err)
	}
	_ = watch.Process.Signal(syscall.SIGINT)
	_, _ = io.Copy(io.Discard, problems)
	if err := watch.Wait(); err != nil || out.String() != "" {
		t.Errorf("it wrote %q and ended by %v", out.String(), err)
	}
}
