package reliability

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// disk is an ext4 file system in an image on a loop device.
type disk struct {
	device, mounted string
	// remove takes it away, once; at the end of the test at the latest.
	remove func()
}

// newDisk makes one of so many MiB and mounts it below a folder.
func newDisk(t *testing.T, folder string, mebibytes int) *disk {
	t.Helper()
	image := filepath.Join(folder, "image")
	err := run("truncate", "-s", fmt.Sprintf("%dM", mebibytes), image)
	err = errors.Join(err, run("mkfs.ext4", "-q", "-m", "0", image))
	device, loopErr := exec.Command("losetup", "--find", "--show", image).Output()
	needs(t, "loop", errors.Join(err, loopErr))
	d := &disk{device: strings.TrimSpace(string(device)), mounted: filepath.Join(folder, "disk")}
	d.remove = sync.OnceFunc(func() {
		_ = run("umount", d.mounted)
		_ = run("losetup", "--detach", d.device)
		_ = os.Remove(image)
	})
	t.Cleanup(d.remove)
	err = os.Mkdir(d.mounted, 0o700)
	needs(t, "loop", errors.Join(err, run("mount", d.device, d.mounted)))
	return d
}

// cutPower ends all writing to the disk at once: what it wasn't told to sync is
// lost, its own journal of the last seconds too.
func (d *disk) cutPower() error {
	f, err := os.Open(d.mounted)
	if err != nil {
		return err
	}
	defer f.Close()
	const (
		shutdown   = 0x8004587d // EXT4_IOC_SHUTDOWN
		noLogFlush = 2
	)
	return unix.IoctlSetPointerInt(int(f.Fd()), shutdown, noLogFlush)
}

// powerUp mounts it again, as it is found after the cut.
func (d *disk) powerUp() error {
	return errors.Join(run("umount", d.mounted), run("mount", d.device, d.mounted))
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
