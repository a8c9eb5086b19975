package reliability

import (
	"net"
	"sync/atomic"
	"testing"
)

// bait listens where nothing may come, and counts what does.
type bait struct{ connections, bytes atomic.Int64 }

// listen takes the connections of an address, and says at which port.
func (b *bait) listen(t *testing.T, address string) (port string, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.connections.Add(1)
			go b.swallow(c)
		}
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	return port, err
}

func (b *bait) swallow(c net.Conn) {
	defer c.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := c.Read(buffer)
		b.bytes.Add(int64(n))
		if err != nil {
			return
		}
	}
}
