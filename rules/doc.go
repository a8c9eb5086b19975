// Package rules is the rule language: conditions over an event, the backends
// it goes to, and transforms of its data. It knows nothing of requests, stores
// or clocks.
//
// Start with Compile, which takes a Config and reports all its problems with
// file, line, column and the nearest known name; then Set.Decide, which says
// what becomes of an event. CompileValue and CompileExtract are for single
// values: what a backend's deliveries are ordered by, and what a custom source
// reads out of a request. Decode turns JSON into what expressions read; Reads
// tells which Part of it they do, so that the rest need not be decoded.
//
// The language is that of https://expr-lang.org, with these differences.
//
// What is missing never fails a rule. An entity or field of data and previous
// that the event lacks is empty or zero. original and body are open: any path,
// and what isn't there, or stands below something of another kind, is nil.
// Nil compares false with everything but nil; it is an empty list and, as a
// condition, false; functions and arithmetic of nil give nil, and its length
// is 0. Values of different kinds compare false too. Only where a value that
// is there cannot be used, such as date("soon") or a text as a condition,
// does the rule fail.
//
// An expression depends on the event alone: there is no now() and no local
// time zone, and keys and values come in order. Numbers of the payload keep
// their digits and compare by all of them; arithmetic is in float64 beyond 64
// bits.
//
// An evaluation is bounded in time and memory by counting its work, about
// 20 ms of it; so the same event always gets the same verdict. A regular
// expression must be a literal, and the text that it may search is the
// shorter, the longer it is: about 100 KB for an ordinary one. fromJSON takes
// texts up to 200 KB. An expression may be 16 KB long.
//
// Files: rule.go and decide.go are the rules; compile.go leads an expression
// through checking (permitted.go), rewriting (open.go, rewrite.go, binary.go) and
// compiling; operators.go, numbers.go, lookup.go, functions.go and builtins.go
// are what rewriting puts in; run.go and pay.go hold the bounds; decode.go and
// reads.go are about payloads.
package rules
