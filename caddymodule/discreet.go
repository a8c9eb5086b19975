package caddymodule

import (
	"bytes"
	"io"
	"log"
)

// unsolicited is how net/http begins to log what came behind an answer, before it
// quotes it.
var unsolicited = []byte("Unsolicited response received on idle HTTP channel")

// discreet is the standard logger's output without what a backend sent: net/http
// logs that, and it may be anything that the backend knows of a student.
type discreet struct{ io.Writer }

// Write implements io.Writer.
func (d discreet) Write(line []byte) (int, error) {
	if !bytes.Contains(line, unsolicited) {
		return d.Writer.Write(line)
	}
	const instead = "a backend or an upstream sent more than its answer, such as a body with a 204; net/http closed the connection\n"
	_, err := d.Writer.Write([]byte(instead))
	return len(line), err
}

// beDiscreet is called for each attempt, as some configs make Caddy set the output
// anew, also where they are refused then.
func beDiscreet() {
	if _, is := log.Writer().(discreet); !is {
		log.SetOutput(discreet{log.Writer()})
	}
}
