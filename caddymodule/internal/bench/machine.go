package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// machine is what figures depend on.
type machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Memory     int64  `json:"memory_bytes"`
	Kernel     string `json:"kernel"`
	Filesystem string `json:"filesystem"`
}

// thisMachine describes the one that runs, with the filesystem of a folder.
func thisMachine(folder string) (m machine, err error) {
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
	memory, err := numberOf(files["meminfo"], "MemTotal:")
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

func (m machine) String() string {
	const gib = 1 << 30
	return fmt.Sprintf("%s, %d cores, %d GiB, %s, %s", m.CPU, m.Cores, (m.Memory+gib/2)/gib, m.Kernel, m.Filesystem)
}
