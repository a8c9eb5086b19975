package main

import (
	"os"
	"path/filepath"

	"github.com/porterslodge/porterslodge/caddymodule/internal/published"
)

// updateReadme writes the table into a README and the plot beside it.
func updateReadme(file, table, plot string) error {
	if err := published.UpdateReadme(file, table); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(file), "growth.svg"), []byte(plot), 0o644)
}
