package reliability

import "encoding/base64"

// credentials are schemes that prove nothing about the body.
func credentials() []scheme {
	return []scheme{
		{
			name: "knolyx-token", sender: "knolyx", block: quote("token", aToken), secret: aToken, spots: []string{"X-Webhook-Security-Token"},
			prove:   func(m *message, s signing) { m.set("X-Webhook-Security-Token", s.secret) },
			genuine: func(m *message, _ int64) bool { return only(m, "X-Webhook-Security-Token") == aToken },
		},
		{
			name: "bearer", sender: "custom", block: quote("token", aToken), secret: aToken, spots: []string{"Authorization"},
			prove:   func(m *message, s signing) { m.set("Authorization", "Bearer "+s.secret) },
			genuine: func(m *message, _ int64) bool { return bearer(only(m, "Authorization")) },
		},
		{
			name: "edvisor-url", sender: "edvisor", block: quote("url_token", "a-token_of.32~bytes"), secret: "a-token_of.32~bytes", spots: []string{inURL},
			prove:   func(m *message, s signing) { m.token = s.secret },
			genuine: func(m *message, _ int64) bool { return m.token == "a-token_of.32~bytes" },
		},
		{
			name: "softbook-query", sender: "softbook", block: quote("url_token", aToken), secret: aToken, spots: []string{inURL},
			prove:   func(m *message, s signing) { m.token, m.asQuery = s.secret, true },
			genuine: func(m *message, _ int64) bool { return m.token == aToken },
		},
		{
			name: "synap-basic", sender: "synap", block: "\n basic_auth school " + `"` + aPassword + `"`, secret: aPassword, spots: []string{"Authorization"},
			prove: func(m *message, s signing) {
				m.set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("school:"+s.secret)))
			},
			genuine:    func(m *message, _ int64) bool { return basicGenuine(m) },
			challenges: true,
		},
	}
}

// combined are sources with more than one proof: of a custom one all must
// agree, of Edusign either is enough.
func combined() []scheme {
	token := scheme{
		spots:   []string{"X-Token"},
		prove:   func(m *message, _ signing) { m.set("X-Token", aToken) },
		genuine: func(m *message, _ int64) bool { return only(m, "X-Token") == aToken },
	}
	stripe, edusign := signatures()[2], signatures()[0]
	return []scheme{
		{
			name: "signature-and-token", sender: "custom", secret: aSecret, spots: append(token.spots, stripe.spots...),
			block:   stripe.block + quote("token", aToken) + "\n token_header X-Token",
			prove:   func(m *message, s signing) { stripe.prove(m, s); token.prove(m, s) },
			genuine: func(m *message, now int64) bool { return stripe.genuine(m, now) && token.genuine(m, now) },
		},
		{
			name: "signature-or-url", sender: "edusign", secret: aSecret, spots: edusign.spots,
			block: edusign.block + quote("url_token", aToken),
			prove: edusign.prove,
			genuine: func(m *message, now int64) bool {
				return edusign.genuine(m, now) || m.token == aToken
			},
		},
		{
			name: "basic-and-url", sender: "custom", secret: aPassword, spots: []string{"Authorization", inURL},
			block: "\n basic_auth school " + `"` + aPassword + `"` + quote("url_token", aToken),
			prove: func(m *message, s signing) {
				m.token, m.asQuery = aToken, true
				m.set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("school:"+s.secret)))
			},
			genuine:    func(m *message, _ int64) bool { return basicGenuine(m) && m.token == aToken },
			challenges: true,
		},
	}
}
