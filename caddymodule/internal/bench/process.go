package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a running Caddy.
type process struct {
	cmd     *exec.Cmd
	address string
	// dir is its home: its Caddyfile, its log and its store.
	dir string
	// exited is closed when it has ended, with err.
	exited chan struct{}
	err    error
	// first is how long after its start it answered 2xx.
	first time.Duration
	// kept counts the events it holds, if all that was answered is one.
	kept int
	// restless: it is never idle, for its backend is dead.
	restless bool
}

// start runs Caddy on a config in which PORT stands for where it listens,
// and waits until it answers. What dir holds of a run before it goes on using.
func start(ctx context.Context, binary, dir, config string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	config = strings.ReplaceAll(config, "PORT", port)
	if err := os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own
	cmd := exec.CommandContext(ctx, binary, "run", "--config", "Caddyfile", "--adapter", "caddyfile")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd.Stdout, cmd.Stderr = log, log
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, address: address, dir: dir, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		p.err = cmd.Wait()
	}()
	if err := p.await(ctx); err != nil {
		return nil, errors.Join(err, p.kill())
	}
	p.first = time.Since(begun)
	return p, nil
}

// readyID is the event id of what is sent to see whether a server answers.
const readyID = 1 << 50

// await sends one event until the first 2xx.
func (p *process) await(ctx context.Context) error {
	request := newWriter(kib).event(readyID, false)
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(5 * time.Millisecond) {
		select {
		case <-p.exited:
			return fmt.Errorf("it ended before it answered: %v", p.cmd.ProcessState)
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if p.ready(request) {
			return nil
		}
	}
	return errors.New("it did not answer 2xx within a minute")
}

func (p *process) ready(request []byte) bool {
	conn, err := net.DialTimeout("tcp", p.address, time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // all that mattered was read
	if conn.SetDeadline(time.Now().Add(10*time.Second)) != nil {
		return false
	}
	if _, err := conn.Write(request); err != nil {
		return false
	}
	answer := make([]byte, len("HTTP/1.1 2"))
	n, err := conn.Read(answer)
	return err == nil && string(answer[:n]) == "HTTP/1.1 2"
}

// stop ends a process as an operator would.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return p.err
	case <-time.After(2 * time.Minute):
		return errors.Join(errors.New("it did not stop within two minutes"), p.kill())
	}
}

// kill ends a process at once, and does nothing to one that has ended.
func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	<-p.exited
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// tail is the end of its log.
func (p *process) tail() string { return tail(filepath.Join(p.dir, "log")) }

// tailLines is as much of a log as helps to see why something failed.
const tailLines = 15

func tail(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	end := make([]byte, min(info.Size(), 8<<10))
	n, _ := f.ReadAt(end, info.Size()-int64(len(end))) // what there is
	lines := strings.Split(strings.TrimSpace(string(end[:n])), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// freeAddress is a loopback address that nobody listened on just now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
