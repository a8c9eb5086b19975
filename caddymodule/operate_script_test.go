package caddymodule_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptBackend starts a backend for one script. It answers what stands in the
// file status, 204 without one, and writes the Idempotency-Key of each event
// that it took into the file got.
func scriptBackend(env *testscript.Env) (url string) {
	var mu sync.Mutex
	b := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		status := http.StatusNoContent
		if text, err := os.ReadFile(filepath.Join(env.WorkDir, "status")); err == nil {
			status, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		if status/100 == 2 {
			got, err := os.OpenFile(filepath.Join(env.WorkDir, "got"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err == nil {
				_, _ = fmt.Fprintln(got, r.Header.Get("Idempotency-Key"))
				_ = got.Close()
			}
		}
		w.WriteHeader(status)
	}))
	env.Defer(b.Close)
	return b.URL
}

// soonCommand runs a program until its output matches, or ten seconds have passed.
func soonCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: soon regexp program [args...]")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(25 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if out := ts.ReadFile("stdout"); err == nil && want.MatchString(out) {
			return
		} else if time.Now().After(end) {
			ts.Fatalf("%s never matched: %v: %s", args[0], err, out)
		}
	}
}
