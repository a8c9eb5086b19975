package caddymodule_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAnEventThatDamageTookIsNamedWhereItWouldStand changes a byte of an event that was
// delivered. Its number must not just be left out.
func TestAnEventThatDamageTookIsNamedWhereItWouldStand(t *testing.T) {
	crm := newBackend(t)
	o := &operated{server: outside(t)}
	o.file = o.config(t, "Caddyfile", eager("crm", crm.URL)+"default crm", knolyxSite)
	p := o.spawn(t, o.file)
	o.send(knolyx("k-1"))
	o.send(knolyx("k-2"))
	crm.wait(t, 2)
	if err := errors.Join(p.Process.Signal(syscall.SIGTERM), p.Wait()); err != nil {
		t.Fatal(err)
	}
	o.damage("k-1")
	o.spawn(t, o.file)
	for _, c := range []struct {
		args, want string
		fails      bool
	}{
		{"events", "damaged on disk, so that they can't be shown: 1; `caddy webhooks doctor` says more", false},
		{"events --json", `"damaged": [`, false},
		{"show 1", "event 1 is damaged on disk; `caddy webhooks doctor` says more", true},
		{"replay 1", "event 1 is damaged on disk; `caddy webhooks doctor` says more", true},
		{"show 2", "delivered", false},
	} {
		said := o.command(t, append([]string{"webhooks", "--address", "unix/" + o.dir + "/a"}, strings.Fields(c.args)...)...)
		if err := said.Run(); (err != nil) != c.fails || !strings.Contains(said.out.String(), c.want) {
			t.Errorf("%s: %v: %s", c.args, err, said.out)
		}
	}
	if res := o.send(knolyx("k-3")); res.status != http.StatusAccepted {
		t.Errorf("the next event is answered %d", res.status)
	}
}

// damage changes a byte of an event in the journal.
func (o *operated) damage(id string) {
	o.t.Helper()
	files, err := filepath.Glob(filepath.Join(o.dir, "store", "journal", "*.journal"))
	if err != nil || len(files) == 0 {
		o.t.Fatalf("no journal: %v", err)
	}
	data, err := os.ReadFile(files[0])
	at := bytes.Index(data, []byte(id))
	if err != nil || at < 0 {
		o.t.Fatalf("%s isn't in %s: %v", id, files[0], err)
	}
	data[at] ^= 1
	if err := os.WriteFile(files[0], data, 0o600); err != nil {
		o.t.Fatal(err)
	}
}
