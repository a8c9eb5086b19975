//go:build !linux

package main

import (
	"errors"
	"os"
)

// Run says at once that it needs Linux, so nothing here is ever called.

func (p *process) pause() error       { return errors.ErrUnsupported }
func (p *process) resume() error      { return errors.ErrUnsupported }
func fdatasync(*os.File) error        { return errors.ErrUnsupported }
func diskBytes(string) (int64, error) { return 0, errors.ErrUnsupported }
