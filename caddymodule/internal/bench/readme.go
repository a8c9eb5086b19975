package main

import (
	"errors"
	"os"
	"path/filepath"
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

// updateReadme writes the table into a README and the plot beside it.
func updateReadme(file, table, plot string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	updated, err := putTable(string(content), table)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(updated), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(file), "growth.svg"), []byte(plot), 0o644)
}
