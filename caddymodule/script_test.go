package caddymodule_test

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCommands runs Caddy's own commands, by the real binary, as their users do.
func TestCommands(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			// The path of a Unix socket is short.
			sockets, err := os.MkdirTemp("", "pl")
			if err != nil {
				return err
			}
			env.Defer(func() { _ = os.RemoveAll(sockets) })
			env.Setenv("SOCKETS", sockets)
			port, err := freePort()
			if err != nil {
				return err
			}
			env.Setenv("PORT", port)
			env.Setenv("BACKEND", scriptBackend(env))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PATH", filepath.Dir(path)+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"listens": listens, "answers": answers, "knolyx-api": knolyxAPICommand, "soon": soonCommand},
	})
}

// listens waits until somebody listens on a Unix socket.
func listens(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listens socket")
	}
	for range 400 {
		if c, err := net.Dial("unix", args[0]); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	ts.Fatalf("nobody listens on %s", args[0])
}

// nextPort counts the ports given to scripts, each to one. They are below those
// that the system gives to whoever asks for any.
var nextPort atomic.Int32

// freePort is one on loopback that nobody listens on.
func freePort() (string, error) {
	for range 1000 {
		port := strconv.Itoa(20000 + (os.Getpid()*97+int(nextPort.Add(1)))%12000)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			return port, l.Close()
		}
	}
	return "", errors.New("no port is free")
}

// answers waits until a server answers at a URL, whatever it says.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: answers URL")
	}
	for range 400 {
		if res, err := http.Get(args[0]); err == nil {
			_ = res.Body.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	ts.Fatalf("nobody answers at %s", args[0])
}
