package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/published"
)

// run makes the measurements that were asked for and writes what they found.
func run(ctx context.Context, args []string) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp(o.folder, "porterslodge-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	b := &bench{scale: whole(o.rounds), folder: folder, progress: newProgress(os.Stderr)}
	if o.short {
		b.scale = brief()
	}
	defer func() { err = errors.Join(err, b.close()) }()
	r, err := b.all(ctx, o)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	if err := r.write(o); err != nil {
		return err
	}
	if n := len(r.Failures); n > 0 {
		return fmt.Errorf("%d of the measurements failed", n)
	}
	return nil
}

// all makes the measurements one after the other. One that fails leaves the
// others be.
func (b *bench) all(ctx context.Context, o options) (*report, error) {
	r, err := b.prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	made := 0
	for _, m := range measurements {
		if !o.only.MatchString(m.name) {
			continue
		}
		made++
		b.progress.begin(m.name)
		rows, err := m.run(b, ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for i := range rows {
			rows[i].Name = m.name
			err = errors.Join(err, rows[i].check())
		}
		r.Rows = append(r.Rows, rows...)
		if err != nil {
			b.progress.note("%s failed: %v", m.name, err)
			r.Failures = append(r.Failures, failure{m.name, err.Error()})
		}
	}
	if made == 0 {
		return nil, fmt.Errorf("-only matches no measurement; there are %s", names())
	}
	r.Growth = append(r.Growth, b.growth...)
	b.progress.note("done")
	return r, nil
}

// prepare makes the binary, starts plain Caddy and looks at the machine.
func (b *bench) prepare(ctx context.Context, o options) (r *report, err error) {
	b.progress.begin("preparing")
	r = &report{Date: time.Now(), Rounds: b.rounds, Rows: []row{}, Growth: []curve{}, Failures: []failure{}}
	if o.caddy == "" {
		b.caddy, err = build(ctx, b.folder)
	} else {
		b.caddy, err = filepath.Abs(o.caddy)
	}
	if err != nil {
		return nil, err
	}
	if r.Versions, err = published.VersionsOf(b.caddy); err != nil {
		return nil, err
	}
	if r.Machine, err = published.ThisMachine(b.folder); err != nil {
		return nil, err
	}
	if r.Machine.Filesystem == "tmpfs" {
		b.progress.note("the stores are in memory, where a sync costs nothing; choose a -folder on a disk")
	}
	if r.Sync, err = b.syncTime(); err != nil {
		return nil, err
	}
	r.SyncSeconds = r.Sync.Seconds()
	b.plain, err = b.begin(ctx, plainCaddy)
	return r, err
}

// write writes the report to wherever it was asked for.
func (r *report) write(o options) error {
	var errs []error
	table := r.markdown()
	if o.json != "-" {
		fmt.Print(table)
	}
	if o.json != "" {
		errs = append(errs, r.writeJSON(o.json))
	}
	drawing, err := plot(r.Growth)
	errs = append(errs, err)
	if o.plot != "" {
		errs = append(errs, os.WriteFile(o.plot, []byte(drawing), 0o644))
	}
	if o.readme != "" {
		errs = append(errs, updateReadme(o.readme, table, drawing))
	}
	return errors.Join(errs...)
}

func (r *report) writeJSON(file string) error {
	if file == "-" {
		return r.json(os.Stdout)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(r.json(f), f.Close())
}
