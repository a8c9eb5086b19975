package guide

import "fmt"

func edvisor(s Source) []Step {
	steps := []Step{s.enter("At Edvisor, enter this as the webhook's URL:", s.secretURL())}
	steps = append(steps, s.explain()...)
	return append(steps, Step{Do: "Choose the events that you want; the gateway knows all of these:", Lines: s.Events})
}

func edusign(s Source) []Step {
	var steps []Step
	if s.Signs != (Origin{}) {
		steps = append(steps, s.enter("In the settings of your Edusign app, enter this as the webhook URL:", ""),
			Step{Do: fmt.Sprintf("Compare the app's Client Secret with %s: they must be the same.", s.Signs.Text)})
	}
	if s.URLToken != (Origin{}) {
		steps = append(steps, s.enter("For a webhook that a school sets up itself, enter this as its URL:", s.secretURL()))
		steps = append(steps, s.explain()...)
	}
	return append(steps, Step{Do: "Choose the events that you want; the gateway knows all of these:", Lines: s.Events},
		Step{Do: "Edusign doesn't repeat what failed: look at its dashboard after every fault of this server."})
}

// synap has a webhook for each event, as most bodies don't name theirs.
func synap(s Source) []Step {
	step := Step{Do: "At Synap, create a webhook for each event that you want, each with its own URL:"}
	for _, event := range s.Events {
		step.Lines = append(step.Lines, s.URLs[0]+"/"+event+s.secretURL())
	}
	steps := append([]Step{step}, s.explain()...)
	if s.Password != (Origin{}) {
		steps = append(steps, Step{Do: fmt.Sprintf("Turn on basic auth in each of them, with the user %s; the password is %s.", s.User, s.Password.Text)})
	}
	return steps
}

// knolyx can be set up by its API too.
func knolyx(s Source) []Step {
	create := fmt.Sprintf("caddy webhooks knolyx create --project <id> --url %s", s.URLs[0]+s.secretURL())
	if s.Token.Env != "" {
		create += " --token-env " + s.Token.Env
	}
	steps := []Step{
		{Do: "Let its API create the webhook. KNOLYX_API_KEY holds the API key; Knolyx gives it out together with the project's id:", Lines: []string{create}},
		s.enter("Or create it on Knolyx's pages, with this URL:", s.secretURL()),
	}
	if s.Token != (Origin{}) {
		steps = append(steps, Step{Do: fmt.Sprintf("There, the security token is %s.", s.Token.Text)})
	}
	steps = append(steps, s.explain()...)
	return append(steps, Step{Do: "Knolyx sends a PING at once; it is kept as an event of type ping."})
}

func softbook(s Source) []Step {
	steps := []Step{s.enter("In Softbook, add a webhook for the trigger New Order, with this URL:", "/new_order"+s.secretURL())}
	steps = append(steps, s.explain()...)
	return append(steps,
		Step{Do: "For other triggers put their name in the place of new_order, in the same way."},
		Step{Do: "Softbook publishes no field names: send an order, look at data.original of the event, and say with `field` in the Caddyfile where the gateway guessed wrong."})
}

func custom(s Source) []Step {
	steps := []Step{s.enter("Where the sender asks for a webhook's URL, enter:", s.secretURL())}
	steps = append(steps, s.explain()...)
	if s.Signs != (Origin{}) {
		steps = append(steps, Step{Do: fmt.Sprintf("Its signing secret must be the same as %s.", s.Signs.Text)})
	}
	if s.Token != (Origin{}) {
		steps = append(steps, Step{Do: fmt.Sprintf("The token that it sends must be the same as %s.", s.Token.Text)})
	}
	if s.Password != (Origin{}) {
		steps = append(steps, Step{Do: fmt.Sprintf("For basic auth the user is %s; the password is %s.", s.User, s.Password.Text)})
	}
	return steps
}
