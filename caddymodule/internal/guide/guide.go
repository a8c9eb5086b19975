// Package guide says, step by step, what to enter where so that a platform
// sends its webhooks to a source. It is told where secrets come from, never
// what they are.
package guide

import (
	"fmt"
	"strings"
)

// Source is one to be set up.
type Source struct {
	Name, Sender string
	// URLs are where the source stands, one for each of its hosts.
	URLs []string
	// Events are the sender's own names of those it may send.
	Events []string
	// Signs, Token, URLToken, User and Password are where these come from;
	// the zero value where the source isn't configured with one.
	Signs, Token, URLToken, Password Origin
	User                             string
	// Scheme says how a custom sender proves itself, beside the secrets.
	Scheme []string
}

// Origin is where a secret comes from.
type Origin struct {
	// Text says it, such as "the value of the environment variable TOKEN".
	Text string
	// Env is the variable, if it is one.
	Env string
}

// Step is one thing to do. Lines are to be copied as they are, but for what
// stands between angle brackets.
type Step struct {
	Do    string   `json:"do"`
	Lines []string `json:"lines,omitempty"`
}

// platforms have what is particular to each.
var platforms = map[string]func(Source) []Step{
	"edvisor":  edvisor,
	"edusign":  edusign,
	"synap":    synap,
	"knolyx":   knolyx,
	"softbook": softbook,
	"custom":   custom,
}

// Steps are all that is to be done for a source.
func Steps(s Source) []Step {
	steps := append(s.reachable(), s.choose()...)
	steps = append(steps, platforms[s.Sender](s)...)
	return append(steps, s.try())
}

// choose is about a secret that the school makes up, and not the platform.
func (s Source) choose() []Step {
	var variables []string
	for _, o := range []Origin{s.Token, s.URLToken, s.Password} {
		if o.Env != "" {
			variables = append(variables, o.Env)
		}
	}
	if len(variables) == 0 {
		return nil
	}
	return []Step{{
		Do:    fmt.Sprintf("If %s isn't set yet in the gateway's environment, set it to something long that nobody guesses, such as this prints, and restart the gateway:", strings.Join(variables, " or ")),
		Lines: []string{"openssl rand -hex 24"},
	}}
}

// reachable is about what no platform can send to.
func (s Source) reachable() []Step {
	for _, u := range s.URLs {
		if strings.HasPrefix(u, "http://") || strings.Contains(u, "<") {
			return []Step{{Do: "Give the site a name that the platform can reach, and let it have a certificate, as " +
				"`hooks.school.example {` in the Caddyfile does: senders want https. Until then the URLs below are for trying out."}}
		}
	}
	return nil
}

// enter is the step that every platform has.
func (s Source) enter(what, below string) Step {
	if len(s.URLs) > 1 {
		what = strings.TrimSuffix(what, ":") + ", any one of these:"
	}
	step := Step{Do: what}
	for _, u := range s.URLs {
		step.Lines = append(step.Lines, u+below)
	}
	return step
}

// secretURL ends a URL with its token, if it has one.
func (s Source) secretURL() string {
	if s.URLToken == (Origin{}) {
		return ""
	}
	if s.Sender == "edusign" {
		return "?token=<url token>"
	}
	return "/<url token>"
}

// explain says what a placeholder in a URL stands for.
func (s Source) explain() []Step {
	if s.URLToken == (Origin{}) {
		return nil
	}
	return []Step{{Do: fmt.Sprintf("<url token> is %s. The whole URL is a password: show it to nobody.", s.URLToken.Text)}}
}

// try sends a made-up event, before the platform sends a real one.
func (s Source) try() Step {
	event := "<event>"
	if len(s.Events) > 0 {
		event = s.Events[0]
		if strings.Contains(event, " ") {
			event = "'" + event + "'"
		}
	}
	command := fmt.Sprintf("caddy webhooks send %s %s --to %s", s.Sender, event, s.URLs[0])
	for _, p := range []struct {
		flag string
		Origin
	}{{"secret", s.Signs}, {"token", s.Token}, {"url-token", s.URLToken}, {"password", s.Password}} {
		switch {
		case p.Origin == Origin{}:
			continue
		case p.flag == "password":
			command += " --user " + s.User
		}
		if p.Env != "" {
			command += fmt.Sprintf(" --%s-env %s", p.flag, p.Env)
		} else {
			command += fmt.Sprintf(" --%s-env <variable>", p.flag)
		}
	}
	do := "See whether an event gets through, with one that is made up."
	if strings.Contains(command, "<variable>") {
		do += " <variable> is an environment variable with the secret; put it there first."
	}
	return Step{Do: do, Lines: []string{command + strings.Join(append([]string{""}, s.Scheme...), " ")}}
}
