package guard

import (
	"net/netip"
	"slices"
)

// metadata are the addresses at which clouds hand credentials to whoever can
// send a request. 169.254.169.254, the one most of them use, is link-local.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), // AWS, Google Cloud, Azure and others
	netip.MustParseAddr("fd00:ec2::254"),   // AWS over IPv6
	netip.MustParseAddr("100.100.100.200"), // Alibaba Cloud
}

// IPv6 ranges whose addresses carry an IPv4 address, to which a gateway on
// the way may pass the connection on.
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last four bytes
	compatible = netip.MustParsePrefix("::/96")        // RFC 4291, 2.5.5.1: the last four bytes
	sixToFour  = netip.MustParsePrefix("2002::/16")    // RFC 3056: the four after the prefix
)

// forbidden says what kind of forbidden address this is; "" if it is none.
func forbidden(ip netip.Addr) string {
	ip = plain(ip)
	switch {
	case slices.Contains(metadata, ip):
		return "a cloud metadata address"
	case ip.IsLinkLocalUnicast():
		return "a link-local address"
	case ip.IsMulticast():
		return "a multicast address"
	case ip.IsUnspecified():
		return "the unspecified address"
	}
	if inner, ok := carried(ip); ok {
		return forbidden(inner)
	}
	return ""
}

// carried returns the IPv4 address inside an IPv6 address that has one.
func carried(ip netip.Addr) (netip.Addr, bool) {
	b := ip.As16()
	switch {
	case nat64.Contains(ip), compatible.Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
