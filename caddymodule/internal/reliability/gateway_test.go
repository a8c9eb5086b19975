package reliability

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gateway is a folder in which the real binary runs, is killed and runs again.
// It listens on Unix sockets there: site is the sender's way in, admin is Caddy's
// admin API.
type gateway struct {
	t    *testing.T
	dir  string
	file string
	// store is the store's folder; set it before write to have it elsewhere.
	store string
	// tags are of the binary, environment and wrapper of its process: wrapper is
	// put before the command, such as strace.
	tags        string
	environment []string
	wrapper     []string

	site, admin *http.Client
	cmd         *exec.Cmd
	ended       chan struct{}
}

// newGateway makes a folder with a Caddyfile. backends goes into the global block
// (backends, routes, options); the site receives Knolyx below /knolyx.
func newGateway(t *testing.T, backends string) *gateway {
	t.Helper()
	dir, err := os.MkdirTemp("", "pl") // the path of a Unix socket is short
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, dir: dir, file: filepath.Join(dir, "Caddyfile"), store: filepath.Join(dir, "store")}
	binary(t, "") // so that no start has to wait for it
	g.site, g.admin = g.client("site"), g.client("admin")
	t.Cleanup(func() {
		g.kill()
		_ = os.RemoveAll(dir)
	})
	g.write(backends)
	return g
}

func (g *gateway) client(socket string) *http.Client {
	transport := &http.Transport{
		MaxIdleConnsPerHost: 256,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(g.dir, socket))
		},
	}
	g.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// write replaces the Caddyfile; a running server takes it with reload.
func (g *gateway) write(backends string) {
	g.t.Helper()
	if err := os.WriteFile(g.file, []byte(g.caddyfile(backends)), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// edit changes the Caddyfile that stands there.
func (g *gateway) edit(change func(string) string) {
	g.t.Helper()
	text, err := os.ReadFile(g.file)
	if err == nil {
		err = os.WriteFile(g.file, []byte(change(string(text))), 0o600)
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *gateway) caddyfile(backends string) string {
	return fmt.Sprintf(`{
	admin unix/%[1]s/admin
	persist_config off
	auto_https off
	storage file_system %[1]s
	log default {
		output file %[1]s/log
		format json
		level INFO
	}
	webhook_gateway {
		store badger %[2]s {
			reserve 128MiB
		}
		%[3]s
	}
}
http:// {
	bind unix/%[1]s/site
	respond /other 204
	receive_webhooks /knolyx knolyx {
		token a-token
	}
}
`, g.dir, g.store, backends)
}

// start runs the binary and waits until it takes events or answers 503.
func (g *gateway) start() {
	g.t.Helper()
	g.launch()
	g.serves()
}

// serves waits for one that was launched.
func (g *gateway) serves() {
	g.t.Helper()
	g.until(30*time.Second, "it serves", func() bool {
		if !g.alive() {
			g.t.Fatalf("it ended before it served:\n%s", tail(g.logs(), 4000))
		}
		res, err := g.site.Get("http://gateway/other")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return true
	})
}

func (g *gateway) launch() {
	g.t.Helper()
	args := append(append([]string(nil), g.wrapper...), binary(g.t, g.tags), "run", "--config", g.file, "--adapter", "caddyfile")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that a wrapper's child is killed too
	out, err := os.OpenFile(filepath.Join(g.dir, "out"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		g.t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(append(os.Environ(), "XDG_DATA_HOME="+g.dir, "XDG_CONFIG_HOME="+g.dir), g.environment...)
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.cmd, g.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(g.ended)
}

// kill ends the process as the kernel's memory killer would, and waits.
func (g *gateway) kill() { g.signal(syscall.SIGKILL) }

// stop ends it as systemd would, and waits.
func (g *gateway) stop() { g.signal(syscall.SIGTERM) }

func (g *gateway) signal(sig syscall.Signal) {
	if g.cmd == nil {
		return
	}
	_ = syscall.Kill(-g.cmd.Process.Pid, sig)
	<-g.ended
	g.cmd = nil
	g.site.CloseIdleConnections()
	g.admin.CloseIdleConnections()
}

// alive says whether the process that was started still runs.
func (g *gateway) alive() bool {
	select {
	case <-g.ended:
		return false
	default:
		return true
	}
}

// reload gives the running server its Caddyfile; the error is its refusal.
func (g *gateway) reload() error {
	text, err := os.ReadFile(g.file)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, "http://admin/load", bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/caddyfile")
	res, err := g.admin.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var b bytes.Buffer
		_, _ = b.ReadFrom(res.Body)
		return fmt.Errorf("%d %s", res.StatusCode, b.String())
	}
	return nil
}

// doctor examines the store of a stopped gateway; the text is what it says.
func (g *gateway) doctor() (string, error) {
	out, err := exec.Command(binary(g.t, g.tags), "webhooks", "doctor", "--store", g.store).CombinedOutput()
	return string(out), err
}

// logs is what the server wrote, its own log and what it printed.
func (g *gateway) logs() string {
	var b strings.Builder
	for _, name := range []string{"log", "out"} {
		text, _ := os.ReadFile(filepath.Join(g.dir, name))
		b.Write(text)
	}
	return b.String()
}

// until waits for something that a running process does.
func (g *gateway) until(atMost time.Duration, what string, done func() bool) {
	g.t.Helper()
	if !g.eventually(atMost, done) {
		g.t.Fatalf("waited %s in vain: %s\n%s", atMost, what, tail(g.logs(), 4000))
	}
}

// eventually is until for what the row judges.
func (g *gateway) eventually(atMost time.Duration, done func() bool) bool {
	for begun := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > atMost {
			return false
		}
	}
	return true
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
