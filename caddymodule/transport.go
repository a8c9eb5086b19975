package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

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
	own, unload := caddy.NewContext(ctx)
	mod, err := own.LoadModule(&loader, "Raw")
	if err != nil {
		unload()
		return nil, fmt.Errorf("transport: %w", err)
	}
	lasting := &lasting{unload: unload}
	context.AfterFunc(ctx, lasting.retire)
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
	t.Transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter}
	lasting.RoundTripper, lasting.idle = t, t.Transport.CloseIdleConnections
	return lasting, nil
}

// pingAfter is the silence on an HTTP/2 connection after which it is asked whether
// it lives, and how long the answer may take.
const pingAfter = 10 * time.Second

// givenUp is the time that net/http has to forget a request it gave up: until then
// the connection does not count as idle.
const givenUp = 10 * time.Millisecond

// lasting is a transport that outlives its config until no request is under way.
// Caddy closes its idle connections when the config goes, and net/http takes a
// connection for idle just before it hands over an answer without a body: closed
// then, the answer is lost and what the backend took would be sent again.
//
// Nor does a connection last that may be what hangs: of HTTP/2, net/http gives up
// the request alone, and each one after it would hang as well. It is closed before
// the next request that is alone, as one to a backend that is down soon is.
type lasting struct {
	http.RoundTripper
	idle func() // closes the idle connections

	mu       sync.Mutex
	underWay int
	hung     bool // a request had no answer in time
	retired  bool
	unload   func() // nil once it was called
}

// RoundTrip is http.RoundTripper's.
func (l *lasting) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	l.enter()
	defer func() {
		late := net.Error(nil)
		hung := errors.As(err, &late) && late.Timeout()
		if hung {
			time.Sleep(givenUp)
		}
		l.leave(hung)
	}()
	return l.RoundTripper.RoundTrip(r)
}

func (l *lasting) enter() {
	beDiscreet()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hung && l.underWay == 0 {
		l.hung = false
		l.idle()
	}
	l.underWay++
}

func (l *lasting) leave(hung bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underWay--
	l.hung = l.hung || hung
	l.mayGo()
}

// retire is called when the config goes.
func (l *lasting) retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retired = true
	l.mayGo()
}

// mayGo lets go of the transport. A request may still come: its connection goes
// after it.
func (l *lasting) mayGo() {
	switch {
	case !l.retired || l.underWay > 0:
	case l.unload != nil:
		l.unload()
		l.unload = nil
	default:
		l.idle()
	}
}
