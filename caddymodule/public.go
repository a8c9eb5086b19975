package caddymodule

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// public is how the secrets begin that the examples have for trying them out.
const public = "try-"

// isPublic tells whether anybody knows a secret, as it was configured.
func isPublic(configured string) bool {
	values, err := secrets("secret", []string{configured})
	if err != nil {
		return false // whoever uses it says so
	}
	secret := strings.TrimPrefix(values[0], "whsec_")
	decoded, _ := base64.StdEncoding.DecodeString(secret)
	return strings.HasPrefix(secret, public) || strings.HasPrefix(string(decoded), public)
}

// isPublic tells whether anybody can send what this lets pass.
func (p *Proof) isPublic() bool {
	all := slices.Concat(p.Secrets, p.Tokens, p.URLTokens)
	for _, a := range p.BasicAuth {
		all = append(all, a.Password)
	}
	return slices.ContainsFunc(all, isPublic)
}

// warnOfPublic names those whose secrets stand in the examples. Call it with a.mu held.
func (a *App) warnOfPublic() {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(a.sources)) {
		if a.sources[name].public {
			names = append(names, "source "+name)
		}
	}
	for _, b := range a.Backends {
		if slices.ContainsFunc(b.Secrets, isPublic) {
			names = append(names, "backend "+b.Name)
		}
	}
	if len(names) > 0 {
		a.log.Warn("the examples' secrets are in use: anybody knows them and can forge; set your own before others reach this server", "in", names)
	}
}
