package caddymodule

import (
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// resolve replaces global placeholders such as {env.NAME} and {file./path}. An
// empty or unknown one is an error: it would be an empty secret. The error
// names the placeholder and never a value.
func resolve(what, value string) (string, error) {
	if strings.Contains(value, "{http.") {
		return "", fmt.Errorf("%s: a placeholder of the request stands in it; "+
			"for a file write its whole path, as in {file./run/secrets/token}, and for the environment {env.NAME}", what)
	}
	resolved, err := caddy.NewReplacer().ReplaceOrErr(value, true, true)
	if err != nil {
		return "", fmt.Errorf("%s: %w; set it, or write \\{ where the brace belongs to the value", what, err)
	}
	return resolved, nil
}

// secrets resolves a list of secrets, none of which may come out empty.
func secrets(what string, values []string) ([]string, error) {
	out := make([]string, len(values))
	for i, v := range values {
		name := what
		if len(values) > 1 {
			name = fmt.Sprintf("%s %d", what, i+1)
		}
		resolved, err := resolve(name, v)
		if err != nil {
			return nil, err
		}
		// A file's last line break is no part of its secret.
		if strings.Contains(v, "{file.") {
			resolved = strings.TrimRight(resolved, "\r\n")
		}
		if strings.TrimSpace(resolved) == "" {
			return nil, fmt.Errorf("%s is empty; write the secret, or a placeholder such as {env.NAME} that holds it", name)
		}
		out[i] = resolved
	}
	return out, nil
}
