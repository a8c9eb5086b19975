package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

var errNoAnswer = errors.New("that is no HTTP/1.1 answer")

// readAnswer reads one answer and wants the status.
func readAnswer(r *bufio.Reader, want int) error {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	rest, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(rest) < 3 {
		return fmt.Errorf("%w: %q", errNoAnswer, line)
	}
	status, err := strconv.Atoi(string(rest[:3]))
	if err != nil {
		return fmt.Errorf("%w: %q", errNoAnswer, line)
	}
	length, err := readHeader(r)
	if err != nil {
		return err
	}
	if status != want {
		body, _ := r.Peek(min(length, 200)) // what there is of it
		return fmt.Errorf("answered %d, not %d: %s", status, want, bytes.TrimSpace(body))
	}
	_, err = r.Discard(length)
	return err
}

// readHeader reads the fields of a request's or an answer's header and the
// empty line behind them. It returns the length of the body that follows.
func readHeader(r *bufio.Reader) (length int, err error) {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			return length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 {
				return 0, fmt.Errorf("%w: %q", errNoAnswer, line)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return 0, fmt.Errorf("%w: %q is not understood", errNoAnswer, line)
		}
	}
}
