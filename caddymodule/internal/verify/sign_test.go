package verify

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWhatIsSignedVerifiesAndNothingElseDoes(t *testing.T) {
	for name, c := range map[string]HMAC{
		"plain":                {Header: "X-Signature"},
		"a prefix":             {Header: "X-Hub-Signature-256", Signature: "sha256="},
		"sha512 in base64":     {Header: "X-Signature", Algorithm: "sha512", Encoding: "base64"},
		"a time in the header": {Header: "X-Signature", Signature: "v1=", Timestamp: "t=", Signed: "{timestamp}.{body}"},
		"a time beside it":     {Header: "X-Signature", Timestamp: "X-Time", Signed: "{timestamp}.{body}"},
		"an id":                {Header: "X-Signature", ID: "X-Id", Signed: "{id}.{body}"},
		"method and URL":       {Header: "X-Signature", Signed: "{method} {url} {body}"},
		"a key in hex":         {Header: "X-Signature", Key: "hex"},
	} {
		t.Run(name, func(t *testing.T) {
			const secret = "5ec2e7" + "5ec2e7"
			r := &Request{Method: "POST", URL: "https://hooks.example.org/x", Header: http.Header{"X-Id": {"e-1"}},
				Body: []byte(`{"id":1}`), Now: time.Unix(1795228019, 0)}
			if err := c.Sign(secret, r); err != nil {
				t.Fatal(err)
			}
			v, err := NewHMAC(c, []string{secret})
			if err != nil {
				t.Fatal(err)
			}
			if res := v.Verify(r); !res.OK {
				t.Fatalf("refused: %s; %v", res.Reason, r.Header)
			}
			r.Body = []byte(`{"id":2}`)
			if v.Verify(r).OK {
				t.Error("another body verifies too")
			}
		})
	}
}

func TestSigningSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		HMAC
		secret, want string
	}{
		{HMAC{}, "s", "header is missing"},
		{HMAC{Header: "X-S"}, "", "the secret is empty"},
		{HMAC{Header: "X-S", Key: "hex"}, "canary", "the secret is not hex"},
		{HMAC{Header: "X-S", ID: "X-Id", Signed: "{id}.{body}"}, "s", "no header X-Id"},
		{HMAC{Header: "X-S", Signed: "{url}{body}"}, "s", "cut in two ways"},
	} {
		err := c.Sign(c.secret, &Request{Method: "POST", Header: http.Header{}, Body: []byte("no json")})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v, not %q", err, c.want)
		}
	}
}
