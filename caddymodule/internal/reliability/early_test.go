package reliability

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// TestEarlyDataThatAnybodyCanReplayIsNotKept sends an event in the first packets of an
// HTTP/3 connection that resumes another, and takes none of the server's before the
// event was dealt with: until then no handshake can be complete.
func TestEarlyDataThatAnybodyCanReplayIsNotKept(t *testing.T) {
	t.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	crm := newBackend(t, nil)
	g := newGateway(t, eager(crm.URL))
	c := g.overHTTP3()
	g.start()
	if status := c.put("usual", nil); status != http.StatusAccepted {
		t.Fatalf("an event is answered %d", status)
	}
	status := c.put("early", func() {
		g.until(20*time.Second, "it dealt with early data", func() bool {
			return strings.Contains(g.logs(), "early data") || len(crm.delivered()["early"]) > 0
		})
	})
	if status != http.StatusTooEarly {
		t.Errorf("early data is answered %d", status)
	}
	if status := c.put("early", nil); status != http.StatusAccepted {
		t.Errorf("the same after the handshake is answered %d", status)
	}
	g.until(20*time.Second, "both events arrive", func() bool { return len(crm.delivered()) == 2 })
	report(t, result{
		Fault: "early data of HTTP/3", How: "an event in the first packets of a resumed connection, which whoever overhears them can send again",
		Tried: "1 event", Found: fmt.Sprintf("answered %d, not kept; kept when it came again after the handshake", status),
	})
}

// overHTTP3 adds a site for it to the Caddyfile.
func (g *gateway) overHTTP3() *resuming {
	g.t.Helper()
	free, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		g.t.Fatal(err)
	}
	_ = free.Close()
	file, roots := g.certificate()
	address := free.LocalAddr().(*net.UDPAddr)
	g.edit(func(text string) string {
		return text + fmt.Sprintf("https://example.com:%d {\n\tbind 127.0.0.1\n\ttls %s %[2]s\n\treceive_webhooks /knolyx knolyx {\n\t\ttoken %[3]s\n\t}\n}\n", address.Port, file, genuine)
	})
	return &resuming{g.t, address, &tls.Config{
		RootCAs: roots, NextProtos: []string{http3.NextProtoH3}, ServerName: "example.com", ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}}
}

// certificate writes one for example.com, with its key.
func (g *gateway) certificate() (file string, roots *x509.CertPool) {
	g.t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	key, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		g.t.Fatal(err)
	}
	file = filepath.Join(g.dir, "certificate")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		g.t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return file, roots
}

// resuming opens a connection for each event, by what it remembers of the one before.
type resuming struct {
	t       *testing.T
	address net.Addr
	config  *tls.Config
}

// put sends an event after the handshake; or, unless meanwhile is nil, before it, with
// nothing read until meanwhile has returned.
func (c *resuming) put(id string, meanwhile func()) (status int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	defer socket.Close()
	packets := gated{socket, make(chan struct{})}
	transport := &quic.Transport{Conn: packets}
	defer transport.Close()
	if meanwhile == nil {
		close(packets.open)
	}
	conn, err := transport.DialEarly(ctx, c.address, c.config, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.CloseWithError(0, "") //nolint:errcheck // nothing is open on it any more
	if meanwhile == nil {
		<-conn.HandshakeComplete()
	}
	stream, err := new(http3.Transport).NewClientConn(conn).OpenRequestStream(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(ctx, stream, completed(id))
	if meanwhile != nil {
		meanwhile()
		close(packets.open)
	}
	res, err := stream.ReadResponse()
	if err != nil {
		c.t.Fatal(err)
	}
	_ = res.Body.Close()
	if meanwhile != nil && !conn.ConnectionState().Used0RTT {
		c.t.Error("the server took no early data")
	}
	for resumable := false; !resumable && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		_, resumable = c.config.ClientSessionCache.Get(c.config.ServerName)
	}
	return res.StatusCode
}

func (c *resuming) send(ctx context.Context, stream *http3.RequestStream, body string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://"+c.config.ServerName+"/knolyx", http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Webhook-Security-Token", genuine)
	if err := stream.SendRequestHeader(req); err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.WriteString(stream, body); err != nil {
		c.t.Fatal(err)
	}
	if err := stream.Close(); err != nil {
		c.t.Fatal(err)
	}
}

// gated is read from once it is open.
type gated struct {
	net.PacketConn
	open chan struct{}
}

func (g gated) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := g.PacketConn.ReadFrom(b)
	<-g.open
	return n, from, err
}
