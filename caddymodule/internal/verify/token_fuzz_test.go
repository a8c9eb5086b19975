package verify

import (
	"strings"
	"testing"
)

// FuzzToken holds the reading of a token against comparing plain text.
func FuzzToken(f *testing.F) {
	tokens := []string{"a-token", "another token"}
	plain := must(f)(NewToken("X-Token", tokens))
	bearer := must(f)(NewToken("Authorization", tokens))
	inURL := must(f)(NewURLToken(tokens))
	reasons := vocabulary(f)
	for _, value := range []string{"a-token", "another token", "Bearer a-token", "bEARER  another token", "Bearer", "a-token ", "\ta-token", "A-token", "a-token,a-token", "Bearer\ta-token", "Bearer Bearer a-token", ""} {
		f.Add(value, "")
		f.Add(value, value)
		f.Add("", value)
	}
	f.Add("a-token"+strings.Repeat(" ", maxHeader), "")
	f.Fuzz(func(t *testing.T, first, second string) {
		var given []string
		for _, line := range []string{first, second} {
			if line = strings.Trim(line, " \t"); line != "" {
				given = append(given, line)
			}
		}
		is := func(value string) bool { return value == tokens[0] || value == tokens[1] }
		once := len(given) == 1
		for name, c := range map[string]struct {
			v    Verifier
			r    *Request
			want bool
		}{
			"a header":      {plain, request("", "X-Token", first, "X-Token", second), once && is(given[0])},
			"Authorization": {bearer, request("", "Authorization", first, "Authorization", second), once && (is(given[0]) || isBearer(given[0], is))},
			"the URL":       {inURL, &Request{Token: first}, is(first)},
		} {
			got := c.v.Verify(c.r)
			sane(t, reasons, got)
			if got.OK != c.want {
				t.Errorf("%s: %q and %q: got %+v, want %v", name, first, second, got, c.want)
			}
		}
	})
}

func isBearer(value string, is func(string) bool) bool {
	return len(value) > 7 && len(value) <= maxHeader && strings.EqualFold(value[:7], "Bearer ") && is(strings.TrimLeft(value[7:], " "))
}
