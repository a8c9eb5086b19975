package verify

import (
	"strings"
	"testing"
)

const knolyxHeader = "X-Webhook-Security-Token"

func TestAnyTokenOfSeveralMatches(t *testing.T) {
	tokens := []string{"first-token", "second-token"}
	header, url := must(t)(NewToken(knolyxHeader, tokens)), must(t)(NewURLToken(tokens))
	for i, token := range tokens {
		wantOK(t, header, request("", knolyxHeader, token), i)
		r := request("")
		r.Token = token
		wantOK(t, url, r, i)
	}
}

func TestAuthorizationTakesABearerToken(t *testing.T) {
	v := must(t)(NewToken("authorization", []string{"a bearer token"}))
	for _, value := range []string{"Bearer a bearer token", "bearer  a bearer token", "a bearer token"} {
		wantOK(t, v, request("", "Authorization", value), 0)
	}
	for _, value := range []string{"Bearer", "Bearer a bearer", "Basic a bearer token", "Bearer Bearer a bearer token", "Bearera bearer token"} {
		wantRefused(t, v, request("", "Authorization", value), ReasonNoMatch)
	}
	v = must(t)(NewToken(knolyxHeader, []string{"a bearer token"}))
	wantRefused(t, v, request("", knolyxHeader, "Bearer a bearer token"), ReasonNoMatch)
}

// changed are near misses of a token.
func changed(token string) map[string]string {
	all := map[string]string{
		"cut at the end":      token[:len(token)-1],
		"cut at the start":    token[1:],
		"first character":     token[:1],
		"one more":            token + "x",
		"one before":          "x" + token,
		"twice":               token + token,
		"lower case":          strings.ToLower(token),
		"upper case":          strings.ToUpper(token),
		"reversed case":       "kNOLYX-tOKEN-1",
		"space within":        token[:3] + " " + token[3:],
		"nul at the end":      token + "\x00",
		"nul and more":        token + "\x00x",
		"line end":            token + "\n",
		"comma":               token + ",",
		"a list":              token + ", " + token,
		"quotes":              `"` + token + `"`,
		"a scheme":            "Bearer " + token,
		"a name":              "token=" + token,
		"percent encoded":     strings.ReplaceAll(token, "-", "%2D"),
		"another dash":        strings.ReplaceAll(token, "-", "\u2010"),
		"a byte order mark":   "\ufeff" + token,
		"an accent":           strings.Replace(token, "o", "ö", 1),
		"last character":      token[:len(token)-1] + "2",
		"zeros":               strings.Repeat("0", len(token)),
		"NULs":                strings.Repeat("\x00", len(token)),
		"undefined":           "undefined",
		"its digest":          hexSum(token, ""),
		"a glob":              "*",
		"a placeholder":       "{env.KNOLYX_TOKEN}",
		"two with a line end": token + "\r\n" + token,
	}
	return all
}

func TestNoMutatedTokenVerifies(t *testing.T) {
	const token = "Knolyx-Token-1"
	mutations := []mutation{
		{"no header", remove(knolyxHeader), ReasonTokenMissing},
		{"empty", set(knolyxHeader, ""), ReasonTokenMissing},
		{"blank", set(knolyxHeader, " \t"), ReasonTokenMissing},
		{"twice the same", add(knolyxHeader, token), ReasonTokenTwice},
		{"another one too", add(knolyxHeader, "x"), ReasonTokenTwice},
		{"too long", set(knolyxHeader, strings.Repeat("x", maxHeader+1)), ReasonTokenTooLong},
		{"in another header", func(r *Request) { r.Header.Del(knolyxHeader); r.Header.Set("Authorization", token) }, ReasonTokenMissing},
		{"in the URL", func(r *Request) { r.Header.Del(knolyxHeader); r.Token = token }, ReasonTokenMissing},
	}
	for name, value := range changed(token) {
		mutations = append(mutations, mutation{name, set(knolyxHeader, value), ReasonNoMatch})
	}
	v := must(t)(NewToken(knolyxHeader, []string{token, "another-token"}))
	never(t, v, func() *Request { return request("", knolyxHeader, token) }, mutations)
}

func TestNoMutatedURLTokenVerifies(t *testing.T) {
	const token = "Knolyx-Token-1"
	in := func(token string) func(*Request) { return func(r *Request) { r.Token = token } }
	mutations := []mutation{
		{"none", in(""), ReasonTokenMissing},
		{"too long", in(strings.Repeat("x", maxHeader+1)), ReasonTokenTooLong},
		{"space", in(" "), ReasonNoMatch},
		{"space after", in(token + " "), ReasonNoMatch},
		{"in a header", func(r *Request) { r.Token = ""; r.Header.Set(knolyxHeader, token) }, ReasonTokenMissing},
	}
	for name, value := range changed(token) {
		mutations = append(mutations, mutation{name, in(value), ReasonNoMatch})
	}
	v := must(t)(NewURLToken([]string{token, "another-token"}))
	never(t, v, func() *Request { r := request(""); r.Token = token; return r }, mutations)
}

func TestTokensThatProtectNothingAreRefused(t *testing.T) {
	for _, c := range []struct {
		tokens []string
		want   string
	}{
		{nil, "no token is given"},
		{[]string{}, "no token is given"},
		{[]string{""}, "token 1 is empty"},
		{[]string{"long enough", "  "}, "token 2 is empty"},
		{[]string{"long enough", " SECRET"}, "token 2 begins or ends with white space"},
		{[]string{"SECRET\n"}, "token 1 begins or ends with white space"},
	} {
		for name, build := range map[string]func() (Verifier, error){
			"header": func() (Verifier, error) { return NewToken("X-Token", c.tokens) },
			"url":    func() (Verifier, error) { return NewURLToken(c.tokens) },
		} {
			v, err := build()
			if err == nil || v != nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s %q: %v, want %q", name, c.tokens, err, c.want)
			}
		}
	}
	for _, header := range []string{"", "X Token", "X-Token:"} {
		if _, err := NewToken(header, []string{"long enough"}); err == nil {
			t.Errorf("header %q is taken", header)
		}
	}
}
