package caddymodule_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestASignedIDTellsEventsApart(t *testing.T) {
	key := []byte("the key of Standard Webhooks")
	signer, err := webhooks.NewWebhookRaw(key)
	if err != nil {
		t.Fatal(err)
	}
	for scheme, c := range map[string]struct {
		config string
		sign   func(id, body string) map[string]string
	}{
		"standard_webhooks": {"secret whsec_" + base64.StdEncoding.EncodeToString(key) + "\nstandard_webhooks", func(id, body string) map[string]string {
			now := time.Now()
			signature, err := signer.Sign(id, now, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			return map[string]string{"webhook-id": id, "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature}
		}},
		"hmac": {"secret the-key\nhmac {\nheader X-Signature\nid X-Message\nsigned {id}.{body}\n}", func(id, body string) map[string]string {
			mac := hmac.New(sha256.New, []byte("the-key"))
			mac.Write([]byte(id + "." + body))
			return map[string]string{"x-message": id, "x-signature": hex.EncodeToString(mac.Sum(nil))}
		}},
	} {
		t.Run(scheme, func(t *testing.T) {
			s := serve(t, "", "receive_webhooks /library custom {\n"+c.config+"\n}")
			for _, e := range []struct {
				name, id, body string
				status         int
			}{
				{"an event", "msg_1", `{"seat":12}`, http.StatusAccepted},
				{"another with an equal body", "msg_2", `{"seat":12}`, http.StatusAccepted},
				{"a retry", "msg_1", `{"seat":12}`, http.StatusOK},
				{"a retry that was written anew", "msg_2", `{ "seat": 12 }`, http.StatusOK},
			} {
				res := s.send(request{method: http.MethodPost, path: "/library", body: e.body, header: c.sign(e.id, e.body)})
				want := `{"id":"` + e.id + `"}`
				if e.status == http.StatusOK {
					want = `{"id":"` + e.id + `","duplicate":true}`
				}
				if res.status != e.status || res.body != want {
					t.Errorf("%s: %d %s, not %d %s", e.name, res.status, res.body, e.status, want)
				}
			}
		})
	}
}
