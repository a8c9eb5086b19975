package reliability

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patient is a backend that is sick at times.
type patient struct {
	sickness
	ledger    *backendLedger
	proxy     *proxy
	sick      atomic.Bool
	elsewhere atomic.Int32 // requests where a redirect leads to
	// Of one with TLS: the server that is trusted, and the one that isn't.
	trusted, stranger *httptest.Server
}

func newPatient(t *testing.T, s sickness) *patient {
	p := &patient{sickness: s, proxy: newProxy(t)}
	p.ledger = newBackend(t, p.treat)
	if s.tls {
		p.trusted = httptest.NewTLSServer(p.ledger)
		t.Cleanup(p.trusted.Close)
		p.stranger = httptest.NewUnstartedServer(p.ledger)
		p.stranger.TLS = &tls.Config{Certificates: []tls.Certificate{unknownCertificate(t)}}
		p.stranger.Config.ErrorLog = log.New(io.Discard, "", 0) // of each handshake that fails
		p.stranger.StartTLS()
		t.Cleanup(p.stranger.Close)
	}
	p.mend()
	return p
}

func (p *patient) treat(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case strings.HasSuffix(r.URL.Path, "/elsewhere"):
		p.elsewhere.Add(1)
		return false
	case p.sick.Load() && p.answer != nil:
		p.answer(w, p.ledger, r)
		return true
	}
	return false
}

func (p *patient) sicken() {
	p.sick.Store(true)
	target := p.ledger.URL
	if p.tls {
		target = p.stranger.URL
	}
	p.proxy.turn(p.way, target)
}

func (p *patient) mend() {
	p.sick.Store(false)
	target := p.ledger.URL
	if p.tls {
		target = p.trusted.URL
	}
	p.proxy.turn(passing, target)
}

// block is its configuration; CA stands for the file of the trusted certificate.
func (p *patient) block() string {
	scheme, transport := "http", ""
	if p.tls {
		scheme, transport = "https", "\n transport http {\n tls_trust_pool file CA\n }"
	}
	return fmt.Sprintf("backend %s %s://%s {\n backoff 500ms 1s\n timeout 5s%s\n}\n", p.name, scheme, p.proxy.Addr(), transport)
}

// note counts a delivery that is answered 2xx in another way.
func (b *backendLedger) note(r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	_, id, _ := strings.Cut(key, ":")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys[id] = append(b.keys[id], key)
}

// trust writes the certificate that the gateway trusts.
func trust(t *testing.T, file string, all []*patient) {
	t.Helper()
	for _, p := range all {
		if !p.tls {
			continue
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.trusted.Certificate().Raw})
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// unknownCertificate is right in all but who signed it: it did so itself.
func unknownCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}
