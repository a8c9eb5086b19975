package reliability

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const canaryBody = `{"id":"k-%d","type":"COURSE_COMPLETED","data":{"user":{"id":1,"name":"Canary Name","email":"canary@example.org"}}}`

// canarySite has a canary wherever a secret may stand.
const canarySite = `log
	metrics /metrics
	webhook_health /healthz
	receive_webhooks /token/* knolyx {
		name token
		token canary-token
	}
	receive_webhooks /url/* edvisor {
		url_token canary-url-token canary-url/+%-token
	}
	receive_webhooks /signed/* edusign {
		secret canary-client-secret
	}
	receive_webhooks /basic/* synap {
		basic_auth canary-user canary-password
	}`

// canaries are what nobody may read: the secrets as they are written and sent.
var canaries = []string{
	"canary", "y2fuyxj5", "jyw5hcnk", "nhbmfye", // in base64, by its three alignments, in lower case
	"63616e617279", // in hex
}

// TestNoSecretAndNothingPersonalLeavesTheProcess puts canaries where secrets
// and personal data stand, has the real binary do, refuse and fail at all it
// can, crashes it amid requests, and reads what it said anywhere.
func TestNoSecretAndNothingPersonalLeavesTheProcess(t *testing.T) {
	crm := newBackend(t, func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("X-Canary", "canary")
		http.Error(w, "canary in the answer", http.StatusBadGateway)
		return true
	})
	g := newGateway(t, "")
	g.environment = []string{"GOTRACEBACK=system"}
	backends := "backend crm " + strings.Replace(crm.URL, "://", "://canary-user:canary-password@", 1) +
		"/canary?key=canary-query {\n backoff 5ms 20ms\n retry_for 300ms\n secret canary-backend-secret\n header Authorization canary-header\n}\ndefault crm"
	g.writeSite(t, backends, canarySite)
	text, err := os.ReadFile(g.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(g.file, []byte(strings.Replace(string(text), "level INFO", "level DEBUG", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	g.start()
	sent := g.sendCanaries(t)
	g.until(30*time.Second, "a delivery dies", func() bool { return strings.Contains(g.logs(), `"dead`) })
	said := map[string]string{
		"metrics": g.read(t, g.site, "http://gateway/metrics"), "health": g.read(t, g.site, "http://gateway/healthz"),
		"status": g.read(t, g.admin, "http://admin/webhook_gateway/status"), "admin's metrics": g.read(t, g.admin, "http://admin/metrics"),
	}
	for i, config := range brokenConfigs(string(text))[:sized(2, 10, 10)] {
		said[fmt.Sprintf("config error %d", i)] = g.refused(t, config)
	}
	open := g.leaveOpen(t, 64)
	g.signal(syscall.SIGABRT)
	for _, conn := range open {
		_ = conn.Close()
	}
	said["logs and crash"] = g.logs()
	if !strings.Contains(said["logs and crash"], "SIGABRT") || !strings.Contains(said["logs and crash"], "goroutine ") {
		t.Error("it said nothing when it crashed, so nothing was tried")
	}
	size := 0
	for where, text := range said {
		size += len(text)
		for line := range strings.Lines(strings.ReplaceAll(text, g.dir, "")) {
			for _, c := range canaries {
				if strings.Contains(strings.ToLower(line), c) || strings.Contains(strings.ToLower(unescaped(line)), c) {
					t.Errorf("%s hold %q: %.400s", where, c, line)
				}
			}
		}
	}
	report(t, result{
		Fault: "secrets and personal data looked for", How: "canaries in secrets, URLs, headers, bodies and a backend's answers; logs at debug level, access log, metrics, health, status, config errors, the dump of a crash amid requests",
		Tried: fmt.Sprintf("%d requests, %d of them open in the crash, %d KiB of what it said", sent+len(open), len(open), size>>10),
		Found: "no canary",
	})
}

var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// unescaped is a line with all that is percent-encoded in it as it is meant.
func unescaped(line string) string {
	return escape.ReplaceAllStringFunc(line, func(e string) string {
		b, _ := hex.DecodeString(e[1:])
		return string(b)
	})
}

// sendCanaries sends genuine, forged, broken and lost requests.
func (g *gateway) sendCanaries(t *testing.T) int {
	t.Helper()
	w, n := g.wire(), 0
	post := func(path string, header ...string) {
		m := &message{method: http.MethodPost, path: path, body: fmt.Sprintf(canaryBody, n)}
		for i := 0; i < len(header); i += 2 {
			m.set(header[i], header[i+1])
		}
		if _, err := w.send(m.wire()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		n++
	}
	const tokenHeader = "X-Webhook-Security-Token"
	post("/token", tokenHeader, "canary-token", "Content-Type", "application/json")
	post("/token", tokenHeader, "canary-guess")
	post("/token/beside", tokenHeader, "canary-token")
	post("/token", tokenHeader, "canary-token", "Content-Encoding", "gzip")
	for _, path := range []string{
		"/url/canary-url-token", "/url/canary-url%2F+%25-token", "/url/canary-url%2f%2B%25-token", "/url/%63anary-url-token", "/url/?token=canary-url-token",
		"/url?token=canary-url%2F%2B%25-token", "/url?Token=canary-url-token", "/url?to%6ben=canary-url-token", "/url?x=1;token=canary-url-token",
		"/url/canary-guess", "/url/a/b/canary-url-token", "/url//canary-url-token/", "/url/./canary-url-token", "/url/%2e%2e/canary-url-token", "/URL/canary-url-token",
		"/ulr/canary-url-token", "/ulr/%63anary-url%2Ftoken", "/ulr/x%2F%63anary-url-token", "/ulr?token=canary-url-token", "/url/canary-url-token?token=canary-guess",
	} {
		post(path)
	}
	post("/signed", "X-Edusign-Hmac", "canary")
	post("/signed?token=canary", "X-Edusign-Hmac", signing{secret: "canary-client-secret", algorithm: "sha256"}.hex(fmt.Sprintf(canaryBody, n)))
	post("/basic/exam.completed", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("canary-user:canary-password")))
	post("/basic/exam.completed", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("canary-user:canary-guess")))
	post("/basic/exam.completed", "Authorization", "Bearer canary")
	post("/basic/exam.completed", "Cookie", "canary=canary", "Proxy-Authorization", "Basic canary")
	post("/basic/exam.completed")
	return n
}

// leaveOpen sends all but the end of genuine requests.
func (g *gateway) leaveOpen(t *testing.T, n int) (open []net.Conn) {
	t.Helper()
	for range n {
		conn, err := net.Dial("unix", filepath.Join(g.dir, "site"))
		if err != nil {
			t.Fatal(err)
		}
		m := &message{method: http.MethodPost, path: "/url", token: "canary-url-token", body: fmt.Sprintf(canaryBody, 1)}
		m.set("X-Webhook-Security-Token", "canary-token")
		text := m.wire()
		if _, err := io.WriteString(conn, text[:len(text)-1]); err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
	}
	return open
}

func (g *gateway) read(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || len(b) == 0 {
		t.Errorf("%s says nothing: %v", url, err)
	}
	return string(b)
}

// brokenConfigs are mistakes right beside a secret.
func brokenConfigs(whole string) []string {
	change := func(old, with string) string { return strings.Replace(whole, old, with, 1) }
	return []string{
		change("secret canary-client-secret", `secret " canary-client-secret"`),
		change("secret canary-client-secret", `secret "canary-client-secret" ""`),
		change("secret canary-backend-secret", "secret whsec_canary!"),
		change("header Authorization canary-header", "header Authorization \"canary\x01header\""),
		change("/canary?key=canary-query", ":canary/canary"),
		change("token canary-token", "token canary-token {env.MISSING}"),
		change("token canary-token", "token canary-token\n hmac {\n header x\n }"),
		change("basic_auth canary-user canary-password", "basic_auth canary:user canary-password"),
		change("basic_auth canary-user canary-password", "basic_auth canary-user $2a$canary"),
		change("basic_auth canary-user canary-password", "basic_auth canary-user $argon2id$v=19$m=canary"),
	}
}

// refused is what the binary says of a config that it must not take. Caddy's
// own parser may quote a word of it; what is ours may not.
func (g *gateway) refused(t *testing.T, config string) string {
	t.Helper()
	file := filepath.Join(g.dir, "Broken")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(binary(t, ""), "validate", "--config", file, "--adapter", "caddyfile").CombinedOutput()
	if err == nil {
		t.Errorf("a broken config was taken: %s", config)
	}
	return string(out)
}
