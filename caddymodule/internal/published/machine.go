package published

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Machine is what figures depend on.
type Machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Memory     int64  `json:"memory_bytes"`
	Kernel     string `json:"kernel"`
	Filesystem string `json:"filesystem"`
}

// ThisMachine describes the one that runs, with the filesystem of a folder.
func ThisMachine(folder string) (m Machine, err error) {
	m.Cores = runtime.NumCPU()
	files := make(map[string]string)
	for _, name := range []string{"cpuinfo", "meminfo", "sys/kernel/osrelease", "self/mountinfo"} {
		content, err := os.ReadFile(filepath.Join("/proc", name))
		if err != nil {
			return m, err
		}
		files[name] = string(content)
	}
	m.CPU = cpuModel(files["cpuinfo"])
	memory, err := NumberOf(files["meminfo"], "MemTotal:")
	if err != nil {
		return m, err
	}
	m.Memory = memory << 10
	m.Kernel = "Linux " + strings.TrimSpace(files["sys/kernel/osrelease"])
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return m, err
	}
	m.Filesystem, err = filesystem(files["self/mountinfo"], folder)
	return m, err
}

// cpuModel is the first processor's name. Not every architecture has one.
func cpuModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unnamed " + runtime.GOARCH
}

// filesystem is the type of what is mounted at or above a folder, the last
// where several are, by /proc/self/mountinfo (proc(5)).
func filesystem(mountinfo, folder string) (string, error) {
	best, kind := "", ""
	for line := range strings.Lines(mountinfo) {
		mount, source, ok := strings.Cut(line, " - ")
		fields, types := strings.Fields(mount), strings.Fields(source)
		if !ok || len(fields) < 5 || len(types) == 0 {
			return "", fmt.Errorf("a line of mountinfo that is not understood: %q", line)
		}
		point := fields[4]
		if within := folder == point || strings.HasPrefix(folder, strings.TrimSuffix(point, "/")+"/"); within && len(point) >= len(best) {
			best, kind = point, types[0]
		}
	}
	if kind == "" {
		return "", errors.New("mountinfo has no mount above " + folder)
	}
	return kind, nil
}

func (m Machine) String() string {
	const gib = 1 << 30
	return fmt.Sprintf("%s, %d cores, %d GiB, %s, %s", m.CPU, m.Cores, (m.Memory+gib/2)/gib, m.Kernel, m.Filesystem)
}

// NumberOf is the number behind a name at the start of a line of a file in /proc.
func NumberOf(text, name string) (int64, error) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if fields := strings.Fields(rest); len(fields) > 0 {
				return strconv.ParseInt(fields[0], 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("there is no number %s", name)
}
