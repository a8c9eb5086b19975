package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/published"
)

// report is all that a run found.
type report struct {
	Date     time.Time          `json:"date"`
	Machine  published.Machine  `json:"machine"`
	Versions published.Versions `json:"versions"`
	Sync     time.Duration      `json:"-"`
	// SyncSeconds is Sync for machines.
	SyncSeconds float64   `json:"sync_seconds"`
	Rounds      int       `json:"rounds"`
	Rows        []row     `json:"rows"`
	Growth      []curve   `json:"growth"`
	Failures    []failure `json:"failures"`
}

// failure is a measurement that could not be made.
type failure struct {
	Name  string `json:"measurement"`
	Error string `json:"error"`
}

// markdown is the table, with what it was measured on.
func (r *report) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s; a sync takes %s. %s. Medians of %d rounds.\n\n",
		r.Date.Format("2 January 2006"), r.Machine, ms(r.Sync.Seconds()), r.Versions, r.Rounds)
	out.WriteString("| what | bar | measured | plain Caddy | met |\n|---|---|---|---|---|\n")
	for _, row := range r.Rows {
		met := "no"
		switch {
		case row.Bar == "":
			met = ""
		case row.Met:
			met = "yes"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", row.What, row.Bar, row.Measured, row.Plain, met)
	}
	for _, f := range r.Failures {
		first, _, _ := strings.Cut(f.Error, "\n")
		fmt.Fprintf(&out, "| %s | | failed: %s | | no |\n", f.Name, published.Cell(first))
	}
	return out.String()
}

func (r *report) json(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	return e.Encode(r)
}
