package delivery

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var answeredAt = time.Date(2026, 11, 21, 2, 27, 0, 0, time.UTC)

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"":                                 0,
		"120":                              2 * time.Minute,
		" 1 ":                              time.Second,
		"0":                                0,
		"-5":                               0,
		"1.5":                              0,
		"1e3":                              0,
		"soon":                             0,
		"18446744073709551615":             9223372036 * time.Second,
		"99999999999999999999999999":       9223372036 * time.Second,
		"Sat, 21 Nov 2026 02:28:00 GMT":    time.Minute,
		"Sat, 21 Nov 2026 02:26:00 GMT":    0,
		"Saturday, 21-Nov-26 02:28:00 GMT": time.Minute,
	} {
		if got := retryAfter(value, answeredAt); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Sat, 21 Nov 2026 02:28:00 GMT")
	f.Add("18446744073709551615")
	f.Fuzz(func(t *testing.T, value string) {
		if got := retryAfter(value, answeredAt); got < 0 {
			t.Errorf("%q is %s", value, got)
		}
	})
}

func TestAnErrorHoldsNothingSecret(t *testing.T) {
	b := &Backend{
		URL:     "https://crmuser:hunter2@crm.internal/e?token=sesame",
		Secrets: []string{"signing-secret"},
		Header:  http.Header{"Authorization": {"Bearer abcdef123"}},
	}
	s := newSettings(b)
	inner := errors.New("dial tcp 10.0.0.1:443: connect: connection refused")
	for _, err := range []error{
		&url.Error{Op: "Post", URL: b.URL, Err: inner},
		fmt.Errorf("proxy: %w", &url.Error{Op: "Post", URL: b.URL, Err: inner}),
		fmt.Errorf("posting to %s: %w", b.URL, inner),
		fmt.Errorf("crmuser with hunter2 and ?token=sesame, Bearer abcdef123, abcdef123, sesame, signing-secret: %w", inner),
	} {
		got := s.explain(err)
		for _, secret := range []string{"hunter2", "sesame", "signing-secret", "abcdef123", "crmuser"} {
			if strings.Contains(got, secret) {
				t.Errorf("%q holds %s", got, secret)
			}
		}
		if !strings.Contains(got, "connection refused") {
			t.Errorf("%q does not say what happened", got)
		}
	}
}

func TestAnErrorQuotesNothingOfAnAnswer(t *testing.T) {
	s := newSettings(&Backend{URL: "http://crm"})
	for _, text := range []string{
		`net/http: HTTP/1.x transport connection broken: malformed HTTP response "{\"email\": \"ana@school.example\"}"`,
		`bad Content-Length "ana@school.example"`,
		`unsupported transfer encoding: "ana@\"school.example"`,
		`http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug="ana@school.example"`,
	} {
		if got := s.explain(errors.New(text)); strings.Contains(got, "school") {
			t.Error(got)
		}
	}
}

func TestAnErrorIsShortText(t *testing.T) {
	got := newSettings(&Backend{URL: "http://crm"}).explain(errors.New(strings.Repeat("é", 5000)))
	if len(got) > maxError || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
	}
}
