package caddymodule_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

// TestNoSecretAndNothingPersonalStandsInALog sends requests of every kind, at
// debug level with access logs, and looks for what must not be there.
func TestNoSecretAndNothingPersonalStandsInALog(t *testing.T) {
	crm := newBackend(t)
	crm.behave(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") == "knolyx:k-2" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	s := serve(t, eager("crm", crm.URL+"/events?key=canary-backend-query")+
		"rule fails `type == \"course.started\" && int(original.data.user.email) > 0` crm\ndefault crm", `
receive_webhooks /knolyx knolyx {
	token canary-token
}
receive_webhooks /edvisor/* edvisor {
	url_token canary-url-token canary-url/+%-token
}
receive_webhooks /edusign edusign {
	secret canary-client-secret
}
receive_webhooks /synap/* synap {
	basic_auth canary-user canary-password
}`)
	body := `{"id":"k-1","type":"COURSE_COMPLETED","data":{"user":{"id":1,"name":"Canary Name","email":"canary@example.org"}}}`
	mac := hmac.New(sha256.New, []byte("canary-client-secret"))
	mac.Write([]byte(body))
	signature := hex.EncodeToString(mac.Sum(nil))
	knolyxWith := func(token, body string) request {
		return request{method: "PUT", path: "/knolyx", body: body, header: map[string]string{"X-Webhook-Security-Token": token}}
	}
	post := func(path string, header map[string]string) request {
		return request{method: "POST", path: path, body: body, header: header}
	}
	for _, r := range []request{
		knolyxWith("canary-token", body),
		knolyxWith("canary-guess", body),
		knolyxWith("canary-token", strings.ReplaceAll(body, "k-1", "k-2")),
		knolyxWith("canary-token", strings.ReplaceAll(body, "COMPLETED", "STARTED")),
		knolyxWith("canary-token", `{"canary broken`),
		post("/edvisor/canary-url-token", nil),
		post("/edvisor/canary-guess", nil),
		post("/edvisor/?token=canary-url-token", nil),
		post("/edvisor/a/b/canary-url-token", nil),
		post("/edvisor/canary-url-token?token=wrong", nil),
		post("/edvisor?Token=canary-url-token", nil),
		post("/edvsor/canary-url-token", nil),
		with(knolyxWith("canary-token", body), func(r *request) { r.path = "/knolyx/" }),
		{method: "GET", path: "/edvisor/canary-url-token"},
		post("/edusign", map[string]string{"X-Edusign-Hmac": signature}),
		post("/edusign", map[string]string{"X-Edusign-Hmac": strings.Repeat("ca", 32)}),
		post("/synap/exam.completed", map[string]string{"Authorization": "Basic Y2FuYXJ5LXVzZXI6Y2FuYXJ5LXBhc3N3b3Jk"}),
		post("/synap/exam.completed", nil),
	} {
		s.send(r)
	}
	crm.wait(t, 4)
	logs := s.logs()
	for _, line := range strings.Split(logs, "\n") {
		for _, secret := range []string{"canary", "Canary", signature, "Y2FuYXJ5"} {
			if strings.Contains(line, secret) {
				t.Errorf("%q stands in the log: %s", secret, line)
			}
		}
	}
	for _, part := range []string{`"kept"`, `"quarantined"`, `"refused"`, `"delivered"`, `handled request`, `/edvisor/REDACTED`, `token=REDACTED`} {
		if !strings.Contains(logs, part) {
			t.Errorf("the log lacks %s", part)
		}
	}
}

// TestNoSecretStandsInALogWhereverItWasSent calls another source than the
// sender's own, or none, as a misspelt URL does.
func TestNoSecretStandsInALogWhereverItWasSent(t *testing.T) {
	s := serve(t, "", `
receive_webhooks /pay custom {
	name pay
	token canary-api-key
	token_header X-Api-Key
}
receive_webhooks /signed custom {
	name signed
	secret canary-secret
	hmac {
		header X-Signed
	}
}
receive_webhooks /edvisor/* edvisor {
	url_token canary-url-token
}
receive_webhooks /synap/* synap {
	basic_auth school school-password
}
`+knolyxSite)
	for _, path := range []string{
		"/pays", "/pay/below", "/knolyx", "/edvisor/canary-guess", "/canary-url-token", "/canary-url-token/more", "/canary%2Durl-token",
		"/synap/canary-url-token", "/synap/exam%2Fcanary-url-token", "/synap/exam.completed?key=canary-url-token",
	} {
		s.send(request{method: "POST", path: path, body: "{}", header: map[string]string{"X-Api-Key": "canary-api-key", "X-Signed": "canary"}})
	}
	s.send(request{method: "POST", path: "/pay", body: "{}", lines: http.Header{"X-Api-Key": {"", "canary-api-key"}}})
	logs := s.logs()
	for line := range strings.Lines(logs) {
		if strings.Contains(line, "canary") {
			t.Errorf("a secret stands in the log: %s", line)
		}
	}
	for _, part := range []string{`"/pays"`, `"/pay/REDACTED"`, `"/REDACTED"`, `"/synap/REDACTED"`, `"/synap/exam.completed?key=REDACTED"`, `"X-Api-Key":["REDACTED"]`} {
		if !strings.Contains(logs, part) {
			t.Errorf("the log lacks %s", part)
		}
	}
}

func TestTheLogWarnsOfSecretsThatAnybodyKnows(t *testing.T) {
	t.Setenv("SYNAP_PASSWORD", "try-synap-password")
	s := serve(t, "", `
receive_webhooks /synap/* synap {
	basic_auth school {env.SYNAP_PASSWORD}
}
`+knolyxSite)
	const warning = `the examples' secrets are in use: anybody knows them and can forge; set your own before others reach this server","in":["source synap"]`
	if logs := s.logs(); strings.Count(logs, warning) != 1 || strings.Contains(logs, "try-synap-password") {
		t.Errorf("the log doesn't warn once, without the secret: %s", logs)
	}
	if logs := serve(t, "", knolyxSite).logs(); strings.Contains(logs, "anybody knows them") {
		t.Errorf("the log warns of a secret of one's own: %s", logs)
	}
}
