package listen

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

const (
	secret = "whsec_dHJ5LWl0LW91dC1jcm0tc2VjcmV0"
	body   = `{"specversion":"1.0","id":"e-1","source":"/webhooks/knolyx","type":"course.completed","subject":"student/7","data":{"n":9007199254740993}}`
)

// backend is one with what it printed.
func backend(t *testing.T, o Options) (*Backend, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	b, err := New(show.On(&out), o)
	if err != nil {
		t.Fatal(err)
	}
	return b, &out
}

func deliver(b *Backend, body string, header ...string) int {
	r := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Code
}

func TestAnEventIsOneLine(t *testing.T) {
	b, out := backend(t, Options{Status: 204})
	if status := deliver(b, body); status != 204 {
		t.Errorf("answered %d", status)
	}
	if got := strings.Fields(out.String())[1:]; strings.Join(got, " ") != "course.completed student/7 e-1 /webhooks/knolyx" {
		t.Errorf("printed %s", out)
	}
}

func TestAsJSONAnEventIsWholeAndStillOneLine(t *testing.T) {
	b, out := backend(t, Options{Status: 204, JSON: true})
	deliver(b, strings.ReplaceAll(body, ",", ",\n"))
	if out.String() != body+"\n" {
		t.Errorf("printed %s", out)
	}
}

func TestOnlyWhatTheSecretSignedIsBelieved(t *testing.T) {
	signer, err := webhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signature, err := signer.Sign("e-1", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	signed := []string{"webhook-id", "e-1", "webhook-timestamp", strconv.FormatInt(now.Unix(), 10), "webhook-signature", signature}
	b, out := backend(t, Options{Status: 200, Secret: secret})
	if status := deliver(b, body, signed...); status != 200 || !strings.Contains(out.String(), "student/7") {
		t.Errorf("a genuine event: %d, %s", status, out)
	}
	for name, status := range map[string]int{
		"unsigned":     deliver(b, body),
		"another body": deliver(b, strings.Replace(body, "e-1", "e-2", 1), signed...),
	} {
		if status != 401 {
			t.Errorf("%s: answered %d", name, status)
		}
	}
	if n := strings.Count(out.String(), "the signature is wrong or missing"); n != 2 {
		t.Errorf("it complained %d times: %s", n, out)
	}
}

func TestItAnswersAsToldAndStopsWhenItHasEnough(t *testing.T) {
	b, _ := backend(t, Options{Status: 500, Count: 2})
	for range 2 {
		select {
		case <-b.Done():
			t.Fatal("it stopped too early")
		default:
		}
		if status := deliver(b, body); status != 500 {
			t.Errorf("answered %d", status)
		}
	}
	<-b.Done()
	if status := deliver(b, "{}"); status != 422 {
		t.Errorf("what is no event was answered %d", status)
	}
}

func TestMistakesAreRefusedWithoutTheSecret(t *testing.T) {
	for _, o := range []Options{{Status: 99}, {Status: 600}, {Status: 200, Secret: "whsec_canary!"}} {
		if _, err := New(show.On(new(bytes.Buffer)), o); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
