package reliability

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// usage is what the process holds.
type usage struct {
	goroutines int
	files      int // without those of the store that is in use, which grow with what it keeps
	memory     int // resident without what is garbage or was, in MiB
}

func (g *gateway) usage() (u usage) {
	g.t.Helper()
	if _, err := fmt.Sscanf(g.profile("goroutine?debug=1"), "goroutine profile: total %d", &u.goroutines); err != nil {
		g.t.Fatal(err)
	}
	heap := g.profile("heap?debug=1&gc=1")
	of := func(name string) (n int64) {
		_, rest, _ := strings.Cut(heap, "# "+name+" = ")
		if _, err := fmt.Sscan(rest, &n); err != nil {
			g.t.Fatal(name, err)
		}
		return n
	}
	held := g.resident() - (of("HeapSys") - of("HeapReleased") - of("HeapAlloc"))
	u.files, u.memory = g.files(), int(held>>20)
	return u
}

// profile is one of Go's own (runtime/pprof), as text.
func (g *gateway) profile(name string) string {
	g.t.Helper()
	res, err := g.admin.Get("http://admin/debug/pprof/" + name)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(text)
}

// files counts what is open and no file of the store, or one that was deleted.
func (g *gateway) files() (n int) {
	g.t.Helper()
	descriptors := fmt.Sprintf("/proc/%d/fd/", g.cmd.Process.Pid)
	all, err := os.ReadDir(descriptors)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, fd := range all {
		to, err := os.Readlink(descriptors + fd.Name())
		if err == nil && (!strings.HasPrefix(to, g.store+"/") || strings.HasSuffix(to, " (deleted)")) {
			n++
		}
	}
	return n
}

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %d files beside the store's, %d MiB that are no garbage", u.goroutines, u.files, u.memory)
}

// quiet is the least of what the process holds in three seconds in which
// nothing comes in or waits and nobody holds a connection: goroutines that deliver
// rest for one before they end.
func (g *gateway) quiet(b *backendLedger) usage {
	g.t.Helper()
	g.settled()
	g.site.CloseIdleConnections()
	b.CloseClientConnections()
	least := g.usage()
	for begun := time.Now(); time.Since(begun) < 3*time.Second; time.Sleep(50 * time.Millisecond) {
		u := g.usage()
		least = usage{min(least.goroutines, u.goroutines), min(least.files, u.files), min(least.memory, u.memory)}
	}
	return least
}
