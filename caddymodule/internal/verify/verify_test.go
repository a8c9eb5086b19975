package verify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// now is the time of every request here, unless a test changes it.
var now = time.Unix(1700000000, 0)

func request(body string, header ...string) *Request {
	r := &Request{Method: "POST", URL: "https://hooks.school.example/in?x=1", Header: http.Header{}, Body: []byte(body), Now: now}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// must returns what a constructor made.
func must(t testing.TB) func(Verifier, error) Verifier {
	return func(v Verifier, err error) Verifier {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantOK(t *testing.T, v Verifier, r *Request, secret int) {
	t.Helper()
	if got, want := v.Verify(r), (Result{OK: true, Secret: secret}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

func wantRefused(t *testing.T, v Verifier, r *Request, reason string) {
	t.Helper()
	got := v.Verify(r)
	if got.OK || got.Secret != -1 || got.Reason != reason {
		t.Fatalf("got %+v, want it refused because %q", got, reason)
	}
	if wantMissing := strings.HasSuffix(reason, "missing") && !strings.HasPrefix(reason, "timestamp") && !strings.HasPrefix(reason, "id"); got.Missing != wantMissing {
		t.Fatalf("missing is %v for %q", got.Missing, reason)
	}
}

// mutation is a change to a request that verifies, after which it must not.
type mutation struct {
	name   string
	change func(r *Request)
	reason string
}

// never holds every mutation against a genuine request.
func never(t *testing.T, v Verifier, genuine func() *Request, mutations []mutation) {
	t.Helper()
	if len(mutations) < 25 {
		t.Fatalf("only %d mutations", len(mutations))
	}
	wantOK(t, v, genuine(), 0)
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			r := genuine()
			m.change(r)
			wantRefused(t, v, r, m.reason)
		})
	}
}

// set, add and edit make changes of one header.
func set(name, value string) func(*Request) {
	return func(r *Request) { r.Header.Set(name, value) }
}

func add(name, value string) func(*Request) {
	return func(r *Request) { r.Header.Add(name, value) }
}

func edit(name string, change func(string) string) func(*Request) {
	return func(r *Request) { r.Header.Set(name, change(r.Header.Get(name))) }
}

func replace(name, old, with string) func(*Request) {
	return edit(name, func(s string) string {
		if !strings.Contains(s, old) {
			panic("nothing to replace in " + name)
		}
		return strings.Replace(s, old, with, 1)
	})
}

func remove(name string) func(*Request) {
	return func(r *Request) { r.Header.Del(name) }
}

func body(s string) func(*Request) {
	return func(r *Request) { r.Body = []byte(s) }
}

func later(d time.Duration) func(*Request) {
	return func(r *Request) { r.Now = r.Now.Add(d) }
}

// vocabulary reads the constants of reason.go.
func vocabulary(t testing.TB) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok {
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons = append(reasons, s)
		}
		return true
	})
	return reasons
}

func TestReasonsDifferFromEachOther(t *testing.T) {
	reasons := vocabulary(t)
	if len(reasons) < 20 {
		t.Fatalf("found %d reasons", len(reasons))
	}
	slices.Sort(reasons)
	if n := len(slices.Compact(reasons)); n != len(reasons) {
		t.Fatal("a reason stands twice")
	}
}

// sane holds what is true of every result.
func sane(t *testing.T, reasons []string, got Result) {
	t.Helper()
	if got.OK && (got.Reason != "" || got.Missing || got.Secret < 0) {
		t.Fatalf("ok, but %+v", got)
	}
	if !got.OK && (got.Secret != -1 || !slices.Contains(reasons, got.Reason)) {
		t.Fatalf("not ok, but %+v", got)
	}
}
