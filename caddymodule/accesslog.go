package caddymodule

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// accessLog writes the access log's line of a source's request in place of
// Caddy. Caddy copies a request for its log before any handler runs, URL and
// headers as they came, so a URL token or a token header would stand in it.
// The line has the same form and goes to the same logs.
type accessLog struct {
	logger  *zap.Logger
	private *private
}

func newAccessLog(ctx caddy.Context, p *private) accessLog {
	return accessLog{ctx.Logger(new(caddyhttp.App)).Named("log.access"), p}
}

const redacted = "REDACTED"

// watch takes over the request's line, and mends its span. Of its URL, what may be a token
// is in neither. Call done when it was answered.
func (l accessLog) watch(w http.ResponseWriter, r *http.Request, mayBeTokens []string) (_ http.ResponseWriter, done func()) {
	hideInTrace(r, l.private, mayBeTokens)
	names, ok := accessLogNames(r)
	if !ok {
		return w, func() {}
	}
	caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	begun := time.Now()
	rec := caddyhttp.NewResponseRecorder(w, nil, nil)
	return rec, func() {
		fields := []zap.Field{
			zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: l.clean(r, mayBeTokens)}),
			zap.Int64("bytes_read", max(r.ContentLength, 0)),
			zap.String("user_id", ""),
			zap.Duration("duration", time.Since(begun)),
			zap.Int("size", rec.Size()),
			zap.Int("status", rec.Status()),
			zap.Object("resp_headers", caddyhttp.LoggableHTTPHeader{Header: rec.Header()}),
		}
		for _, name := range names {
			logger := l.logger
			if name != "" {
				logger = logger.Named(name)
			}
			if rec.Status() >= http.StatusInternalServerError {
				logger.Error("handled request", fields...)
			} else {
				logger.Info("handled request", fields...)
			}
		}
	}
}

// clean is the request without what proves it: it is for the log alone.
func (l accessLog) clean(r *http.Request, mayBeTokens []string) *http.Request {
	c := r.Clone(r.Context())
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		c.RequestURI, c.Method = original.RequestURI, original.Method
	}
	c.RequestURI = hide(c.RequestURI, l.private.hides(mayBeTokens))
	for _, name := range l.private.names() {
		if len(c.Header.Values(name)) > 0 {
			c.Header.Set(name, redacted)
		}
	}
	for name, values := range c.Header {
		if slices.ContainsFunc(values, l.private.holdsEscaped) {
			c.Header[name] = []string{redacted}
		}
	}
	return c
}

// hide takes what may be a token out of a URI: segments, however they are
// escaped, and the value of the token's parameter.
func hide(uri string, hidden func(string) bool) string {
	path, query, hasQuery := strings.Cut(uri, "?")
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if holdsHidden(s, hidden) {
			segments[i] = redacted
		}
	}
	path = strings.Join(segments, "/")
	if !hasQuery {
		return path
	}
	return path + "?" + pair.ReplaceAllStringFunc(query, func(p string) string {
		name, value, _ := strings.Cut(p, "=")
		plainName, err := url.QueryUnescape(name)
		if err == nil && hidden(plainName) {
			return redacted
		}
		plain, err := url.QueryUnescape(value)
		if strings.EqualFold(plainName, tokenParam) || (err == nil && hidden(plain)) {
			return name + "=" + redacted
		}
		return p
	})
}

// pair is a parameter. Some senders put semicolons between them, which net/url
// doesn't read.
var pair = regexp.MustCompile(`[^&;]+`)

// holdsHidden tells a segment of which a part is hidden: an escaped slash makes
// one segment of what are several in the path. One that can't be read may be
// anything.
func holdsHidden(segment string, hidden func(string) bool) bool {
	plain, err := url.PathUnescape(segment)
	return err != nil || slices.ContainsFunc(strings.Split(plain, "/"), hidden)
}

// accessLogNames are the loggers that Caddy would write the request to; ok is
// false where it would write none.
func accessLogNames(r *http.Request) (names []string, ok bool) {
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if server == nil || server.Logs == nil {
		return nil, false
	}
	if skip, _ := caddyhttp.GetVar(r.Context(), caddyhttp.LogSkipVar).(bool); skip {
		return nil, false
	}
	if chosen, isSet := caddyhttp.GetVar(r.Context(), caddyhttp.AccessLoggerNameVarKey).([]any); isSet {
		for _, name := range chosen {
			if s, isString := name.(string); isString {
				names = append(names, s)
			}
		}
		return names, true
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return namesOf(server.Logs, strings.ToLower(host))
}

// namesOf looks a host up as Caddy does: itself, then with a wildcard for each
// of its labels from the left, then the server's default.
func namesOf(logs *caddyhttp.ServerLogConfig, host string) ([]string, bool) {
	if names, ok := logs.LoggerNames[host]; ok {
		return names, true
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		if label == "" {
			continue
		}
		labels[i] = "*"
		if names, ok := logs.LoggerNames[strings.Join(labels, ".")]; ok {
			return names, true
		}
	}
	for _, skipped := range logs.SkipHosts {
		if strings.EqualFold(skipped, host) {
			return nil, false
		}
	}
	return []string{logs.DefaultLoggerName}, !logs.SkipUnmappedHosts
}
