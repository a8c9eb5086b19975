// Package published is what published results have in common: the machine and
// the versions that they are of, and the place in a README where their table stands.
package published

import (
	"errors"
	"os"
	"strings"
)

// The table of a README stands between these two lines.
const (
	tableBegins = "<!-- table -->\n"
	tableEnds   = "<!-- /table -->\n"
)

var errNoTable = errors.New("the readme has no place for the table, between <!-- table --> and <!-- /table -->")

// putTable replaces the table of a README.
func putTable(readme, table string) (string, error) {
	before, rest, begins := strings.Cut(readme, tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return "", errNoTable
	}
	return before + tableBegins + "\n" + table + "\n" + tableEnds + after, nil
}

// UpdateReadme writes the table into a README.
func UpdateReadme(file, table string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	updated, err := putTable(string(content), table)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(updated), 0o644)
}

// Cell is text that a table's cell can hold.
func Cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\r", " ", "\n", " ").Replace(text)
}
