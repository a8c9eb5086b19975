package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/porterslodge/porterslodge/caddymodule/internal/guard"
)

// transport gives a backend Caddy's own HTTP transport, with a guard on where
// it may dial.
func (b *Backend) transport(ctx caddy.Context, target *url.URL) (http.RoundTripper, error) {
	raw := b.TransportRaw
	if raw == nil {
		raw = json.RawMessage(`{"protocol": "http"}`)
	}
	loader := struct {
		Raw json.RawMessage `caddy:"namespace=http.reverse_proxy.transport inline_key=protocol"`
	}{raw}
	mod, err := ctx.LoadModule(&loader, "Raw")
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	t, ok := mod.(*reverseproxy.HTTPTransport)
	if !ok {
		return nil, fmt.Errorf("transport: only http is supported, this is %T", mod)
	}
	if t.TLSEnabled() && target.Scheme != "https" {
		return nil, fmt.Errorf("transport has tls, but the backend's URL begins with %s://; write https://", target.Scheme)
	}
	if t.Transport.DialTLSContext != nil || slices.Equal(t.Versions, []string{"3"}) {
		return nil, errors.New("transport: HTTP/3, proxy_protocol and placeholders in tls_server_name are for requests that are proxied; leave them out")
	}
	t.Transport.DialContext = guard.Dial(t.Transport.DialContext, target.Hostname())
	return t, nil
}
