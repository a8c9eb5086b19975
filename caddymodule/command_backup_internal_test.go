package caddymodule

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOfTwoBackupsAtOnceNoneSpoilsTheOther(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "backup")
	begin := func(content string) *backupFile {
		b, err := createBackup(path, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.WriteString(content); err != nil {
			t.Fatal(err)
		}
		return b
	}
	first, second := begin("whole"), begin("cut o")
	if err := first.keep(); err != nil {
		t.Error(err)
	}
	if err := second.drop(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); string(got) != "whole" {
		t.Errorf("%q, %v", got, err)
	}
	if left, err := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
