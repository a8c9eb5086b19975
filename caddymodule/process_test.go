package caddymodule_test

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
	"sync"
	"syscall"
	"testing"
	"time"
)

// built is the folder of the binary, "" where no test needed it.
var built string

// binary builds Caddy with the module once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pl-binary")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "caddy")
	build := exec.Command("go", "build", "-o", path, "./cmd/caddy")
	build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// process is the real binary, run on a server's config.
type process struct {
	*exec.Cmd
	out *bytes.Buffer
}

// spawn starts the binary and waits until it serves.
func (s *server) spawn(t *testing.T, file string) *process {
	t.Helper()
	p := s.command(t, "run", "--config", file, "--adapter", "caddyfile")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	for range 200 {
		if _, err := s.trySend(request{method: http.MethodGet, path: "/knolyx"}); err == nil {
			return p
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("it doesn't serve: %s", p.out)
	return nil
}

func (s *server) command(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(path, args...), out: new(bytes.Buffer)}
	p.Stdout, p.Stderr = p.out, p.out
	p.Env = append(os.Environ(), "XDG_DATA_HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir)
	return p
}

// outside is a server whose process the test starts itself.
func outside(t *testing.T) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "pl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &server{t: t, dir: dir, client: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "s"))
		},
	}}}
}

func (s *server) write(t *testing.T, gateway, site string) string {
	t.Helper()
	file := filepath.Join(s.dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(s.caddyfile(gateway, site)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestPromise1WhatGota2xxSurvivesAKill kills the real binary under load, again
// and again, and holds the sender's ledger against the backend's.
func TestPromise1WhatGota2xxSurvivesAKill(t *testing.T) {
	crm := newBackend(t)
	s := outside(t)
	file := s.write(t, eager("crm", crm.URL)+"default crm", knolyxSite)
	acknowledged := make(map[string]bool)
	for cycle := range 5 {
		p := s.spawn(t, file)
		var wg sync.WaitGroup
		var mu sync.Mutex
		for c := range 16 {
			wg.Go(func() {
				for i := 0; ; i++ {
					id := fmt.Sprintf("k-%d-%d-%d", cycle, c, i)
					res, err := s.trySend(knolyx(id))
					if err != nil {
						return
					}
					if res.status != http.StatusAccepted {
						t.Errorf("answered %d %s", res.status, res.body)
						return
					}
					mu.Lock()
					acknowledged[id] = true
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(150+100*cycle) * time.Millisecond)
		if err := p.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
		wg.Wait()
		s.mustBeSound(t)
	}
	s.spawn(t, file)
	for id := range acknowledged {
		if res := s.send(knolyx(id)); res.status != http.StatusOK {
			t.Fatalf("%s was kept before the kill and is new after it: %d", id, res.status)
		}
	}
	t.Logf("%d events acknowledged", len(acknowledged))
	everyOneArrives(t, crm, acknowledged)
}

// mustBeSound examines the store, which no server may have open.
func (s *server) mustBeSound(t *testing.T) {
	t.Helper()
	p := s.command(t, "webhooks", "doctor", "--store", filepath.Join(s.dir, "store"))
	if err := p.Run(); err != nil {
		t.Errorf("doctor: %v: %s", err, p.out)
	}
}

// everyOneArrives allows the repeats of a crash's window, which carry the same
// Idempotency-Key.
func everyOneArrives(t *testing.T, b *backend, acknowledged map[string]bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	keys := make(map[string]string)
	for {
		missing := 0
		for _, r := range b.received() {
			key := r.header.Get("Idempotency-Key")
			if known, ok := keys[r.event.ID]; ok && known != key {
				t.Fatalf("%s came with the keys %s and %s", r.event.ID, known, key)
			}
			keys[r.event.ID] = key
		}
		for id := range acknowledged {
			if keys[id] == "" {
				missing++
			}
		}
		if missing == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d acknowledged events never arrived", missing, len(acknowledged))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestValidateWorksBesideARunningServerAndASecondServerIsRefused(t *testing.T) {
	crm := newBackend(t)
	s := outside(t)
	file := s.write(t, eager("crm", crm.URL)+"default crm", knolyxSite)
	s.spawn(t, file)

	validate := s.command(t, "validate", "--config", file, "--adapter", "caddyfile")
	if err := validate.Run(); err != nil {
		t.Errorf("validate: %v: %s", err, validate.out)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(s.dir, "Second")
	second := strings.ReplaceAll(string(content), s.dir+"/s\n", s.dir+"/t\n")
	second = strings.Replace(second, "\tlog default {\n\t\toutput file "+s.dir+"/log\n\t\tformat json\n\t\tlevel DEBUG\n\t}\n", "", 1)
	if err := os.WriteFile(other, []byte(second), 0o600); err != nil {
		t.Fatal(err)
	}
	p := s.command(t, "run", "--config", other, "--adapter", "caddyfile")
	if err := p.Run(); err == nil {
		t.Fatal("a second server runs on the same store")
	}
	for _, part := range []string{filepath.Join(s.dir, "store"), "another process"} {
		if !strings.Contains(p.out.String(), part) {
			t.Errorf("the refusal doesn't name %q: %s", part, p.out)
		}
	}
	if res := s.send(knolyx("k-1")); res.status != http.StatusAccepted {
		t.Errorf("the first server answers %d", res.status)
	}
}
