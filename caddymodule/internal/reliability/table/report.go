package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/published"
)

// report is the results, and what they are of.
type report struct {
	Date     time.Time
	Machine  published.Machine
	Versions published.Versions
	Size     string
	Seed     string
	Rows     []row
}

// row is a result as a test wrote it.
type row struct {
	Fault, How, Tried, Found string
	Held                     bool
}

// read takes one result from each line. Of what was tried twice, the later counts.
func read(from io.Reader) (rows []row, err error) {
	at := make(map[[2]string]int)
	lines := bufio.NewScanner(from)
	for number := 1; lines.Scan(); number++ {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("line %d of the results: %w", number, err)
		}
		key := [2]string{r.Fault, r.How}
		if i, again := at[key]; again {
			rows[i] = r
			continue
		}
		at[key] = len(rows)
		rows = append(rows, r)
	}
	if len(rows) == 0 && lines.Err() == nil {
		return nil, errors.New("the results are empty; did the tests run?")
	}
	return rows, lines.Err()
}

func (r *report) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s. %s. Size %s, seed %s.\n\n", r.Date.Format("2 January 2006"), r.Machine, r.Versions, r.Size, r.Seed)
	out.WriteString("| fault | how | tried | found | held |\n|---|---|---|---|---|\n")
	for _, row := range r.Rows {
		held := "**no**"
		if row.Held {
			held = "yes"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", published.Cell(row.Fault), published.Cell(row.How),
			published.Cell(row.Tried), published.Cell(row.Found), held)
	}
	return out.String()
}
