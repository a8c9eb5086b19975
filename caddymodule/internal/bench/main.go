// Command bench measures what the gateway costs, against plain Caddy from the
// same binary on the same machine. It starts both, offers them load over
// loopback, reads from /proc what they take, and prints a table in Markdown:
//
//	go run ./caddymodule/internal/bench
//
// It takes about 25 minutes and some 10 GB of disk, and runs on Linux only. To
// the gateway it is a stranger: it knows its Caddyfile, its answers and its log.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are those of the command line.
type options struct {
	only         *regexp.Regexp
	short        bool
	rounds       int
	folder       string
	caddy        string
	json         string
	plot, readme string
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := f.String("only", "", "make only the measurements whose name matches this `regexp`: "+names())
	f.BoolVar(&o.short, "short", false, "go through everything once in seconds, only to see that it works")
	f.IntVar(&o.rounds, "rounds", 5, "how often plain Caddy and the gateway are measured in turn")
	f.StringVar(&o.folder, "folder", "", "the `folder` below which stores are put for the time of the run (default: the system's for temporary files)")
	f.StringVar(&o.caddy, "caddy", "", "the `binary` to measure, instead of building it")
	f.StringVar(&o.json, "json", "", "write all figures as JSON to this `file`; - is standard output, instead of the table")
	f.StringVar(&o.plot, "plot", "", "draw how cost grows into this SVG `file`")
	f.StringVar(&o.readme, "readme", "", "write the table into this `file`, and growth.svg beside it")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("nothing but flags is understood, not %q", f.Arg(0))
	case o.rounds < 1:
		return o, errors.New("-rounds: at least 1 is needed")
	case o.readme != "" && (*only != "" || o.short):
		return o, errors.New("-readme takes the whole run, without -only and -short")
	case runtime.GOOS != "linux":
		return o, errors.New("this runs on Linux only: what processes take is read from /proc")
	}
	return o, nil
}
