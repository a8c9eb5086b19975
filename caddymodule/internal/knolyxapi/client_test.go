package knolyxapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const canary = "canary-key"

// answering is a client of a server that answers all the same.
func answering(t *testing.T, status int, body string, header ...string) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	c, err := New(s.URL, canary, "7")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheKeyGoesOverHTTPSOnly(t *testing.T) {
	for base, ok := range map[string]bool{
		"https://api.knolyx.com": true, "http://127.0.0.1:8080": true, "http://[::1]:8080": true, "http://localhost:1": true,
		"http://api.knolyx.com": false, "http://127.0.0.1.example.org": false, "ftp://127.0.0.1": false, "api.knolyx.com": false, "": false,
	} {
		if _, err := New(base, canary, "7"); (err == nil) != ok {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// A redirect elsewhere would get the key, which net/http only keeps back in
// headers that it knows.
func TestARedirectGetsNoKey(t *testing.T) {
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirect was followed, with the key %q", r.Header.Get("X-Api-Key"))
	}))
	t.Cleanup(thief.Close)
	_, err := answering(t, http.StatusTemporaryRedirect, "", "Location", thief.URL).List(context.Background())
	if err == nil || !strings.Contains(err.Error(), "not followed") {
		t.Error(err)
	}
}

func TestErrorsSayWhatToDoAndHoldNoSecret(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{401, canary, "check the API key and --project"},
		{403, "", "WEBHOOK_MANAGE"},
		{404, "", "there is no such webhook"},
		{400, `{"message":"the key canary-key and the token canary-token are odd"}`, "the key REDACTED and the token REDACTED are odd"},
		{500, "<html>" + canary, "answered with 500"},
	} {
		_, err := answering(t, c.status, c.body).Create(context.Background(), Webhook{URL: "https://h.example/k"}, "canary-token")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d: %v", c.status, err)
		}
	}
	if _, err := answering(t, 200, "<html>").List(context.Background()); err == nil {
		t.Error("a page is taken for a list")
	}
	if err := answering(t, 404, "").Delete(context.Background(), "x"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestIDsMayBeStringsOrNumbers(t *testing.T) {
	c := answering(t, 200, `[{"id":9007199254740993,"name":"a","url":"u","securityToken":"canary"},{"id":"b-2","name":"b"}]`)
	all, err := c.List(context.Background())
	if err != nil || len(all) != 2 || all[0].ID != "9007199254740993" || all[1].ID != "b-2" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAWebhookThatWasMadeIsNeverLost(t *testing.T) {
	for _, body := range []string{"", "{}", "created", `{"id":5}`} {
		if _, err := answering(t, 201, body).Create(context.Background(), Webhook{Name: "n", URL: "https://h.example/k"}, "t"); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestKnolyxTakesNoURLThatItCannotReach(t *testing.T) {
	c, err := New(DefaultBase, canary, "7")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"http://hooks.school.example/knolyx", "https://localhost/knolyx", "https://127.0.0.1/k", "/knolyx", ""} {
		if err := c.checkTarget(target); err == nil {
			t.Errorf("%q is taken", target)
		}
	}
}
