package reliability

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// piped is an HTTP backend that stands in a synctest bubble: its connections are
// pipes in memory.
type piped struct {
	server    *http.Server
	transport *http.Transport
	conns     chan net.Conn
	closed    chan struct{}
	status    atomic.Int64 // with which it fails; 0 takes all

	mu   sync.Mutex
	keys map[string]int // how often each Idempotency-Key was taken
	asks int
}

func newPiped() *piped {
	p := &piped{conns: make(chan net.Conn), closed: make(chan struct{}), keys: make(map[string]int)}
	p.server = &http.Server{Handler: p}
	p.transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case p.conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	go func() { _ = p.server.Serve(p) }()
	return p
}

func (p *piped) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *piped) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *piped) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *piped) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asks++
	if status := p.status.Load(); status != 0 {
		w.WriteHeader(int(status))
		return
	}
	p.keys[r.Header.Get("Idempotency-Key")]++
	w.WriteHeader(http.StatusNoContent)
}

// fail makes it answer with a status; 0 lets it take all again.
func (p *piped) fail(status int) { p.status.Store(int64(status)) }

func (p *piped) failing() bool { return p.status.Load() != 0 }

// took is how often it took each key, and how often it was asked at all.
func (p *piped) took() (keys map[string]int, asked int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys = make(map[string]int, len(p.keys))
	for key, n := range p.keys {
		keys[key] = n
	}
	return keys, p.asks
}

func (p *piped) end() {
	p.transport.CloseIdleConnections()
	_ = p.server.Close()
	_ = p.Close()
}
