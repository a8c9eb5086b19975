package show

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Table is rows under a head, in aligned columns.
type Table struct {
	head []string
	rows [][]Cell
}

// Cell is one field of a table.
type Cell struct {
	Text  string
	Style Style
	// right aligns the text at the right, as numbers are.
	right bool
}

// In puts a value into a cell of a style.
func In(style Style, value any) Cell {
	c := cell(value)
	c.Style = style
	return c
}

// NewTable returns a table with a head.
func NewTable(head ...string) *Table { return &Table{head: head} }

// Row adds a row. Values are Cells or anything that can be printed; numbers
// stand at the right of their column.
func (t *Table) Row(values ...any) {
	row := make([]Cell, len(values))
	for i, v := range values {
		row[i] = cell(v)
	}
	t.rows = append(t.rows, row)
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

func cell(value any) Cell {
	switch v := value.(type) {
	case Cell:
		return v
	case int, int64, uint64:
		return Cell{Text: fmt.Sprint(v), right: true}
	}
	return Cell{Text: fmt.Sprint(value)}
}

// Table writes a table.
func (s *Screen) Table(t *Table) {
	widths := t.widths()
	head := make([]Cell, len(t.head))
	for i, name := range t.head {
		head[i] = Cell{Text: name, Style: Bold, right: len(t.rows) > 0 && i < len(t.rows[0]) && t.rows[0][i].right}
	}
	s.row(head, widths)
	for _, row := range t.rows {
		s.row(row, widths)
	}
}

func (s *Screen) row(row []Cell, widths []int) {
	var line strings.Builder
	for i, c := range row {
		padding := strings.Repeat(" ", widths[i]-width(c.Text))
		painted := s.Paint(c.Style, c.Text)
		if i > 0 {
			line.WriteString("  ")
		}
		switch {
		case c.right:
			line.WriteString(padding + painted)
		case i == len(row)-1:
			line.WriteString(painted)
		default:
			line.WriteString(painted + padding)
		}
	}
	_, _ = fmt.Fprintln(s.w, strings.TrimRight(line.String(), " "))
}

// Fields writes cells on a line, where the others can't be known.
func (s *Screen) Fields(cells ...Cell) {
	painted := make([]string, len(cells))
	for i, c := range cells {
		painted[i] = s.Paint(c.Style, c.Text)
	}
	_, _ = fmt.Fprintln(s.w, strings.Join(painted, "  "))
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.head))
	for i, name := range t.head {
		widths[i] = width(name)
	}
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], width(c.Text))
		}
	}
	return widths
}

func width(text string) int { return utf8.RuneCountInString(text) }
