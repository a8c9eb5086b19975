package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// placeholders are what a template may name.
var placeholders = []string{"timestamp", "id", "body", "method", "url"}

// values are what one request puts in the place of the placeholders.
type values struct {
	timestamp, id, method, url string
	body                       []byte
}

func (v values) of(placeholder string) []byte {
	switch placeholder {
	case "timestamp":
		return []byte(v.timestamp)
	case "id":
		return []byte(v.id)
	case "method":
		return []byte(v.method)
	case "url":
		return []byte(v.url)
	}
	return v.body
}

// segment is a piece of a template: a placeholder's name, or literal text.
type segment struct{ placeholder, literal string }

// signed is the template of what a sender signs.
type signed []segment

// parseSigned reads a template such as "{timestamp}.{body}". Braces stand
// around placeholders only, and each placeholder stands once.
func parseSigned(template string) (signed, error) {
	var s signed
	for rest := template; rest != ""; {
		literal, after, found := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("signed has a } without its {")
		}
		if literal != "" {
			s = append(s, segment{literal: literal})
		}
		if !found {
			break
		}
		name, after, found := strings.Cut(after, "}")
		switch {
		case !found:
			return nil, errors.New("signed has a { without its }")
		case !slices.Contains(placeholders, name):
			return nil, fmt.Errorf("signed has an unknown placeholder {%s}: use {%s}", name, strings.Join(placeholders, "}, {"))
		case s.index(name) >= 0:
			return nil, fmt.Errorf("signed has {%s} twice: leave one out", name)
		}
		s = append(s, segment{placeholder: name})
		rest = after
	}
	if s.index("body") < 0 {
		return nil, errors.New("signed has no {body}: a signature that leaves the body out proves nothing about it")
	}
	return s, nil
}

func (s signed) index(placeholder string) int {
	return slices.IndexFunc(s, func(g segment) bool { return g.placeholder == placeholder })
}

// separators returns the characters that end a placeholder's value on either
// side, and whether each of its neighbours is a literal.
func (s signed) separators(placeholder string) (string, bool) {
	i, chars := s.index(placeholder), ""
	if i > 0 {
		before := s[i-1].literal
		if before == "" {
			return "", false
		}
		chars += before[len(before)-1:]
	}
	if i < len(s)-1 {
		after := s[i+1].literal
		if after == "" {
			return "", false
		}
		chars += after[:1]
	}
	return chars, true
}

// write writes what is signed.
func (s signed) write(w io.Writer, v values) {
	for _, g := range s {
		if g.placeholder == "" {
			_, _ = io.WriteString(w, g.literal) // a hash.Hash never fails
			continue
		}
		_, _ = w.Write(v.of(g.placeholder))
	}
}

// plain tells whether what is signed can be cut into these values in one way
// only. Otherwise a digit could move between a timestamp and the body beside
// it, or a part of the body into the URL, under the same signature. An id is
// held off by its separators.
func (s signed) plain(v values) bool {
	if i := s.index("timestamp"); i >= 0 {
		if i > 0 && endsWithDigit(v, s[i-1]) || i < len(s)-1 && startsWithDigit(v, s[i+1]) {
			return false
		}
	}
	return s.index("url") < 0 || urlAndJSON(v)
}

func endsWithDigit(v values, g segment) bool {
	b := v.of(g.placeholder)
	return g.placeholder != "" && len(b) > 0 && isDigit(b[len(b)-1])
}

func startsWithDigit(v values, g segment) bool {
	b := v.of(g.placeholder)
	return g.placeholder != "" && len(b) > 0 && isDigit(b[0])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// urlAndJSON tells whether the body's own brackets mark where it begins and
// ends: it is a JSON object or array, and the URL has no brackets.
func urlAndJSON(v values) bool {
	body := bytes.TrimSpace(v.body)
	if len(body) < 2 || strings.ContainsAny(v.url, "{}[] \t\r\n") {
		return false
	}
	first, last := body[0], body[len(body)-1]
	return first == '{' && last == '}' || first == '[' && last == ']'
}
