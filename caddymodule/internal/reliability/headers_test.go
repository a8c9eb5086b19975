package reliability

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// listener is a backend that writes down each request's head as the bytes that
// it got, and answers 204.
type listener struct {
	net.Listener
	mu    sync.Mutex
	heads []heard
}

type heard struct{ head, body string }

func newListener(t *testing.T) *listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &listener{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go b.serve(conn)
		}
	}()
	return b
}

func (b *listener) serve(conn net.Conn) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		var head strings.Builder
		length := 0
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
			head.WriteString(line)
			if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
				length, _ = strconv.Atoi(strings.TrimSpace(n))
			}
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		b.mu.Lock()
		b.heads = append(b.heads, heard{head.String(), string(body)})
		b.mu.Unlock()
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
	}
}

func (b *listener) heard() []heard {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]heard(nil), b.heads...)
}

const backendSecret = "what the backend knows"

// ours are the headers that a backend may get, each once, and how it looks.
var ours = map[string]*regexp.Regexp{
	"host":              regexp.MustCompile(`^127\.0\.0\.1:\d+$`),
	"user-agent":        regexp.MustCompile(`^Porterslodge/`),
	"content-length":    regexp.MustCompile(`^\d+$`),
	"content-type":      regexp.MustCompile(`^application/cloudevents\+json$`),
	"idempotency-key":   regexp.MustCompile(`^open:[!-~]+$`),
	"traceparent":       regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`),
	"webhook-id":        regexp.MustCompile(`^[!-~]+$`),
	"webhook-timestamp": regexp.MustCompile(`^\d+$`),
	"webhook-signature": regexp.MustCompile(`^v1,[A-Za-z0-9+/]{43}=$`),
	"x-tenant":          regexp.MustCompile(`^ours$`),
	"authorization":     regexp.MustCompile(`^Bearer ours$`),
	"x-lang":            regexp.MustCompile(`^[^\x00-\x08\x0a-\x1f\x7f]*$`),
	"accept-encoding":   regexp.MustCompile(`^gzip$`),
}

// trusted are headers that a backend, or what stands before it, goes by.
var trusted = []string{
	"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Idempotency-Key", "Traceparent", "Tracestate", "Baggage",
	"User-Agent", "Content-Type", "Content-Location", "Authorization", "Cookie", "X-Tenant", "Accept-Encoding",
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "X-Original-Url", "X-Http-Method-Override",
	"Proxy-Authorization", "Proxy-Connection", "Keep-Alive", "Te", "Upgrade", "Http2-Settings", "Ce-Id", "Ce-Type", "Ce-Source", "Date", "Via",
}

// TestNothingFromOutsideSetsWhatABackendTrusts sends every header that a
// backend goes by, in every alias, and looks at the bytes that reach it.
func TestNothingFromOutsideSetsWhatABackendTrusts(t *testing.T) {
	crm := newListener(t)
	g := newGateway(t, "")
	g.writeSite(t, fmt.Sprintf(`backend crm http://%s/events {
		secret %q
		header X-Tenant ours
		header Authorization "Bearer ours"
		backoff 20ms 100ms
	}
	default crm`, crm.Addr(), backendSecret), `receive_webhooks /open/* knolyx {
		name open
		token a-token
		headers X-Lang X~Tenant X.Tenant X_Tenant
	}`)
	g.start()
	defer g.kill()

	w, sent := g.wire(), 0
	for i, text := range hostile() {
		got, err := w.send(text)
		sent++
		// 501 is net/http's for a transfer encoding that it doesn't know.
		if err == nil && got.status/100 != 2 && got.status/100 != 4 && got.status != http.StatusNotImplemented {
			t.Errorf("message %d: answered %d: %q", i, got.status, text)
		}
	}
	kept := int(g.counts(t, "open")[0])
	if kept < len(trusted)*4 {
		t.Errorf("only %d of %d messages were kept, so little was tried", kept, sent)
	}
	g.until(30*time.Second, "all is delivered", func() bool { return len(crm.heard()) >= kept })
	languages := 0
	for _, h := range crm.heard() {
		languages += h.judge(t)
	}
	if languages == 0 {
		t.Error("the allow-listed header never came through")
	}
	report(t, result{
		Fault: "hostile headers", How: "names that a backend trusts in every alias, line ends, hop-by-hop headers and trailers, over the wire",
		Tried: fmt.Sprintf("%d requests, %d of them kept", sent, kept),
		Found: fmt.Sprintf("%d deliveries: each of our headers once and as we set it, no other but those allow-listed", len(crm.heard())),
	})
}

// judge looks at the head of one delivery; it is 1 where it holds X-Lang.
func (h heard) judge(t *testing.T) int {
	lines := strings.Split(strings.TrimSuffix(h.head, "\r\n"), "\r\n")
	if lines[0] != "POST /events HTTP/1.1" {
		t.Errorf("the request line is %q", lines[0])
	}
	got := make(map[string]string)
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ": ")
		// A backend that makes variables of headers knows no dots or tildes.
		plain := regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(strings.ToLower(name), "-")
		shape := ours[plain]
		switch _, twice := got[plain]; {
		case !found || shape == nil:
			t.Errorf("a line that nobody allowed: %q", line)
		case twice && plain != "x-lang": // which the sender may repeat
			t.Errorf("%s came twice: %q", plain, h.head)
		case !shape.MatchString(value) || strings.ContainsAny(value, "\r\n\x00") || strings.Contains(value, "evil") && plain != "x-lang":
			t.Errorf("%s is %q", plain, value)
		}
		got[plain] = value
	}
	m := hmac.New(sha256.New, []byte(backendSecret))
	fmt.Fprintf(m, "%s.%s.%s", got["webhook-id"], got["webhook-timestamp"], h.body)
	if got["webhook-signature"] != "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)) {
		t.Errorf("the signature is not ours: %q", h.head)
	}
	if got["idempotency-key"] != "open:"+got["webhook-id"] {
		t.Errorf("the Idempotency-Key is %q for the event %q", got["idempotency-key"], got["webhook-id"])
	}
	if _, ok := got["x-lang"]; ok {
		return 1
	}
	return 0
}

// hostile are requests, each with a genuine token.
func hostile() []string {
	var out []string
	message := func(id string, lines ...string) {
		body := fmt.Sprintf(`{"id":"%s","type":"COURSE_COMPLETED","data":{}}`, id)
		out = append(out, "PUT /open HTTP/1.1\r\nHost: gateway\r\nX-Webhook-Security-Token: a-token\r\n"+
			strings.Join(append(lines, ""), "\r\n")+fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
	}
	next := func() string { return fmt.Sprintf("k-%d", len(out)) }
	for _, name := range trusted {
		for _, alias := range []string{
			name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "-", "."),
			strings.ReplaceAll(name, "-", "~"), "X-" + name, name + " ", " " + name,
		} {
			message(next(), alias+": evil")
		}
		message(next(), name+": evil", textproto.CanonicalMIMEHeaderKey(name)+": evil too")
		message(next(), "X-Lang: fr\r\n "+name+": evil") // a folded line
		message(next(), "X-Lang: fr\r"+name+": evil")
		message(next(), "X-Lang: fr\n"+name+": evil")
		message(next(), "X-Lang: fr\x00"+name+": evil")
		message(next(), "X-Lang: fr\u0085"+name+": evil")
		message(next(), "X-Lang: fr", "Connection: "+name+", X-Lang", name+": evil")
		message(next() + `\r\n` + name + ": wicked") // in the id, which becomes a header
		body := fmt.Sprintf(`{"id":%q,"type":"COURSE_COMPLETED","data":{}}`, next())
		out = append(out, fmt.Sprintf("PUT /open HTTP/1.1\r\nHost: gateway\r\nX-Webhook-Security-Token: a-token\r\nTrailer: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%s: evil\r\n\r\n", name, len(body), body, name))
	}
	for _, lines := range []string{
		"X-Lang: fr", "x-lang: FR", "X-Lang: fr\r\nX-Lang: de", "X-Lang: \xff\xfe", "X-Lang: \x7f", "X-Lang:", "X_Lang: fr", "X.Lang: fr",
		"Connection: close, X-Lang\r\nX-Lang: fr", "Connection: upgrade\r\nUpgrade: websocket", "Expect: 100-evil", "Content-Encoding: identity",
		"Host: evil.example", "Transfer-Encoding: identity", "Content-Length: 3",
	} {
		message(next(), lines)
	}
	for _, id := range []string{`\u0000`, `\u2028`, `é`, `%0d%0a`, `\u007f`, `..\/..`, strings.Repeat("i", 5000)} {
		message("k-" + id)
	}
	return out
}
