package caddymodule

import (
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

func TestASourceRemembersARequestForAsLongAsItsProofPasses(t *testing.T) {
	signed := func(tolerance time.Duration) Proof {
		return Proof{Secrets: []string{"a secret"}, HMAC: &HMAC{
			Header: "X-Sig", Timestamp: "X-Time", Signed: "{timestamp}.{body}", Tolerance: caddy.Duration(tolerance),
		}}
	}
	for name, c := range map[string]struct {
		sender string
		proof  Proof
		want   time.Duration
	}{
		"a tolerance":       {custom, signed(time.Hour), 2 * time.Hour},
		"the default":       {custom, signed(0), 10 * time.Minute},
		"tolerance off":     {custom, signed(-1), 0},
		"standard webhooks": {custom, Proof{Secrets: []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, StandardWebhooks: true}, 10 * time.Minute},
		"no timestamp":      {edusign, Proof{Secrets: []string{"a secret"}}, 0},
		"a token":           {knolyx, Proof{Tokens: []string{"a token"}}, 0},
	} {
		source, err := (&SourceConfig{Sender: c.sender, Proof: c.proof}).compile()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if source.Lifetime != c.want {
			t.Errorf("%s: %s, not %s", name, source.Lifetime, c.want)
		}
	}
}
