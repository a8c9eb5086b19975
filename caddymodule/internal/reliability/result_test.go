package reliability

import (
	"encoding/json"
	"os"
	"testing"
)

// result is a row of the published table.
type result struct {
	Fault string `json:"fault"` // what was done to it, each once
	How   string `json:"how"`   // by which means
	Tried string `json:"tried"` // how often, with units
	Found string `json:"found"` // what was seen, with figures
	Held  bool   `json:"held"`
}

// report logs a result, and appends it to the file of -results.
func report(t *testing.T, r result) {
	t.Helper()
	r.Held = !t.Failed()
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", line)
	if *results == "" {
		return
	}
	f, err := os.OpenFile(*results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}
