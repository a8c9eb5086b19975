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
	netip.MustParseAddr("168.63.129.16"),   // Azure's wire server
	netip.MustParseAddr("192.0.0.192"),     // Oracle Cloud, its older one
	netip.MustParseAddr("fd00:ec2::23"),    // AWS, of pods
	netip.MustParseAddr("fd20:ce::254"),    // Google Cloud over IPv6
	netip.MustParseAddr("fd00:42::42"),     // Scaleway over IPv6
}

// IPv6 ranges whose addresses carry an IPv4 address, to which a gateway on
// the way may pass the connection on.
var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")       // RFC 1122, 3.2.1.3: this host or network
	localNAT64  = netip.MustParsePrefix("64:ff9b:1::/48")  // RFC 8215: the last four bytes, as it is mostly used
	translated  = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 2765: the last four bytes
	teredo      = netip.MustParsePrefix("2001::/32")       // RFC 4380: the last four bytes, inverted
	nat64       = netip.MustParsePrefix("64:ff9b::/96")    // RFC 6052: the last four bytes
	compatible  = netip.MustParsePrefix("::/96")           // RFC 4291, 2.5.5.1: the last four bytes
	sixToFour   = netip.MustParsePrefix("2002::/16")       // RFC 3056: the four after the prefix
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
	case ip.IsUnspecified(), thisNetwork.Contains(ip):
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
	case ip == netip.IPv6Loopback():
	case nat64.Contains(ip), localNAT64.Contains(ip), translated.Contains(ip), compatible.Contains(ip), isatap(b):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case teredo.Contains(ip):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	}
	return netip.Addr{}, false
}

// isatap tells an address of RFC 5214, whatever its network: the last four bytes.
func isatap(b [16]byte) bool {
	return b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
