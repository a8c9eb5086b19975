package reliability

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// mutation is something that a forger does to a genuine request: to what is
// signed, or to the request afterwards. Which of them may pass all the same is
// for the second implementation to say.
type mutation struct {
	name   string
	before func(s *signing)
	after  func(m *message, spot string)
	// body is set where after is about the body, and so the same for each spot.
	body bool
}

func signedWith(name string, before func(s *signing)) mutation {
	return mutation{name: name, before: before}
}

// written changes the text of a proof.
func written(name string, change func(string) string) mutation {
	return mutation{name: name, after: func(m *message, spot string) { m.edit(spot, change) }}
}

func bodied(name string, change func(string) string) mutation {
	return mutation{name: name, body: true, after: func(m *message, _ string) { m.body = change(m.body) }}
}

func mutations(choose *rand.Rand) []mutation {
	at := func(s string) int { return choose.IntN(max(1, len(s))) }
	flip := func(s string) string {
		if s == "" {
			return s
		}
		b, i := []byte(s), at(s)
		if b[i] ^= 1 << choose.IntN(6); b[i] < ' ' || b[i] == 0x7f {
			b[i] = '!'
		}
		return string(b)
	}
	shifted := func(seconds int64) func(*signing) {
		return func(s *signing) {
			n, _ := strconv.ParseInt(s.ts, 10, 64)
			s.ts = strconv.FormatInt(n+seconds, 10)
		}
	}
	return append(append(signedMutations(shifted), bodyMutations(flip, at)...), writtenMutations(flip, at)...)
}

func signedMutations(shifted func(int64) func(*signing)) []mutation {
	return []mutation{
		signedWith("another secret", func(s *signing) { s.secret = "another secret" }),
		signedWith("no secret", func(s *signing) { s.secret = "" }),
		signedWith("the secret in upper case", func(s *signing) { s.secret = strings.ToUpper(s.secret) }),
		signedWith("the secret without its end", func(s *signing) { s.secret = s.secret[:max(1, len(s.secret))-1] }),
		signedWith("the secret and more", func(s *signing) { s.secret += "x" }),
		signedWith("another algorithm", func(s *signing) { s.algorithm = "sha1" }),
		signedWith("a longer algorithm", func(s *signing) { s.algorithm = "sha384" }),
		signedWith("stale", shifted(-fiveMinutes-20)),
		signedWith("from the future", shifted(fiveMinutes+20)),
		signedWith("nearly stale", shifted(-fiveMinutes+20)),
		signedWith("a time in words", func(s *signing) { s.ts = "now" }),
		signedWith("a time with a plus", func(s *signing) { s.ts = "+" + s.ts }),
		signedWith("a time with a zero", func(s *signing) { s.ts = "0" + s.ts }),
		signedWith("a time with a fraction", func(s *signing) { s.ts += ".5" }),
		signedWith("a time in milliseconds", func(s *signing) { s.ts += "000" }),
		signedWith("no time", func(s *signing) { s.ts = "" }),
		signedWith("an id with a dot", func(s *signing) { s.id += ".1" }),
		signedWith("an id with a space", func(s *signing) { s.id = "msg 1" }),
		signedWith("an empty id", func(s *signing) { s.id = "" }),
		signedWith("over another body", func(s *signing) { s.over = `{"id":"another"}` }),
	}
}

func bodyMutations(flip func(string) string, at func(string) int) []mutation {
	return []mutation{
		bodied("one bit of the body", flip),
		bodied("no body", func(string) string { return "" }),
		bodied("body cut off", func(s string) string { return s[:at(s)] }),
		bodied("body with a line end", func(s string) string { return s + "\n" }),
		bodied("body with another number", func(s string) string { return strings.Replace(s, ":17", ":18", 1) }),
		bodied("body as other JSON", func(s string) string { return strings.ReplaceAll(s, ":", ": ") }),
		bodied("body with a member more", func(s string) string { return strings.Replace(s, "{", `{"type":"x",`, 1) }),
		bodied("body twice", func(s string) string { return s + s }),
	}
}

func writtenMutations(flip func(string) string, at func(string) int) []mutation {
	again := func(value string) func(*message, string) {
		return func(m *message, spot string) {
			if lines, _ := all(m, spot); len(lines) > 0 {
				m.header = append(m.header, [2]string{spot, strings.ReplaceAll(value, "{}", lines[0])})
			}
		}
	}
	renamed := func(old, with string) func(*message, string) {
		return func(m *message, spot string) {
			for i := range m.header {
				if strings.EqualFold(m.header[i][0], spot) {
					m.header[i][0] = strings.ReplaceAll(m.header[i][0], old, with)
				}
			}
		}
	}
	return []mutation{
		{name: "header missing", after: func(m *message, spot string) {
			kept := m.header[:0]
			for _, h := range m.header {
				if !strings.EqualFold(h[0], spot) {
					kept = append(kept, h)
				}
			}
			m.header = kept
			m.edit(inURL, func(s string) string {
				if spot == inURL {
					return ""
				}
				return s
			})
		}},
		written("empty", func(string) string { return "" }),
		written("blank", func(string) string { return " \t " }),
		written("one bit", flip),
		written("another bit", flip),
		written("cut at the end", func(s string) string { return s[:max(1, len(s))-1] }),
		written("cut at the beginning", func(s string) string { return s[min(1, len(s)):] }),
		written("cut in the middle", func(s string) string { return s[:len(s)/2] }),
		written("cut anywhere", func(s string) string { return s[:at(s)] }),
		written("one character more", func(s string) string { return s + "0" }),
		written("one character before", func(s string) string { return "0" + s }),
		written("upper case", strings.ToUpper),
		written("lower case", strings.ToLower),
		written("space round it", func(s string) string { return "  " + s + "\t" }),
		written("space within", func(s string) string { i := at(s); return s[:i] + " " + s[i:] }),
		written("quoted", func(s string) string { return `"` + s + `"` }),
		written("in 0x", func(s string) string { return "0x" + s }),
		written("doubled", func(s string) string { return s + s }),
		written("a list of it", func(s string) string { return s + "," + s }),
		written("the last of a list", func(s string) string { return "v1=00,v0=00," + s }),
		written("the first of a list", func(s string) string { return s + ";v9=ff" }),
		written("one of seventeen", func(s string) string { return strings.Repeat("v1=00,v0=00,sha256=00,00,", 17) + s }),
		written("a wrong one only", func(s string) string { return strings.Repeat("0", len(s)) }),
		written("the end of a long one", func(s string) string { return strings.Repeat("x", 5000) + s }),
		written("beyond ASCII", func(s string) string { return s + "é" }),
		written("escaped twice", func(s string) string { return strings.ReplaceAll(s, "-", "%2D") + "%20" }),
		{name: "twice", after: again("{}")},
		{name: "twice, once wrong", after: again("0{}")},
		{name: "by the name with underscores", after: renamed("-", "_")},
		{name: "by the name with dots", after: renamed("-", ".")},
		{name: "by a longer name", after: renamed("X-", "X-Original-")},
		{name: "by the name in upper case", after: func(m *message, spot string) {
			for i := range m.header {
				if strings.EqualFold(m.header[i][0], spot) {
					m.header[i][0] = strings.ToUpper(m.header[i][0])
				}
			}
		}},
	}
}
