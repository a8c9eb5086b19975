package sample

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Curl is a request as a curl command for a shell. Where a proof holds a value
// in hidden, it names the environment variable that holds it.
func Curl(req *http.Request, body []byte, hidden map[string]string) string {
	quote := func(s string) string { return quoted(s, hidden) }
	lines := []string{"curl -X " + req.Method + " " + target(req.URL.String(), hidden)}
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

// target is the argument of a URL. What is hidden and has to be escaped there curl
// takes from the environment itself, from 8.3 on: a shell can't escape it.
func target(u string, hidden map[string]string) string {
	variables := ""
	for value, name := range hidden {
		for _, escaped := range []string{url.PathEscape(value), url.QueryEscape(value)} {
			if escaped != value && strings.Contains(u, escaped) {
				u = strings.ReplaceAll(u, escaped, "{{"+name+":url}}")
				variables += "--variable %" + name + " "
			}
		}
	}
	if variables == "" {
		return quoted(u, hidden)
	}
	return variables + "--expand-url " + quoted(u, hidden)
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
