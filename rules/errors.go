package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/file"
)

// Position is where an expression's first character stands, counted from 1.
// Line 0 means that it is unknown.
type Position struct {
	File         string
	Line, Column int
}

// String gives "file:line:column" as far as they are known.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	pos := fmt.Sprintf("%d:%d", p.Line, p.Column)
	if p.File == "" {
		return pos
	}
	return p.File + ":" + pos
}

// in shifts the position of an expression to a place inside it: line from 1,
// column from 0. Later lines stand as they are in the file.
func (p Position) in(line, column int) Position {
	switch {
	case p.Line == 0:
	case line <= 1:
		p.Column += column
	default:
		p.Line, p.Column = p.Line+line-1, column+1
	}
	return p
}

// Error is what is wrong with a rule, either when it is compiled or when it
// is evaluated. It holds text of the rule, never a value of an event.
type Error struct {
	// Rule is the rule's name; "" when the error is about none.
	Rule string
	At   Position
	// Message says what is wrong, Hint what to do about it; Hint may be "".
	Message, Hint string
	// Snippet is the line of the expression and a caret below the place.
	Snippet string
}

// Error gives position, rule, message and hint in a line, the snippet below.
func (e *Error) Error() string {
	s := e.line()
	if at := e.At.String(); at != "" {
		s = at + ": " + s
	}
	if e.Snippet != "" {
		s += "\n" + e.Snippet
	}
	return s
}

func (e *Error) line() string {
	s := e.Message
	if e.Rule != "" {
		s = "rule " + e.Rule + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Errors are all problems of a configuration.
type Errors []*Error

// Error joins them by newlines.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each of them to errors.Is and errors.As.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

// source is an expression with its place and whose it is, for errors about it.
type source struct {
	rule, text string
	at         Position
	// value names what isn't a rule, such as "event_id".
	value string
}

func (s source) err(message, hint string) *Error {
	if s.value != "" {
		message = s.value + ": " + message
	}
	return &Error{Rule: s.rule, At: s.at, Message: message, Hint: hint}
}

// errAt is an error at a place inside the expression.
func (s source) errAt(loc file.Location, message, hint string) *Error {
	bound := (&file.Error{Location: loc}).Bind(file.NewSource(s.text))
	e := s.err(message, hint)
	e.At = s.at.in(bound.Line, bound.Column)
	e.Snippet = strings.TrimPrefix(bound.Snippet, "\n")
	return e
}

// fault is a failure of an evaluation in words of ours: safe to show.
type fault struct{ message, hint string }

func (f *fault) Error() string { return f.message }

var errBudget = &fault{
	"it takes too long",
	"an evaluation has about 20 ms; compare less text, or loop over fewer items",
}

// failure turns what an evaluation died of into an error. Messages of expr
// and of Go may quote values, so only our own words pass.
func (s source) failure(err error) *Error {
	f := &fault{message: "a value can't be used as it is here", hint: "check what kind of value the event holds"}
	var at *file.Error
	if errors.As(err, &at) && strings.HasPrefix(at.Message, "memory budget") {
		f = errBudget
	}
	errors.As(err, &f)
	if at == nil {
		return s.err(f.message, f.hint)
	}
	return s.errAt(at.Location, f.message, f.hint)
}

// reason is the error in a sentence, with the place inside the rule.
func (e *Error) reason() string {
	s := e.Message
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	if at := e.At.String(); at != "" {
		s += ", at " + at
	}
	return s
}
