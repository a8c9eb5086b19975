package reliability

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// names is a name server whose answers change.
type names struct {
	net.PacketConn
	mu sync.Mutex
	of map[string][]netip.Addr
}

// newNames listens where it is called.
func newNames(t *testing.T) (*names, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	n := &names{PacketConn: conn, of: make(map[string][]netip.Addr)}
	go n.serve()
	return n, nil
}

// lead has a name lead to addresses from now on.
func (n *names) lead(name string, to ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.of[name+"."] = nil
	for _, address := range to {
		n.of[name+"."] = append(n.of[name+"."], netip.MustParseAddr(address))
	}
}

func (n *names) serve() {
	question := make([]byte, 1500)
	for {
		size, from, err := n.ReadFrom(question)
		if err != nil {
			return
		}
		if reply, err := n.answer(question[:size]); err == nil {
			_, _ = n.WriteTo(reply, from)
		}
	}
}

// answer gives all addresses of a name, to be forgotten at once.
func (n *names) answer(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		return nil, err
	}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, q := range m.Questions {
		header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}
		for _, ip := range n.of[q.Name.String()] {
			switch {
			case q.Type == dnsmessage.TypeA && ip.Is4():
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
			case q.Type == dnsmessage.TypeAAAA && ip.Is6():
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
			}
		}
	}
	return m.Pack()
}
