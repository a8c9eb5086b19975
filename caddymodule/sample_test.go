package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sample"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// proofs are how each sender proves itself to the sources of provenSite.
var proofs = map[string]sample.Proof{
	"edvisor":  {URLToken: "an-edvisor-token"},
	"edusign":  {Secret: "an-edusign-secret", HMAC: verify.HMAC{Header: "X-Edusign-Hmac"}},
	"synap":    {User: "school", Password: "a-synap-password"},
	"knolyx":   {Token: "a-knolyx-token", TokenHeader: "X-Webhook-Security-Token"},
	"softbook": {URLToken: "a-softbook-token"},
	"custom": {Secret: "a-custom-secret", HMAC: verify.HMAC{
		Header: "X-Signature", Timestamp: "t=", Signature: "v1=", Signed: "{timestamp}.{body}"}},
}

const provenSite = `
receive_webhooks /edvisor/* edvisor {
	url_token an-edvisor-token
}
receive_webhooks /edusign edusign {
	secret an-edusign-secret
}
receive_webhooks /synap/* synap {
	basic_auth school a-synap-password
}
receive_webhooks /knolyx knolyx {
	token a-knolyx-token
}
receive_webhooks /softbook/* softbook {
	url_token a-softbook-token
}
receive_webhooks /custom custom {
	secret a-custom-secret
	hmac {
		header X-Signature
		timestamp t=
		signature v1=
		signed "{timestamp}.{body}"
	}
	event_type body.type
	event_id body.id
	event_time body.created
}`

// TestEveryEventOfEverySenderIsTakenAsThatSenders sends each event, in the
// documented shape and in the other one, twice, to a real gateway. What is in
// the quarantine, invalid or a mere duplicate never arrives.
func TestEveryEventOfEverySenderIsTakenAsThatSenders(t *testing.T) {
	crm := newBackend(t)
	s := serve(t, eager("crm", crm.URL)+`rule everything "type != ''" crm`, provenSite)
	want := make(map[string]string) // by event id
	for _, name := range sender.Names() {
		platform, err := sender.New(name, sender.Options{})
		if err != nil {
			t.Fatal(err)
		}
		words := platform.Vocabulary()
		if name == "custom" {
			words = []sender.Word{{Sends: "charge.refunded", Becomes: "custom.charge_refunded"}}
		}
		for _, w := range words {
			for seed := range uint32(2) {
				id := s.sample(platform, w, seed)
				if _, taken := want[id]; taken {
					t.Errorf("%s %s has the id of another event", name, w.Sends)
				}
				want[id] = name + " " + w.Becomes
			}
		}
	}
	for _, r := range crm.wait(t, len(want)) {
		if got := strings.TrimPrefix(r.event.Source, "/webhooks/") + " " + r.event.Type; got != want[r.event.ID] {
			t.Errorf("%s became %s, not %s", r.event.SenderType, got, want[r.event.ID])
		}
		delete(want, r.event.ID)
	}
	if len(want) > 0 {
		t.Errorf("never arrived: %v", want)
	}
}

// sample sends an event, which must be new, and once more, which must not. It
// returns the event's id.
func (s *server) sample(platform sender.Sender, w sender.Word, seed uint32) string {
	s.t.Helper()
	r := sample.Make(platform, w.Sends, seed, time.Now())
	var id string
	for _, status := range []int{http.StatusAccepted, http.StatusOK} {
		req, err := r.To("http://gateway/"+platform.Name(), proofs[platform.Name()], time.Now())
		if err != nil {
			s.t.Fatal(err)
		}
		res, err := s.client.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		var said struct {
			ID        string
			Duplicate bool
		}
		err = json.NewDecoder(res.Body).Decode(&said)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != status || said.Duplicate != (id != "") || id != "" && said.ID != id {
			s.t.Errorf("%s %s, seed %d: answered %d %+v, %v", platform.Name(), w.Sends, seed, res.StatusCode, said, err)
		}
		id = said.ID
	}
	return id
}
