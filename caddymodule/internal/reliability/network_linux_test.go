package reliability

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"

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

// addLoopback gives the loopback device an address, as netdevice(7) says.
func addLoopback(i int, ip netip.Addr) error {
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
