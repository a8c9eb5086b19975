// Package show puts what a command has to say before whoever reads it: a
// person gets tables, with colour on a terminal, and a program gets JSON.
//
// What is shown may come from strangers, so no control character of it reaches
// a terminal.
package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

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
func (s *Screen) JSON(v any) error { return s.encode(v, "  ") }

// JSONLine writes a value on one line, where more will follow.
func (s *Screen) JSONLine(v any) error { return s.encode(v, "") }

func (s *Screen) encode(v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := s.w.Write(escaped(b.String()))
	return err
}

// escaped is JSON whose strings hold nothing that could steer a terminal, and
// that means the same. Bytes that are no UTF-8 become what a decoder makes of them.
func escaped(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r == '\n' || !steers(r) { // a line break ends a line of the JSON itself
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}

// clean replaces what could steer a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if steers(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// steers tells whether a terminal may do with a character what isn't printing it.
func steers(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
