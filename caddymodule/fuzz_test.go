package caddymodule_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// FuzzCaddyfile adapts any text in the gateway's block and in a source's. It
// becomes a config that is the same the next time and names no unknown field,
// or an error that says where and, where it is ours, doesn't quote a secret.
func FuzzCaddyfile(f *testing.F) {
	for _, name := range []string{"testdata/adapt/*.caddyfiletest", "testdata/mistakes/*.caddyfiletest"} {
		files, err := filepath.Glob(name)
		if err != nil || len(files) == 0 {
			f.Fatal(name, err)
		}
		for _, file := range files {
			global, source := blocksOf(f, file)
			f.Add(global, source)
		}
	}
	f.Fuzz(func(t *testing.T, global, source string) {
		if strings.Contains(global+source, "import") || len(global)+len(source) > 4096 {
			return // which reads files, and makes large texts of small ones
		}
		text := fmt.Sprintf("{\n\twebhook_gateway {\n\t\tbackend crm http://127.0.0.1:1 {\n secret %[1]s\n}\n%[2]s\n\t}\n}\nhttp://hooks.example.org {\n\treceive_webhooks /in knolyx {\n token %[1]s\n%[3]s\n\t}\n}\n", canarySecret, global, source)
		config, err := adapt(text, "Caddyfile")
		if err != nil {
			message := err.Error()
			ours := strings.HasPrefix(message, "parsing caddyfile tokens for") // others are Caddy's
			if ours && strings.Contains(message, canarySecret) || staysInside(text) && !strings.Contains(message, "Caddyfile:") {
				t.Errorf("the error of %q says %q", text, message)
			}
			return
		}
		again, err := adapt(text, "Caddyfile")
		if err != nil || !bytes.Equal(config, again) || !json.Valid(config) {
			t.Errorf("%q becomes %s, and then %s, %v", text, config, again, err)
		}
	})
}

// staysInside tells that no brace ends one of the two blocks early: what stands
// outside of them then is Caddy's, and so are its errors. Of a text with variables that
// can't be told: Caddy puts their values in before it looks for tokens.
func staysInside(text string) bool {
	if strings.Contains(text, "{$") {
		return false
	}
	tokens, err := caddyfile.Tokenize([]byte(text), "Caddyfile")
	if err != nil {
		return false
	}
	depth, blocks, outside := 0, 0, 0
	for _, token := range tokens {
		switch {
		case token.Text != "{" && token.Text != "}":
			if depth == 0 {
				outside++ // as the site's address does
			}
		case token.Quoted():
			return false
		case token.Text == "{":
			depth++
			if depth == 1 {
				blocks++
			}
		default:
			depth--
		}
	}
	return depth == 0 && blocks == 2 && outside == 1
}

const canarySecret = "canary-0123456789"

// blocksOf takes the two blocks' insides out of a fixture.
func blocksOf(f *testing.F, file string) (global, source string) {
	f.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	text, _, _ := strings.Cut(string(content), divider)
	inside := func(after string) string {
		_, rest, found := strings.Cut(text, after)
		if !found {
			return ""
		}
		_, rest, _ = strings.Cut(rest, "{\n")
		depth := 1
		for i, c := range rest {
			switch c {
			case '{':
				depth++
			case '}':
				depth--
			}
			if depth == 0 {
				return rest[:i]
			}
		}
		return rest
	}
	return inside("webhook_gateway"), inside("receive_webhooks")
}

// FuzzRequest writes any bytes to a whole Caddy with a source that rejects what
// it can't verify. Whatever is answered is one of the promised answers; and
// what is kept is what net/http reads as a request with the right token.
func FuzzRequest(f *testing.F) {
	s := unlogged(f, "receive_webhooks /in/* knolyx {\n token a-token\n unverified reject\n max_body 1000\n}")
	const token = "X-Webhook-Security-Token: a-token\r\n"
	for _, text := range []string{
		"PUT /in HTTP/1.1\r\nHost: a\r\n" + token + "Content-Length: 2\r\n\r\n{}",
		"POST /in HTTP/1.1\r\nHost: a\r\n" + token + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"PUT /in HTTP/1.0\r\n" + token + "Content-Length: 0\r\n\r\n",
		"PUT /IN HTTP/1.1\r\nHost: a\r\n" + token + "Content-Length: 9\r\n\r\n{}",
		"PUT /in HTTP/1.1\r\nHost: a\r\nx-webhook-security-token: \ta-token \r\nContent-Length: 1\r\n\r\n{",
		"PUT /in HTTP/1.1\r\nHost: a\r\n" + token + token + "\r\n", "PUT /in HTTP/1.1\r\nHost: a\r\n" + token + "\t\r\n\r\n",
		"PUT /in HTTP/1.1\r\nHost: a\r\n" + token + "Content-Encoding: gzip\r\n\r\n",
		"PUT /in HTTP/1.1\r\nHost: a\r\n" + token + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET /in HTTP/1.1\r\nHost: a\r\n" + token + "\r\n", "PUT /in/x HTTP/1.1\r\nHost: a\r\n" + token + "\r\n",
		"PUT http://a/in HTTP/1.1\r\nHost: b\r\n" + token + "\r\n", "PUT /in HTTP/1.1\r\nHost: a\r\n" + token + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
		"PUT /in HTTP/1.1\r\nHost: a\r\n" + token + "Content-Length: 2000\r\n\r\n" + strings.Repeat(" ", 2000),
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, answered := s.exchange(t, text)
		if !answered {
			return
		}
		if got.status/100 == 3 || got.status == http.StatusInternalServerError || got.status == http.StatusServiceUnavailable {
			t.Errorf("answered %d: %q", got.status, text)
		}
		// net/http itself answers what is asked of the server as such.
		if got.status/100 == 2 && !mayBeKept(text) && !bytes.HasPrefix(text, []byte("OPTIONS *")) {
			t.Errorf("%q was kept: %d %s", text, got.status, got.body)
		}
		if kind := got.header.Get("Content-Type"); strings.HasSuffix(kind, "json") && !json.Valid([]byte(got.body)) {
			t.Errorf("%q is answered with %q", text, got.body)
		}
	})
}

// mayBeKept reads a request once more, and knows only the one way to be kept.
func mayBeKept(text []byte) bool {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return false
	}
	body, err := io.ReadAll(r.Body)
	var given []string
	for _, v := range r.Header.Values("X-Webhook-Security-Token") {
		// Of a folded line net/http leaves a space, which is no part of the value (RFC 9110, 5.5).
		if v = strings.Trim(v, " \t"); v != "" {
			given = append(given, v)
		}
	}
	encoding := strings.Join(r.Header.Values("Content-Encoding"), "")
	return err == nil && len(body) <= 1000 &&
		(r.Method == http.MethodPut || r.Method == http.MethodPost) &&
		strings.EqualFold(strings.Trim(strings.ReplaceAll(r.URL.Path, "//", "/"), "/"), "in") &&
		len(given) == 1 && given[0] == "a-token" &&
		(encoding == "" || strings.EqualFold(encoding, "identity"))
}

// unlogged is a Caddy with the memory store and without logs, since a fuzzer
// writes much.
func unlogged(f *testing.F, source string) *server {
	f.Helper()
	dir, err := os.MkdirTemp("", "pl")
	if err != nil {
		f.Fatal(err)
	}
	text := "{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n\tstorage file_system " + dir + "\n\tlog default {\n\t\toutput discard\n\t}\n" +
		"\twebhook_gateway {\n\t\tstore badger " + dir + "/store\n\t}\n}\nhttp:// {\n\tbind unix/" + dir + "/s\n\t" + source + "\n}\n"
	config, err := adapt(text, "Caddyfile")
	if err != nil {
		f.Fatal(err)
	}
	config = bytes.Replace(config, []byte(`"module":"badger"`), fmt.Appendf(nil, `"module":"memory","name":%q`, dir), 1)
	if err := caddy.Load(config, true); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		_ = caddy.Stop()
		_ = os.RemoveAll(dir)
	})
	return &server{dir: dir}
}

// exchange sends bytes and the end of them, and reads the first answer.
func (s *server) exchange(t *testing.T, text []byte) (response, bool) {
	conn, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = conn.Write(text) // it may be refused before its end
	_ = conn.(*net.UnixConn).CloseWrite()
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	for err == nil && res.StatusCode == http.StatusContinue {
		res, err = http.ReadResponse(in, nil)
	}
	if err != nil {
		return response{}, false
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, string(body)}, true
}
