package reliability

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy stands before a backend and does to its connections what networks and
// machines do. The zero way passes all on.
type proxy struct {
	net.Listener
	mu     sync.Mutex
	way    way
	target string
	open   map[net.Conn]bool
}

type way int

const (
	passing  way = iota
	reset        // as soon as anything came
	hanging      // takes everything and answers nothing
	flapping     // passing and reset in turn, each for 100 ms
)

func newProxy(t *testing.T) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, open: make(map[net.Conn]bool)}
	t.Cleanup(func() {
		_ = l.Close()
		p.turn(reset, "")
	})
	go p.accept()
	return p
}

// turn makes it do something else, before the server of a URL, and ends the
// connections there are.
func (p *proxy) turn(w way, url string) {
	_, target, _ := strings.Cut(url, "://")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.way == w && p.target == target {
		return
	}
	p.way, p.target = w, target
	for c := range p.open {
		_ = c.Close()
	}
}

func (p *proxy) accept() {
	for {
		c, err := p.Accept()
		if err != nil {
			return
		}
		go p.handle(c)
	}
}

func (p *proxy) handle(c net.Conn) {
	p.mu.Lock()
	w, target := p.way, p.target
	p.open[c] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.open, c)
		p.mu.Unlock()
		_ = c.Close()
	}()
	if w == flapping {
		phase := time.Duration(time.Now().UnixNano()) % (200 * time.Millisecond)
		if w = reset; phase < 100*time.Millisecond {
			w = passing
			defer time.AfterFunc(100*time.Millisecond-phase, func() { cut(c) }).Stop()
		}
	}
	switch w {
	case passing:
		pass(c, target)
	case hanging:
		_, _ = io.Copy(io.Discard, c)
	case reset:
		_, _ = c.Read(make([]byte, 1))
		cut(c)
	}
}

// pass connects both sides until either ends.
func pass(c net.Conn, target string) {
	backend, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(backend, c)
		_ = backend.Close()
	}()
	_, _ = io.Copy(c, backend)
}

// cut ends a connection without a goodbye.
func cut(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}
