package published

import (
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

func TestANumberIsFoundByItsWholeName(t *testing.T) {
	const io = "rchar: 7\nwrite_bytes: 4096\ncancelled_write_bytes: 512\nempty:\nVmRSS:\t  120 kB\n"
	for name, want := range map[string]int64{"write_bytes:": 4096, "cancelled_write_bytes:": 512, "VmRSS:": 120} {
		if got, err := NumberOf(io, name); err != nil || got != want {
			t.Errorf("%s %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"bytes:", "empty:"} {
		if got, err := NumberOf(io, name); err == nil {
			t.Errorf("%s %v", name, got)
		}
	}
}

func TestTheMachineIsTheOneThatRuns(t *testing.T) {
	if _, err := os.Stat("/proc/self/mountinfo"); err != nil {
		t.Skip("there is no /proc")
	}
	m, err := ThisMachine(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if m.CPU == "" || m.Cores < 1 || m.Memory < 1<<20 || m.Filesystem == "" || !strings.HasPrefix(m.Kernel, "Linux ") {
		t.Errorf("%+v", m)
	}
}

func TestTheCPUIsNamedWhereItIs(t *testing.T) {
	if got := cpuModel("processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC: 7\nmodel name\t: other\n"); got != "AMD EPYC: 7" {
		t.Errorf("%q", got)
	}
	if got := cpuModel("processor\t: 0\nBogoMIPS\t: 50.00\n"); !strings.HasPrefix(got, "unnamed ") {
		t.Errorf("%q", got)
	}
}

func TestTheFilesystemIsThatOfTheNearestMount(t *testing.T) {
	const mounts = `22 27 0:21 / /proc rw shared:1 - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 27 0:5 / /data rw master:2 - xfs /dev/vdb rw
29 27 0:6 / /data rw - btrfs /dev/vdc rw
30 27 0:7 / /data/tmp rw - tmpfs tmpfs rw
`
	for folder, want := range map[string]string{
		"/": "ext4", "/home/x": "ext4", "/database": "ext4", "/data": "btrfs", "/data/x": "btrfs", "/data/tmp/x": "tmpfs",
	} {
		if got, err := filesystem(mounts, folder); err != nil || got != want {
			t.Errorf("%s: %q, %v", folder, got, err)
		}
	}
	for _, mounts := range []string{"", "no mount\n", "22 27 0:21 / /proc rw - proc proc rw\n"} {
		if got, err := filesystem(mounts, "/data"); err == nil {
			t.Errorf("%q: %q", mounts, got)
		}
	}
}

func TestVersionsAreThoseOfTheBinary(t *testing.T) {
	info := &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: modulePath, Version: "(devel)"},
		Deps:      []*debug.Module{{Path: caddyPath, Version: "v2.11.9"}, {Path: badgerPath, Version: "v4.9.6"}},
		Settings:  []debug.BuildSetting{{Key: "vcs.revision", Value: "1e5104a3c669ce9c0de9"}},
	}
	if got, want := versionsIn(info), (Versions{"1.26.8", "1e5104a3c669", "v2.11.9", "v4.9.6"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	info.Main = debug.Module{Path: "caddy", Version: "v0.0.1"} // as xcaddy builds it
	info.Deps = append(info.Deps, &debug.Module{Path: modulePath, Version: "v1.2.3"})
	if got := versionsIn(info).Porterslodge; got != "v1.2.3" {
		t.Errorf("%s", got)
	}
}

func TestTheTableOfAReadmeIsReplaced(t *testing.T) {
	const readme = "# Performance\n\n<!-- table -->\nold\n<!-- /table -->\n\nMore.\n"
	got, err := putTable(readme, "new\n")
	if want := "# Performance\n\n<!-- table -->\n\nnew\n\n<!-- /table -->\n\nMore.\n"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if again, err := putTable(got, "new\n"); err != nil || again != got {
		t.Errorf("%q, %v", again, err)
	}
	for _, readme := range []string{"", tableBegins, tableEnds, tableEnds + tableBegins} {
		if got, err := putTable(readme, "new\n"); err == nil {
			t.Errorf("%q became %q", readme, got)
		}
	}
}
