package caddymodule

import (
	"context"
	"net/http"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestTheURLIsAsTheSenderCalledIt(t *testing.T) {
	proxied := http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"hooks.school.example, inner"}}
	for _, c := range []struct {
		uri     string
		header  http.Header
		trusted bool
		want    string
	}{
		{"/in?a=b", nil, false, "http://gateway:80/in?a=b"},
		{"http://gateway:80/in?a=b", nil, false, "http://gateway:80/in?a=b"},
		{"/in", proxied, true, "https://hooks.school.example/in"},
		{"/in", proxied, false, "http://gateway:80/in"},
		{"/in", nil, true, "http://gateway:80/in"},
		{"http://gateway:80", nil, false, "http://gateway:80"},
		{"//gateway/in", nil, false, "http://gateway:80//gateway/in"},
	} {
		vars := map[string]any{caddyhttp.TrustedProxyVarKey: c.trusted}
		r := (&http.Request{Host: "gateway:80", RequestURI: c.uri, Header: c.header}).
			WithContext(context.WithValue(t.Context(), caddyhttp.VarsCtxKey, vars))
		if got := calledURL(r); got != c.want {
			t.Errorf("%s, trusted %v: %s, not %s", c.uri, c.trusted, got, c.want)
		}
	}
}

func TestAURLTokenStandsInNoLogWhereverItIsPut(t *testing.T) {
	const token = "s3cr3t-0123456789abcdef"
	p := newPrivate()
	if err := p.add(&Proof{URLTokens: []string{token}}); err != nil {
		t.Fatal(err)
	}
	l := accessLog{private: p}
	for uri, want := range map[string]string{
		"/edvisor" + token: "/REDACTED", "/edvisor;" + token: "/REDACTED", "/edvisor-" + token + "/x": "/REDACTED/x",
		"/edvisor?" + token: "/edvisor?REDACTED", "/?" + token + "=1&b=2": "/?REDACTED&b=2",
		"/a/%733cr3t-0123456789abcdef/b?c=d": "/a/REDACTED/b?c=d", "/other?q=" + token + "x": "/other?q=REDACTED",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, uri, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RequestURI = uri
		r.Header = http.Header{"Referer": {"https://school.example" + uri}, "X-Other": {"kept"}}
		clean := l.clean(r, nil)
		if clean.RequestURI != want || clean.Header.Get("Referer") != redacted || clean.Header.Get("X-Other") != "kept" {
			t.Errorf("%s: %s %v, not %s", uri, clean.RequestURI, clean.Header, want)
		}
		if r.Header.Get("Referer") == redacted {
			t.Error("the request itself was changed")
		}
	}
}
