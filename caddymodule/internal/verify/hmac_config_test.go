package verify

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestAConfigThatCannotProtectIsRefused(t *testing.T) {
	good := []string{"a well kept secret"}
	for _, c := range []struct {
		config  HMAC
		secrets []string
		want    string
	}{
		{HMAC{}, good, "header is missing"},
		{HMAC{Header: "X Sig"}, good, `header "X Sig" is not`},
		{HMAC{Header: "X", Algorithm: "md5"}, good, `unknown algorithm "md5"`},
		{HMAC{Header: "X", Algorithm: "SHA256"}, good, "unknown algorithm"},
		{HMAC{Header: "X", Encoding: "base32"}, good, "unknown encoding"},
		{HMAC{Header: "X", Key: "raw"}, good, "unknown key"},
		{HMAC{Header: "X", Signature: "v1,"}, good, "can hold no comma"},
		{HMAC{Header: "X", Timestamp: "X Ts", Signed: "{timestamp}{body}"}, good, "can hold no comma"},
		{HMAC{Header: "X", Timestamp: "X(Ts)", Signed: "{timestamp}{body}"}, good, "neither a part"},
		{HMAC{Header: "X", Timestamp: "t=", Signature: "t=", Signed: "{timestamp}{body}"}, good, "the same part"},
		{HMAC{Header: "X", ID: "X:Id", Signed: "{id}.{body}"}, good, `id "X:Id" is not`},
		{HMAC{Header: "X", Signed: "{timestamp}.{body}"}, good, "set it"},
		{HMAC{Header: "X", Timestamp: "t="}, good, "proves nothing"},
		{HMAC{Header: "X", Tolerance: time.Minute}, good, "set both or neither"},
		{HMAC{Header: "X", Signed: "{id}.{body}"}, good, "doesn't name its header"},
		{HMAC{Header: "X", ID: "X-Id"}, good, "proves nothing"},
		{HMAC{Header: "X", ID: "X-Id", Signed: "{id}{body}"}, good, "put text between"},
		{HMAC{Header: "X", ID: "X-Id", Signed: "{body}{id}"}, good, "put text between"},
		{HMAC{Header: "X", Signed: "{url}"}, good, "no {body}"},
		{HMAC{Header: "X", Signed: "body"}, good, "no {body}"},
		{HMAC{Header: "X", Signed: "{body}{payload}"}, good, "unknown placeholder {payload}"},
		{HMAC{Header: "X", Signed: "{Body}"}, good, "unknown placeholder {Body}"},
		{HMAC{Header: "X", Signed: "{}{body}"}, good, "unknown placeholder {}"},
		{HMAC{Header: "X", Signed: "{body}{body}"}, good, "twice"},
		{HMAC{Header: "X", Signed: "{body"}, good, "without its }"},
		{HMAC{Header: "X", Signed: "body}"}, good, "without its {"},
		{HMAC{Header: "X"}, nil, "no secret is given"},
		{HMAC{Header: "X"}, []string{"a well kept secret", ""}, "secret 2 is empty"},
		{HMAC{Header: "X"}, []string{" \t\n"}, "secret 1 is empty"},
		{HMAC{Header: "X"}, []string{"a well kept secret\n"}, "white space"},
		{HMAC{Header: "X", Key: "hex"}, []string{"00112233445566zz"}, "secret 1 is not hex"},
		{HMAC{Header: "X", Key: "base64"}, []string{"AAAAAAAAAAAAAAAA", "SECRET_SECRET_SE"}, "secret 2 is not base64"},
	} {
		v, err := NewHMAC(c.config, c.secrets)
		if err == nil || v != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.config, err, c.want)
			continue
		}
		for _, s := range c.secrets {
			if strings.TrimSpace(s) != "" && strings.Contains(err.Error(), s) {
				t.Errorf("%v: holds the secret", err)
			}
		}
	}
}

func TestALifetimeReachesFromTheEarliestMomentToTheLatest(t *testing.T) {
	for _, c := range []struct {
		config HMAC
		want   time.Duration
	}{
		{HMAC{Timestamp: "t=", Tolerance: time.Hour}, 2 * time.Hour},
		{HMAC{Timestamp: "t="}, 10 * time.Minute},
		{HMAC{Timestamp: "t=", Tolerance: -1}, 0},
		{HMAC{}, 0},
		{HMAC{Timestamp: "t=", Tolerance: math.MaxInt64}, math.MaxInt64 - 1},
	} {
		if got := c.config.Lifetime(); got != c.want {
			t.Errorf("%+v: %s, not %s", c.config, got, c.want)
		}
	}
}
