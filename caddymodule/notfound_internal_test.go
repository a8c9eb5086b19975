package caddymodule

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestNothingIsAddedToWhatAnotherHandlerCopies(t *testing.T) {
	copies := caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("app")})
		return err
	})
	rec := httptest.NewRecorder()
	if err := new(NotFound).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), copies); err != nil {
		t.Fatal(err)
	}
	if rec.Code != http.StatusOK || rec.Body.String() != "app" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
