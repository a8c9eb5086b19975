package reliability

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// message is a request as it goes over the wire, each header line as it is
// written here.
type message struct {
	method, path string
	// token ends the path, or is its parameter where asQuery is set.
	token   string
	asQuery bool
	header  [][2]string
	body    string
}

// inURL is the spot of a proof that stands in no header.
const inURL = ":token"

// target is the path and what a client would make of the token in it.
func (m *message) target() string {
	if m.token == "" {
		return m.path
	}
	var escaped strings.Builder
	for _, c := range []byte(m.token) {
		if strings.IndexByte("-._~", c) >= 0 || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			escaped.WriteByte(c)
		} else {
			fmt.Fprintf(&escaped, "%%%02X", c)
		}
	}
	if m.asQuery {
		return m.path + "?token=" + escaped.String()
	}
	return m.path + "/" + escaped.String()
}

func (m *message) wire() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: gateway\r\n", m.method, m.target())
	for _, h := range m.header {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(m.body), m.body)
	return b.String()
}

// edit changes each line of a header, or the token in the URL.
func (m *message) edit(spot string, change func(string) string) {
	if spot == inURL {
		m.token = change(m.token)
		return
	}
	for i := range m.header {
		if strings.EqualFold(m.header[i][0], spot) {
			m.header[i][1] = change(m.header[i][1])
		}
	}
}

// answer is what came back for a message; status 0 is none.
type answer struct {
	status int
	header http.Header
	body   string
}

// wire is a connection of a stranger to the gateway's site.
type wire struct {
	g    *gateway
	conn net.Conn
	in   *bufio.Reader
}

func (g *gateway) wire() *wire {
	w := &wire{g: g}
	g.t.Cleanup(w.close)
	return w
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// send writes the bytes of one request and reads its answer.
func (w *wire) send(text string) (answer, error) {
	if w.conn == nil {
		conn, err := net.Dial("unix", filepath.Join(w.g.dir, "site"))
		if err != nil {
			return answer{}, err
		}
		w.conn, w.in = conn, bufio.NewReader(conn)
	}
	_ = w.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(w.conn, text); err != nil {
		w.close()
		return answer{}, err
	}
	res, err := http.ReadResponse(w.in, nil)
	if err != nil {
		w.close()
		return answer{}, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.Close {
		w.close()
	}
	return answer{res.StatusCode, res.Header, string(body)}, err
}

// writeSite replaces the Caddyfile by one with other sources in its site.
func (g *gateway) writeSite(t *testing.T, backends, sources string) {
	t.Helper()
	text := strings.Replace(g.caddyfile(backends), "receive_webhooks /knolyx", sources+"\n\treceive_webhooks /knolyx", 1)
	if err := os.WriteFile(g.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
