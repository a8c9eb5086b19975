package main

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// backend takes deliveries as fast as it can be done, and counts them.
type backend struct {
	listener net.Listener
	arrived  atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

func newBackend() (*backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &backend{listener: l}
	go b.listen()
	return b, nil
}

func (b *backend) url() string { return "http://" + b.listener.Addr().String() + "/" }

func (b *backend) listen() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return // it was closed
		}
		b.mu.Lock()
		b.conns = append(b.conns, conn)
		b.mu.Unlock()
		go b.take(conn)
	}
}

var noContent = []byte("HTTP/1.1 204 No Content\r\n\r\n")

// take answers requests until the gateway closes the connection.
func (b *backend) take(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		if skipRequest(r) != nil {
			return
		}
		b.arrived.Add(1)
		if _, err := conn.Write(noContent); err != nil {
			return
		}
	}
}

func (b *backend) close() error {
	errs := []error{b.listener.Close()}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range b.conns {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

// silent is a backend that takes connections and never answers: the kernel
// takes them, and nobody else.
func silent() (url string, closed func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	return "http://" + l.Addr().String() + "/", l.Close, nil
}

// skipRequest reads one request and what it brings.
func skipRequest(r *bufio.Reader) error {
	if _, err := r.ReadSlice('\n'); err != nil {
		return err
	}
	length, err := readHeader(r)
	if err != nil {
		return err
	}
	_, err = r.Discard(length)
	return err
}
