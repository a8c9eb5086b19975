package main

import (
	"context"
	"strings"
)

// measurement is one step of a run. What it finds becomes rows of the table,
// or points of growth.
type measurement struct {
	name string
	run  func(*bench, context.Context) ([]row, error)
}

// measurements are all, in an order in which later ones use what earlier ones
// have stored.
var measurements = []measurement{
	{"start", (*bench).measureStart},
	{"offered", (*bench).measureOffered},
	{"single", (*bench).measureSingle},
	{"duplicates", (*bench).measureDuplicates},
	{"forged", (*bench).measureForged},
	{"rules", (*bench).measureRules},
	{"idle", (*bench).measureIdle},
	{"payloads", (*bench).measurePayloads},
	{"deliver", (*bench).measureDeliver},
	{"stored", (*bench).measureStored},
	{"keys", (*bench).measureKeys},
	{"waiting", (*bench).measureWaiting},
	{"purged", (*bench).measurePurged},
}

// names are those of all measurements.
func names() string {
	all := make([]string, len(measurements))
	for i, m := range measurements {
		all[i] = m.name
	}
	return strings.Join(all, ", ")
}
