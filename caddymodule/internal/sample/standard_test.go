package sample

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

func TestAStandardWebhookIsSignedSoThatASourceBelievesIt(t *testing.T) {
	seed := []byte("a seed of exactly thirty-two byt")
	private := ed25519.NewKeyFromSeed(seed)
	public := private.Public().(ed25519.PublicKey)
	written := base64.StdEncoding.EncodeToString
	custom, err := sender.New("custom", sender.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ signs, verifies string }{
		"a secret":                             {"whsec_" + written(seed), "whsec_" + written(seed)},
		"a private key":                        {"whsk_" + written(private), "whpk_" + written(public)},
		"a private key without its public one": {"whsk_" + written(seed), "whpk_" + written(public)},
	} {
		now := time.Now()
		r := Make(custom, "loan.returned", 7, now)
		req, err := r.To("http://hooks.example/x", Proof{Secret: test.signs, Standard: true}, now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v, err := verify.NewStandardWebhooks([]string{test.verifies})
		if err != nil {
			t.Fatal(err)
		}
		signed := &verify.Request{Method: req.Method, Header: req.Header, Body: r.Body, Now: now}
		if got := v.Verify(signed); !got.OK {
			t.Errorf("%s: %s", name, got.Reason)
		}
		signed.Body = append(signed.Body, ' ')
		if v.Verify(signed).OK {
			t.Errorf("%s: another body is believed too", name)
		}
	}
	for _, bad := range []string{"whsk_" + written(seed[1:]), "whsk_!", "whpk_" + written(public), "whsec_", "plain"} {
		r := Make(custom, "loan.returned", 7, time.Now())
		_, err := r.To("http://hooks.example/x", Proof{Secret: bad, Standard: true}, time.Now())
		if err == nil || len(bad) > 10 && strings.Contains(err.Error(), bad[6:]) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
