package sample

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Curl is a request as a curl command for a shell. Where a proof holds a value
// in hidden, it names the environment variable that holds it.
func Curl(req *http.Request, body []byte, hidden map[string]string) string {
	quote := func(s string) string { return quoted(s, hidden) }
	lines := []string{"curl -X " + req.Method + " " + quote(req.URL.String())}
	header := req.Header.Clone()
	if user, password, ok := req.BasicAuth(); ok {
		lines = append(lines, "-u "+quote(user+":"+password))
		header.Del("Authorization")
	}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			lines = append(lines, "-H "+quote(name+": "+value))
		}
	}
	lines = append(lines, "--data-binary "+quoted(string(body), nil))
	return strings.Join(lines, " \\\n  ")
}

// quoted puts a text between single quotes, out of which only the names of
// hidden values stand.
func quoted(s string, hidden map[string]string) string {
	s = "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	for value, name := range hidden {
		s = strings.ReplaceAll(s, strings.ReplaceAll(value, "'", `'\''`), `'"$`+name+`"'`)
	}
	return strings.TrimSuffix(s, "''")
}
