package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// NotFound answers 404 where nothing else in the site answers. Without it,
// Caddy's answer to a path that no route handles is an empty 200, and a sender
// with a misspelt URL would believe that its webhooks are kept. The Caddyfile
// puts it into each site that has a source.
type NotFound struct {
	access accessLog
}

// Provision takes over the log's line of a request that nothing handles.
func (n *NotFound) Provision(ctx caddy.Context) error {
	app, err := ctx.App(appName)
	if err != nil {
		return fmt.Errorf("the webhook_gateway app: %w", err)
	}
	n.access = newAccessLog(ctx, app.(*App).private)
	return nil
}

// CaddyModule returns the Caddy module information.
func (NotFound) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.webhook_not_found",
		New: func() caddy.Module { return new(NotFound) },
	}
}

// ServeHTTP lets the rest of the site answer first. A URL that nearly is a
// source's may carry its token, so what stands below the first segment is
// kept out of the log.
func (n *NotFound) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	rec := &answered{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
	if err := next.ServeHTTP(rec, r); err != nil || rec.yes {
		return err
	}
	hurry(w)
	segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	w, done := n.access.watch(w, r, segments[1:])
	defer done()
	problem(w, http.StatusNotFound)
	return nil
}

// answered notices whether anything was written.
type answered struct {
	*caddyhttp.ResponseWriterWrapper
	yes bool
}

// ReadFrom implements io.ReaderFrom.
func (a *answered) ReadFrom(r io.Reader) (int64, error) {
	a.yes = true
	return a.ResponseWriterWrapper.ReadFrom(r)
}

func (a *answered) WriteHeader(status int) {
	a.yes = true
	a.ResponseWriterWrapper.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	a.yes = true
	return a.ResponseWriterWrapper.Write(b)
}

// FlushError counts as an answer too: it sends the header.
func (a *answered) FlushError() error {
	a.yes = true
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Unwrap lets a response controller reach hijacking and deadlines.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

var (
	_ caddy.Provisioner           = (*NotFound)(nil)
	_ caddyhttp.MiddlewareHandler = (*NotFound)(nil)
)
