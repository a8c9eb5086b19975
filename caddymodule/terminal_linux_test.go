package caddymodule_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: the end of who sits at it, and that of the
// program.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	fd := int(person.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return person, program
}

// typed runs a command at a terminal, types the keys when the screen shows what
// is awaited, and returns all that was shown and the exit code.
func (o *operated) typed(t *testing.T, awaited, keys string, args ...string) (shown string, exit int) {
	t.Helper()
	person, program := terminal(t)
	c := o.command(t, append(args, "--address", "unix/"+o.dir+"/a")...).Cmd
	c.Stdin, c.Stdout, c.Stderr = program, program, program
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = program.Close()
	defer time.AfterFunc(30*time.Second, func() { _ = c.Process.Kill() }).Stop()
	await, part := regexp.MustCompile(awaited), make([]byte, 4096)
	for done := false; ; {
		n, err := person.Read(part) // an error where the program is gone
		shown += string(part[:n])
		if !done && await.MatchString(shown) {
			_, _ = person.WriteString(keys)
			done = true
		}
		if err != nil {
			break
		}
	}
	_ = c.Wait()
	return shown, c.ProcessState.ExitCode()
}

// unroutedEvents has a gateway keep n events that no rule takes.
func unroutedEvents(t *testing.T, gateway string, n int) *operated {
	t.Helper()
	o := operate(t, gateway, knolyxSite)
	var all sync.WaitGroup
	for part := range 20 {
		all.Go(func() {
			for i := part; i < n; i += 20 {
				if _, err := o.trySend(knolyx(fmt.Sprintf("k-%d", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	o.stands(t, fmt.Sprintf(`"unrouted":%d`, n))
	return o
}

// stands waits until the status says something.
func (o *operated) stands(t *testing.T, what string) {
	t.Helper()
	soon(t, func() bool { return strings.Contains(o.ask("GET", "status", "", nil).body, what) },
		func() string { return o.ask("GET", "status", "", nil).body })
}

func TestWhoIsAskedAtATerminalDecides(t *testing.T) {
	o := unroutedEvents(t, eager("crm", "http://127.0.0.1:9"), 3)
	const question = `3 would be discarded. Go on\? \[y/N\] $`
	for name, test := range map[string]struct {
		keys, says string
	}{
		"no":           {"n\r", "nothing was done"},
		"nothing":      {"\r", "nothing was done"},
		"an end":       {"\x04", "nothing was done"},
		"an interrupt": {"\x03", "nothing was done"},
	} {
		if shown, exit := o.typed(t, question, test.keys, "webhooks", "discard", "--state", "unrouted"); exit != 1 || !strings.Contains(shown, test.says) {
			t.Errorf("%s: exit code %d: %q", name, exit, shown)
		}
		o.stands(t, `"unrouted":3`)
	}
	if shown, exit := o.typed(t, question, "y\r", "webhooks", "discard", "--state", "unrouted"); exit != 0 || !strings.Contains(shown, "3 discarded") {
		t.Errorf("yes: exit code %d: %q", exit, shown)
	}
	o.stands(t, `"unrouted":0`)
	if shown, exit := o.typed(t, "$^", "", "webhooks", "status"); exit != 0 || !strings.Contains(shown, "\x1b[32m") {
		t.Errorf("a terminal gets no colour: exit code %d: %q", exit, shown)
	}
}

func TestABulkActionThatIsInterruptedIsFinishedByWritingItAgain(t *testing.T) {
	const n = 1200
	crm := newBackend(t)
	gateway := eager("crm", crm.URL)
	o := unroutedEvents(t, gateway, n)
	mended := o.config(t, "Mended", gateway+"default crm", knolyxSite)
	if reload := o.command(t, "reload", "--config", mended, "--adapter", "caddyfile", "--address", "unix/"+o.dir+"/a"); reload.Run() != nil {
		t.Fatal(reload.out)
	}
	shown, exit := o.typed(t, `\d+ of 1200 reprocessed`, "\x03", "webhooks", "reprocess", "--all", "--yes")
	if exit != 1 || !regexp.MustCompile(`interrupted after \d+ of 1200 were reprocessed; write the same again to go on`).MatchString(shown) {
		t.Errorf("exit code %d: %q", exit, shown)
	}
	if shown, exit := o.typed(t, "$^", "", "webhooks", "reprocess", "--all", "--yes"); exit != 0 || !regexp.MustCompile(`\d+ reprocessed\r\n`).MatchString(shown) {
		t.Errorf("again: exit code %d: %q", exit, shown)
	}
	o.stands(t, fmt.Sprintf(`"delivered":%d`, n))
	seen := make(map[string]bool)
	for _, r := range crm.wait(t, n) {
		seen[r.event.ID] = true
	}
	if got := len(crm.received()); got != n || len(seen) != n {
		t.Errorf("the backend got %d deliveries of %d events, not %d", got, len(seen), n)
	}
}
