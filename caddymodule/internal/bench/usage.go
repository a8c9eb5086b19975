package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/published"
)

// usage is what a process has taken since its start.
type usage struct {
	cpu     time.Duration
	written int64 // bytes handed to the disk
}

// usage reads Linux's /proc/<pid>/stat and io (proc(5)).
func (p *process) usage() (u usage, err error) {
	stat, err := p.proc("stat")
	if err != nil {
		return u, err
	}
	if u.cpu, err = cpuTime(stat); err != nil {
		return u, err
	}
	io, err := p.proc("io")
	if err != nil {
		return u, err
	}
	u.written, err = published.NumberOf(io, "write_bytes:")
	return u, err
}

// resident is the bytes of memory that the process holds now, mapped files
// among them.
func (p *process) resident() (int64, error) {
	status, err := p.proc("status")
	if err != nil {
		return 0, err
	}
	kib, err := published.NumberOf(status, "VmRSS:")
	return kib << 10, err
}

func (p *process) proc(file string) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, file))
	return string(b), err
}

// cpuTick is the unit of times in /proc: USER_HZ is 100 on every Linux of today.
const cpuTick = time.Second / 100

// cpuTime is the user's and the system's time in /proc/<pid>/stat. The name of
// the program before them may hold spaces and parentheses.
func cpuTime(stat string) (time.Duration, error) {
	const utime, stime = 11, 12 // counted from behind the name
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) <= stime {
		return 0, fmt.Errorf("/proc/<pid>/stat has only %d fields", len(fields))
	}
	user, err := strconv.ParseInt(fields[utime], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[stime], 10, 64)
	return time.Duration(user+system) * cpuTick, err
}

// peak samples the resident memory until stopped and returns the most of it.
func (p *process) peak() (stop func() int64) {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		var top int64
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			if now, err := p.resident(); err == nil {
				top = max(top, now)
			}
			select {
			case <-tick.C:
			case <-done:
				most <- top
				return
			}
		}
	}()
	return func() int64 { close(done); return <-most }
}

// A process is idle that took at most a tick of CPU in each of so many looks.
const idleLooks = 2

// settle waits until a process has done all that it had begun, such as routing
// and compaction, or for a minute. It returns its usage then.
func (p *process) settle(ctx context.Context, look time.Duration) (usage, error) {
	last, err := p.usage()
	if err != nil || p.restless {
		return last, err
	}
	idle := 0
	for begun := time.Now(); idle < idleLooks && time.Since(begun) < time.Minute; {
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-time.After(look):
		}
		now, err := p.usage()
		if err != nil {
			return last, err
		}
		if idle++; now.cpu-last.cpu > cpuTick {
			idle = 0
		}
		last = now
	}
	return last, nil
}
