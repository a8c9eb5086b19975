// Package show puts what a command has to say before whoever reads it: a
// person gets tables, with colour on a terminal, and a program gets JSON.
//
// What is shown may come from strangers, so no control character of it reaches
// a terminal.
package show

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// Screen is where a command writes to.
type Screen struct {
	w      io.Writer
	colour bool
}

// noColour is set by those who want none: https://no-color.org.
const noColour = "NO_COLOR" //nolint:misspell // so spelled there

// On returns a screen on w. There is colour where w is a terminal and nobody
// refused it.
func On(w io.Writer) *Screen {
	return &Screen{w: w, colour: IsTerminal(w) && os.Getenv(noColour) == "" && os.Getenv("TERM") != "dumb"}
}

// IsTerminal tells whether a person sees what is written to w, or types what
// is read from it.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Style is how a text looks on a terminal: an ANSI colour or weight.
type Style string

// The styles. Good, Warn and Bad say how things stand, Dim and Bold how much a
// text matters.
const (
	Plain Style = ""
	Bold  Style = "1"
	Dim   Style = "2"
	Bad   Style = "31"
	Good  Style = "32"
	Warn  Style = "33"
)

// Paint makes a text fit for the screen, in a style.
func (s *Screen) Paint(style Style, text string) string {
	text = clean(text)
	if !s.colour || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// Say writes a line.
func (s *Screen) Say(format string, args ...any) {
	s.Line(Plain, format, args...)
}

// Line writes a line in a style.
func (s *Screen) Line(style Style, format string, args ...any) {
	_, _ = fmt.Fprintln(s.w, s.Paint(style, fmt.Sprintf(format, args...)))
}

// JSON writes a value for programs, indented.
func (s *Screen) JSON(v any) error {
	e := s.encoder()
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// JSONLine writes a value on one line, where more will follow.
func (s *Screen) JSONLine(v any) error { return s.encoder().Encode(v) }

func (s *Screen) encoder() *json.Encoder {
	e := json.NewEncoder(s.w)
	e.SetEscapeHTML(false)
	return e
}

// clean replaces what could steer a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
