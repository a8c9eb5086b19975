package show

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func colourful(w *bytes.Buffer) *Screen { return &Screen{w: w, colour: true} }

func TestAPipeGetsNoColour(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	On(w).Line(Bad, "broken")
	_ = w.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(r); err != nil || got.String() != "broken\n" {
		t.Errorf("got %q, %v", &got, err)
	}
}

func TestColumnsAlignWithColourAndWithout(t *testing.T) {
	table := NewTable("SOURCE", "NEW", "STATE")
	table.Row("knolyx", 7, In(Good, "ok"))
	table.Row("zoë", 1204, In(Bad, "dead"))
	want := "SOURCE   NEW  STATE\nknolyx     7  ok\nzoë     1204  dead\n"
	var plain, coloured bytes.Buffer
	On(&plain).Table(table)
	if plain.String() != want {
		t.Errorf("got\n%s", &plain)
	}
	colourful(&coloured).Table(table)
	bare := coloured.String()
	for _, code := range []Style{"0", Bold, Good, Bad} {
		if !strings.Contains(bare, "\x1b["+string(code)+"m") {
			t.Errorf("no %s in %q", code, bare)
		}
		bare = strings.ReplaceAll(bare, "\x1b["+string(code)+"m", "")
	}
	if bare != want {
		t.Errorf("with colour got\n%s", bare)
	}
}

// A sender or a backend could otherwise rewrite what an operator sees.
func TestNobodySteersTheTerminal(t *testing.T) {
	var got bytes.Buffer
	s := colourful(&got)
	s.Say("%s", "\x1b[2Jall is well\r\u202e")
	table := NewTable("ID")
	table.Row("a\x1b]0;title\x07\nb")
	s.Table(table)
	for _, bad := range []string{"\x1b[2J", "\x1b]", "\r", "\x07", "\u202e", "\nb"} {
		if strings.Contains(got.String(), bad) {
			t.Errorf("%q reaches the terminal: %q", bad, &got)
		}
	}
}

func TestJSONKeepsWhatHTMLWouldEscape(t *testing.T) {
	var got bytes.Buffer
	s := On(&got)
	if err := s.JSONLine(map[string]string{"name": "Tax <2026> & more"}); err != nil {
		t.Fatal(err)
	}
	if err := s.JSON([]int{1}); err != nil {
		t.Fatal(err)
	}
	if want := "{\"name\":\"Tax <2026> & more\"}\n[\n  1\n]\n"; got.String() != want {
		t.Errorf("got %s", &got)
	}
}

// A line break outside of strings is the JSON's own.
func TestNobodySteersTheTerminalByJSONWhichMeansTheSame(t *testing.T) {
	const nasty = "Ana \x1b[2J \u009b2J\u009d0;pwned\u009c \u202e\u200b\x7f \U000e0041\r\n\\u009b zoë 学 🎓"
	raw := json.RawMessage("\"\u009b2J \u202e \x9b2J\"")
	for _, write := range []func(*Screen, any) error{(*Screen).JSON, (*Screen).JSONLine} {
		var got bytes.Buffer
		if err := write(On(&got), map[string]any{"name": nasty, nasty: 1, "original": raw}); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(got.String(), func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }); i >= 0 || !utf8.Valid(got.Bytes()) {
			t.Errorf("at %d something reaches the terminal: %q", i, &got)
		}
		var back map[string]any
		if err := json.Unmarshal(got.Bytes(), &back); err != nil {
			t.Fatalf("%v: %s", err, &got)
		}
		if back["name"] != nasty || back[nasty] != 1.0 || back["original"] != "\u009b2J \u202e \ufffd2J" {
			t.Errorf("it means %q", back)
		}
		if !strings.Contains(got.String(), "zoë 学 🎓") {
			t.Errorf("what can be read is escaped: %s", &got)
		}
	}
}
