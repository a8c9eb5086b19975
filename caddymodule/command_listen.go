package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/listen"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// defaultListen is where Caddyfile.example has its CRM.
const defaultListen = "127.0.0.1:9001"

func listenCommand() *cobra.Command {
	var secret secretFlag
	var status, count int
	c := &cobra.Command{
		Use:   "listen [address]",
		Short: "Plays a backend: prints events as they are delivered",
		Long: `
Listens for deliveries and prints a line for each: the time, type, subject,
event id and source. Point a backend of the Caddyfile at it to see what it
would get. It listens on loopback, on port 9001, unless told otherwise, and
stops with Ctrl+C.

With the backend's secret it verifies webhook-signature, and answers 401 where
that is wrong. With --status 500 it plays a backend that is broken.`,
		Example: `  $ caddy webhooks listen
  $ caddy webhooks listen 127.0.0.1:9002 --secret-env CRM_SECRET --json
  $ caddy webhooks listen --status 500`,
		Args: takes(0, 1),
	}
	f := c.Flags()
	secret.register(f, "secret", "the backend's `secret`, to verify what comes")
	f.IntVar(&status, "status", http.StatusNoContent, "the `status` to answer")
	f.IntVar(&count, "count", 0, "stop after this `number` of events (default: never)")
	asJSON := f.Bool("json", false, "write each event whole, as a line of JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		value, err := secret.read("secret", make(map[string]string))
		if err != nil {
			return err
		}
		address := defaultListen
		if len(args) == 1 {
			address = args[0]
		}
		backend, err := listen.New(show.On(c.OutOrStdout()), listen.Options{Secret: value, Status: status, Count: count, JSON: *asJSON})
		if err != nil {
			return err
		}
		return serveUntilDone(c, address, backend)
	}
	return c
}

// serveUntilDone serves until the backend has had enough or the operator has.
func serveUntilDone(c *cobra.Command, address string, backend *listen.Backend) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%w; write an address such as %s that nobody else listens on", err, defaultListen)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		show.On(c.ErrOrStderr()).Line(show.Warn, "others in the network can reach this address")
	}
	show.On(c.ErrOrStderr()).Line(show.Dim, "listening on http://%s; stop with Ctrl+C", l.Addr())
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Handler: backend, ReadTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	case <-backend.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
