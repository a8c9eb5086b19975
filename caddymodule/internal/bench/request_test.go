package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// received is a request as a server reads it.
func received(t *testing.T, request []byte) (*http.Request, []byte) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, body
}

func TestARequestIsSignedAndAsLargeAsItShallBe(t *testing.T) {
	for _, size := range []int{256, kib, 64 * kib} {
		w := newWriter(size)
		for _, id := range []uint64{0, 1, 77, readyID} {
			for _, forged := range []bool{false, true} {
				r, body := received(t, w.event(id, forged))
				if len(body) != size || r.ContentLength != int64(size) {
					t.Errorf("id %d: %d bytes, want %d", id, len(body), size)
				}
				mac := hmac.New(sha256.New, []byte(secret))
				mac.Write(body)
				signature, err := hex.DecodeString(r.Header.Get("X-Signature"))
				if genuine := hmac.Equal(signature, mac.Sum(nil)); err != nil || genuine == forged || len(signature) != sha256.Size {
					t.Errorf("id %d: genuine %v, forged %v, %v", id, genuine, forged, err)
				}
			}
		}
	}
}

func TestEachEventHasAnIDOfItsOwn(t *testing.T) {
	w, seen := newWriter(kib), map[string]bool{}
	for id := range uint64(2000) {
		w.fill(id)
		var event struct{ ID, Type string }
		if err := json.Unmarshal(w.body, &event); err != nil {
			t.Fatalf("%v: %s", err, w.body)
		}
		if len(event.ID) != idBytes || seen[event.ID] || event.Type == "" {
			t.Fatalf("%+v", event)
		}
		seen[event.ID] = true
	}
}

func TestNoRuleButTheLastMatches(t *testing.T) {
	for _, n := range []int{1, 5, 23} {
		lines := rulesBeforeDropping(n)
		if len(lines) != n || lines[n-1] != dropping {
			t.Errorf("%d: %q", n, lines)
		}
	}
	if _, _, err := undecided(23); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerIsReadToItsEnd(t *testing.T) {
	one := "HTTP/1.1 202 Accepted\r\nServer: Caddy\r\ncontent-length:  3\r\n\r\n{}\n"
	none := "HTTP/1.1 204 No Content\r\nServer: Caddy\r\n\r\n"
	r := bufio.NewReader(bytes.NewBufferString(one + none + one))
	for i, status := range []int{202, 204, 202} {
		if err := readAnswer(r, status); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if err := readAnswer(r, 202); !errors.Is(err, io.EOF) {
		t.Errorf("%v behind the last", err)
	}
}

func TestAnAnswerThatIsNotWhatItShallBeIsAnError(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nsorry": "answered 503, not 202: sorry",
		"HTTP/1.1 202\r\nTransfer-Encoding: chunked\r\n\r\n":                 `that is no HTTP/1.1 answer: "Transfer-Encoding: chunked" is not understood`,
		"HTTP/1.1 202\r\nContent-Length: -1\r\n\r\n":                         `that is no HTTP/1.1 answer: "Content-Length: -1"`,
		"HTTP/1.1 20\n":         `that is no HTTP/1.1 answer: "HTTP/1.1 20\n"`,
		"HTTP/1.1 ok!\r\n\r\n":  `that is no HTTP/1.1 answer: "HTTP/1.1 ok!\r\n"`,
		"SSH-2.0-OpenSSH_9.9\n": `that is no HTTP/1.1 answer: "SSH-2.0-OpenSSH_9.9\n"`,
		"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nsor": "EOF",
		"HTTP/1.1 202 Accepted\r\n":                             "EOF",
	} {
		err := readAnswer(bufio.NewReader(bytes.NewBufferString(answer)), 202)
		if fmt.Sprint(err) != want {
			t.Errorf("%q: %v, want %s", answer, err, want)
		}
	}
}
