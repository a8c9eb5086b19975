package reliability

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inNetwork runs f on a thread that has a network of its own, in which nothing is
// but the loopback device, with these addresses. What f opens and starts lives
// there, and nobody else's network changes.
func inNetwork(t *testing.T, addresses []string, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with its network
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- &noNetwork{err}
			return
		}
		for i, address := range append([]string{"127.0.0.1"}, addresses...) {
			if err := addLoopback(i, netip.MustParseAddr(address)); err != nil {
				done <- &noNetwork{fmt.Errorf("%s: %w", address, err)}
				return
			}
		}
		done <- f()
	}()
	return <-done
}

// noNetwork tells that there is no network of one's own to be had.
type noNetwork struct{ error }

func (n *noNetwork) Unwrap() error { return n.error }

// hasIPv6 tells whether a new network would have it.
func hasIPv6() bool {
	off, err := os.ReadFile("/proc/sys/net/ipv6/conf/default/disable_ipv6")
	return err == nil && strings.TrimSpace(string(off)) == "0"
}

// addLoopback gives the loopback device an address, as netdevice(7) says.
func addLoopback(i int, ip netip.Addr) error {
	if ip.Is6() {
		return addLoopback6(ip)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	name := "lo"
	if i > 0 {
		name = fmt.Sprintf("lo:%d", i)
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := request.SetInet4Addr(ip.AsSlice()); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, request); err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// addLoopback6 does so by in6_ifreq, which x/sys doesn't have (ipv6(7)); the
// loopback device has one address by then, and is the first of its network.
func addLoopback6(ip netip.Addr) error {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	request := struct {
		address [16]byte
		prefix  uint32
		device  int32
	}{ip.As16(), 128, 1}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFADDR, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return usable(ip)
}

// usable waits until an address may be bound: the kernel first looks, beside this,
// whether somebody else has it.
func usable(ip netip.Addr) (err error) {
	for range 500 {
		var conn net.PacketConn
		if conn, err = net.ListenPacket("udp", netip.AddrPortFrom(ip, 0).String()); err == nil {
			return conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
