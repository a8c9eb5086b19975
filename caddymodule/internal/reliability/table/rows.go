package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/porterslodge/porterslodge/caddymodule/internal/published"
)

// origin is what a result is of.
type origin struct {
	Date     string `json:"date"`
	Size     string `json:"size"`
	Seed     string `json:"seed"`
	Machine  string `json:"machine"`
	Versions string `json:"versions"`
}

// row is a result: what a test wrote, and what that is of.
type row struct {
	Fault string `json:"fault"`
	How   string `json:"how"`
	Tried string `json:"tried"`
	Found string `json:"found"`
	Held  bool   `json:"held"`
	origin
}

// table has one row for each fault, by its name.
type table []row

// sizes are those of a run, each larger than the one before.
var sizes = []string{"quick", "ci", "long"}

// with adds the results of a run, one on each line. A newer one takes the place of
// an older one, unless less was tried and it held all the same.
func (t table) with(results io.Reader, of origin) (table, error) {
	lines := bufio.NewScanner(results)
	number := 0
	for lines.Scan() {
		number++
		r := row{origin: of}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("line %d of the results: %w", number, err)
		}
		i := slices.IndexFunc(t, func(before row) bool { return before.Fault == r.Fault })
		switch {
		case i < 0:
			t = append(t, r)
		case !r.Held || slices.Index(sizes, r.Size) >= slices.Index(sizes, t[i].Size):
			t[i] = r
		}
	}
	if number == 0 && lines.Err() == nil {
		return nil, errors.New("the results are empty; did the tests run?")
	}
	slices.SortFunc(t, func(a, b row) int { return strings.Compare(a.Fault, b.Fault) })
	return t, lines.Err()
}

func (t table) markdown() string {
	var out strings.Builder
	runs := t.origins()
	out.WriteString("| fault | how | tried | found | held | run |\n|---|---|---|---|---|---|\n")
	for _, r := range t {
		held := "**no**"
		if r.Held {
			held = "yes"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %d |\n", published.Cell(r.Fault), published.Cell(r.How),
			published.Cell(r.Tried), published.Cell(r.Found), held, slices.Index(runs, r.origin)+1)
	}
	out.WriteString("\nRuns:\n\n")
	for i, of := range runs {
		fmt.Fprintf(&out, "%d. %s, size %s, seed %s: %s. %s.\n", i+1, of.Date, of.Size, of.Seed, of.Versions, of.Machine)
	}
	return out.String()
}

// origins are the runs of which something stands in the table.
func (t table) origins() (all []origin) {
	for _, r := range t {
		if !slices.Contains(all, r.origin) {
			all = append(all, r.origin)
		}
	}
	return all
}
