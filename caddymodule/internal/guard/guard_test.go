package guard

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
)

// conn is a connection that says where it leads.
type conn struct {
	net.Conn
	remote net.Addr
	closed bool
}

func (c *conn) RemoteAddr() net.Addr { return c.remote }
func (c *conn) Close() error         { c.closed = true; return nil }

func leadsTo(ip string) *conn {
	return &conn{remote: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 80))}
}

func dialer(c net.Conn, dialled *int) DialFunc {
	return func(context.Context, string, string) (net.Conn, error) { *dialled++; return c, nil }
}

var refused = map[string]string{
	"169.254.169.254":          "metadata",
	"::ffff:169.254.169.254":   "metadata",
	"64:ff9b::169.254.169.254": "metadata",
	"64:ff9b::a9fe:a9fe":       "metadata",
	"2002:a9fe:a9fe::1":        "metadata",
	"::169.254.169.254":        "metadata",
	"fd00:ec2::254":            "metadata",
	"100.100.100.200":          "metadata",
	"::ffff:100.100.100.200":   "metadata",
	"64:ff9b::100.100.100.200": "metadata",
	"169.254.0.1":              "link-local",
	"169.254.255.255":          "link-local",
	"::ffff:169.254.1.1":       "link-local",
	"fe80::1":                  "link-local",
	"fe80::1%eth0":             "link-local",
	"febf::1":                  "link-local",
	"64:ff9b::169.254.7.7":     "link-local",
	"2002:a9fe:0707:1:2:3:4:5": "link-local",
	"224.0.0.1":                "multicast",
	"239.255.255.255":          "multicast",
	"ff02::1":                  "multicast",
	"::ffff:224.0.0.1":         "multicast",
	"0.0.0.0":                  "unspecified",
	"::":                       "unspecified",
	"::ffff:0.0.0.0":           "unspecified",
	"0.0.0.1":                  "unspecified",
	"0.255.255.255":            "unspecified",
	"::ffff:0.1.2.3":           "unspecified",
	"168.63.129.16":            "metadata",
	"192.0.0.192":              "metadata",
	"fd00:ec2::23":             "metadata",
	"fd20:ce::254":             "metadata",
	"fd00:42::42":              "metadata",
	"64:ff9b:1::a9fe:a9fe":     "metadata",
	"::ffff:0:169.254.169.254": "metadata",
	"2001:db8::5efe:a9fe:a9fe": "metadata",
	"fd12::200:5efe:a9fe:a9fe": "metadata",
	"2001:0:1:2:3:4:5601:5601": "metadata",
	"fe80::5efe:a9fe:a9fe":     "link-local",
}

var passed = []string{
	"127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1",
	"93.184.215.14", "2001:db8::1", "169.253.255.255", "169.255.0.1", "100.100.100.201", "fd00:ec2::253",
	"fec0::1", "64:ff9b::10.0.0.1", "2002:0a00:0001::1", "64:ff9c::169.254.169.254", "2003:a9fe:a9fe::1",
}

func TestAForbiddenLiteralIsNotEvenDialled(t *testing.T) {
	for ip, kind := range refused {
		dialled := 0
		got, err := Dial(dialer(leadsTo("10.0.0.1"), &dialled))(t.Context(), "tcp", net.JoinHostPort(ip, "80"))
		if !errors.Is(err, ErrForbidden) || got != nil || dialled != 0 {
			t.Errorf("%s: dialled %d times, error %v", ip, dialled, err)
		} else if !strings.Contains(err.Error(), kind) {
			t.Errorf("%s: %q does not say %s", ip, err, kind)
		}
	}
}

func TestANameThatLeadsToAForbiddenAddressIsRefusedAndClosed(t *testing.T) {
	for ip := range refused {
		c, dialled := leadsTo(ip), 0
		got, err := Dial(dialer(c, &dialled))(t.Context(), "tcp", "crm.internal:80")
		if !errors.Is(err, ErrForbidden) || got != nil || !c.closed {
			t.Errorf("%s: closed %v, error %v", ip, c.closed, err)
		}
	}
}

func TestInternalAddressesPass(t *testing.T) {
	for _, ip := range passed {
		for _, host := range []string{ip, "crm.internal"} {
			c, dialled := leadsTo(ip), 0
			got, err := Dial(dialer(c, &dialled))(t.Context(), "tcp", net.JoinHostPort(host, "80"))
			if err != nil || got != c || c.closed {
				t.Errorf("%s as %s: %v", ip, host, err)
			}
		}
	}
}

func TestOnlyTheLiteralAddressInTheConfigIsAllowed(t *testing.T) {
	for _, c := range []struct {
		allowed, ip string
		want        bool
	}{
		{"169.254.169.254", "169.254.169.254", true},
		{"169.254.169.254", "::ffff:169.254.169.254", true},
		{"169.254.169.254", "169.254.169.253", false},
		{"169.254.169.254", "64:ff9b::169.254.169.254", false},
		{"fe80::1%eth0", "fe80::1", true},
		{"[fe80::1]", "fe80::1%eth0", true},
		{"fe80::1", "fe80::2", false},
		{"metadata.google.internal", "169.254.169.254", false},
		{"", "169.254.169.254", false},
	} {
		for _, host := range []string{c.ip, "crm.internal"} {
			dialled := 0
			_, err := Dial(dialer(leadsTo(c.ip), &dialled), c.allowed)(t.Context(), "tcp", net.JoinHostPort(host, "80"))
			if (err == nil) != c.want {
				t.Errorf("%s with %q allowed: %v", c.ip, c.allowed, err)
			}
		}
	}
}

func TestAConnectionThatHidesItsAddressIsRefused(t *testing.T) {
	for name, remote := range map[string]net.Addr{"none": nil, "a pipe": &net.IPAddr{}} {
		c, dialled := &conn{remote: remote}, 0
		if _, err := Dial(dialer(c, &dialled))(t.Context(), "tcp", "crm:80"); !errors.Is(err, ErrForbidden) || !c.closed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADiallersErrorComesThrough(t *testing.T) {
	want := errors.New("no route")
	fail := func(context.Context, string, string) (net.Conn, error) { return nil, want }
	if _, err := Dial(fail)(t.Context(), "tcp", "10.0.0.1:80"); !errors.Is(err, want) {
		t.Fatal(err)
	}
}

func TestUnixSocketsPass(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c, err := Dial(new(net.Dialer).DialContext)(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	// A transport may also map a TCP address to a socket of its own.
	mapped := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	c, err = Dial(mapped)(t.Context(), "tcp", "crm:80")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

func TestAGuardedTransportReachesALoopbackBackend(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	defer backend.Close()
	transport := &http.Transport{DialContext: Dial(new(net.Dialer).DialContext)}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, backend.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 204 {
		t.Fatalf("status %d", res.StatusCode)
	}
}

// FuzzCarried holds that no IPv6 form of a forbidden IPv4 address passes.
func FuzzCarried(f *testing.F) {
	f.Add([]byte{169, 254, 169, 254})
	f.Add([]byte{100, 100, 100, 200})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) != 4 {
			return
		}
		v4 := netip.AddrFrom4([4]byte(raw))
		var mapped, nat, six [16]byte
		mapped = v4.As16()
		copy(nat[:], []byte{0, 0x64, 0xff, 0x9b})
		copy(nat[12:], raw)
		copy(six[:], append([]byte{0x20, 0x02}, raw...))
		for _, form := range [][16]byte{mapped, nat, six} {
			if ip := netip.AddrFrom16(form); forbidden(ip) != forbidden(v4) {
				t.Errorf("%s is %q, but %s is %q", v4, forbidden(v4), ip, forbidden(ip))
			}
		}
	})
}
