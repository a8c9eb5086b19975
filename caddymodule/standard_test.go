package caddymodule_test

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestTheSignedIDOfStandardWebhooksTellsEventsApart(t *testing.T) {
	key := []byte("the key of Standard Webhooks")
	s := serve(t, "", `receive_webhooks /library custom {
	secret whsec_`+base64.StdEncoding.EncodeToString(key)+`
	standard_webhooks
}`)
	signer, err := webhooks.NewWebhookRaw(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, id, body string
		status         int
	}{
		{"an event", "msg_1", `{"seat":12}`, http.StatusAccepted},
		{"another with an equal body", "msg_2", `{"seat":12}`, http.StatusAccepted},
		{"a retry", "msg_1", `{"seat":12}`, http.StatusOK},
		{"a retry that was written anew", "msg_2", `{ "seat": 12 }`, http.StatusOK},
	} {
		now := time.Now()
		signature, err := signer.Sign(c.id, now, []byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		res := s.send(request{method: http.MethodPost, path: "/library", body: c.body, header: map[string]string{
			"webhook-id": c.id, "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature,
		}})
		want := `{"id":"` + c.id + `"}`
		if c.status == http.StatusOK {
			want = `{"id":"` + c.id + `","duplicate":true}`
		}
		if res.status != c.status || res.body != want {
			t.Errorf("%s: %d %s, not %d %s", c.name, res.status, res.body, c.status, want)
		}
	}
}
