// Package guard keeps deliveries away from addresses that no backend has but
// an attacker wants: cloud metadata services, link-local neighbours and the
// like. Backends are internal, so loopback and private addresses are allowed.
//
// [Dial] wraps the dialler of a transport. It judges the address that was in
// fact connected to, so no DNS answer, however it changes, gets around it.
//
// Redirects need no guard here: deliveries call http.RoundTripper itself, and
// only http.Client follows redirects.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// ErrForbidden tells that an address is one that deliveries may not be sent to.
var ErrForbidden = errors.New("forbidden address")

// DialFunc connects, as [net.Dialer.DialContext] does.
type DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// Dial wraps next so that it refuses forbidden addresses with ErrForbidden,
// before anything is written to them. The hosts of configured backend URLs
// are passed as allowed: one that is an IP address allows exactly that
// address, a host name allows nothing. Unix sockets pass.
func Dial(next DialFunc, allowed ...string) DialFunc {
	literals := addresses(allowed)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(network, "unix") {
			return next(ctx, network, addr)
		}
		if host, _, err := net.SplitHostPort(addr); err == nil {
			if ip, err := netip.ParseAddr(host); err == nil {
				if err := judge(ip, literals); err != nil {
					return nil, err
				}
			}
		}
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := judgeRemote(conn, literals); err != nil {
			_ = conn.Close() // the refusal is the error that matters
			return nil, err
		}
		return conn, nil
	}
}

// addresses returns the IP addresses among the hosts, in the form that
// plain gives them.
func addresses(hosts []string) []netip.Addr {
	var ips []netip.Addr
	for _, host := range hosts {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		if ip, err := netip.ParseAddr(host); err == nil {
			ips = append(ips, plain(ip))
		}
	}
	return ips
}

// judgeRemote refuses a connection to a forbidden address, and one that does
// not tell its address.
func judgeRemote(conn net.Conn, allowed []netip.Addr) error {
	remote := conn.RemoteAddr()
	if remote == nil {
		return fmt.Errorf("%w: the connection does not tell where it leads", ErrForbidden)
	}
	if strings.HasPrefix(remote.Network(), "unix") {
		return nil
	}
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return fmt.Errorf("%w: the connection leads to %s, which is no IP address", ErrForbidden, remote)
	}
	return judge(at.Addr(), allowed)
}

func judge(ip netip.Addr, allowed []netip.Addr) error {
	kind := forbidden(ip)
	if kind == "" || slices.Contains(allowed, plain(ip)) {
		return nil
	}
	return fmt.Errorf("%w: %s is %s; if a backend really is there, write this address in its url", ErrForbidden, ip, kind)
}

// plain drops what does not change where an address leads on the wire: the
// zone, and the IPv6 mapping of an IPv4 address.
func plain(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
