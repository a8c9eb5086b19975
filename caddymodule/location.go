package caddymodule

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// location is where below a source a request was sent to.
type location struct {
	// path holds the sender's type where senders tell it so: at most one segment.
	path string
	// query is without the token.
	query url.Values
	// token is the URL's secret: its last segment or the parameter `token`.
	token string
	// hidden are the segments of which one may be a token: no log shows them.
	hidden []string
}

// tokenParam is the query parameter that may hold a URL token.
const tokenParam = "token"

// locate reads type and token off the URL. It is false where the path is none
// of the source's.
func (h *Handler) locate(r *http.Request) (location, bool) {
	l := location{query: r.URL.Query()}
	below, ok := belowPath(r.URL.Path, h.Path)
	segments := strings.FieldsFunc(below, func(c rune) bool { return c == '/' })
	if len(h.URLTokens) > 0 {
		l.hidden = slices.Clone(segments)
		if t := l.query.Get(tokenParam); t != "" {
			l.token = t
			l.query.Del(tokenParam)
		} else if n := len(segments); n > 0 {
			l.token = segments[n-1]
			segments = segments[:n-1]
		}
	}
	if !ok {
		return l, false
	}
	room := 0
	if h.source.Sender.PathTypes() {
		room = 1
	}
	if h.Path == "" && len(segments) > room {
		segments = segments[len(segments)-room:]
	}
	if len(segments) > room {
		return l, false
	}
	l.path = strings.Join(segments, "/")
	return l, true
}

// belowPath is what stands below the source's path, which may be written in
// either case, as in Caddy's matchers. A source without a path takes the whole
// one: its route's matcher has decided already.
func belowPath(path, base string) (string, bool) {
	base = strings.TrimSuffix(base, "/")
	if len(path) < len(base) || !strings.EqualFold(path[:len(base)], base) {
		return path, false
	}
	below := path[len(base):]
	return below, below == "" || strings.HasPrefix(below, "/")
}

// calledURL is the URL as the sender called it, which some schemes sign. A proxy
// that Caddy trusts tells what was called there.
func calledURL(r *http.Request) string {
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); trusted {
		scheme = cmp.Or(firstOf(r.Header.Get("X-Forwarded-Proto")), scheme)
		host = cmp.Or(firstOf(r.Header.Get("X-Forwarded-Host")), host)
	}
	uri := r.RequestURI
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		uri = original.RequestURI
	}
	if !strings.HasPrefix(uri, "/") { // it is absolute, as proxies may write it
		if u, err := url.Parse(uri); err == nil {
			uri = strings.TrimPrefix(uri[len(u.Scheme):], "://"+u.Host)
		}
	}
	return scheme + "://" + host + uri
}

// firstOf is what the proxy that stands nearest to the sender wrote into a header.
func firstOf(list string) string {
	value, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(value)
}
