package verify

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The secret and the signature that the spec's own libraries test with.
const (
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	standardBody   = `{"test": 2432232314}`
	standardMsg    = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	standardTime   = "1614265330"
	standardMAC    = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func standardRequest(signature string) *Request {
	r := request(standardBody, "webhook-id", standardMsg, "webhook-timestamp", standardTime, "webhook-signature", signature)
	r.Now = time.Unix(1614265330, 0)
	return r
}

// keyPair is made of a fixed seed, so that failures repeat.
func keyPair() (written string, private ed25519.PrivateKey) {
	private = ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", ed25519.SeedSize)))
	return "whpk_" + base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey)), private
}

func signV1a(private ed25519.PrivateKey, content string) string {
	return "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(content)))
}

func TestVectorOfStandardWebhooks(t *testing.T) {
	v := must(t)(NewStandardWebhooks([]string{standardSecret}))
	wantOK(t, v, standardRequest(standardMAC), 0)
}

func TestWhatTheStandardLibrarySignsVerifies(t *testing.T) {
	v := must(t)(NewStandardWebhooks([]string{standardSecret}))
	wh, err := standardwebhooks.NewWebhook(standardSecret)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		id, at, payload := fmt.Sprintf("msg_%d", i), now.Add(time.Duration(i)*time.Second), strings.Repeat("ü", i)
		signature, err := wh.Sign(id, at, []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		wantOK(t, v, request(payload, "webhook-id", id, "webhook-timestamp", fmt.Sprint(at.Unix()), "webhook-signature", signature), 0)
	}
}

func TestEd25519SignaturesVerify(t *testing.T) {
	public, private := keyPair()
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := must(t)(NewStandardWebhooks([]string{standardSecret, public}))
	content := standardMsg + "." + standardTime + "." + standardBody
	good, forged := signV1a(private, content), signV1a(other, content)

	wantOK(t, v, standardRequest(standardMAC), 0)
	wantOK(t, v, standardRequest(good), 1)
	wantOK(t, v, standardRequest(forged+" v2,AAAA v1,AAAA  "+good), 1)
	wantOK(t, v, standardRequest(good+" "+standardMAC), 0)
	wantRefused(t, v, standardRequest(forged), ReasonNoMatch)
	wantRefused(t, v, standardRequest(signV1a(private, content+" ")), ReasonNoMatch)
	wantRefused(t, v, standardRequest("v1,"+strings.TrimPrefix(good, "v1a,")), ReasonNoMatch)
	wantRefused(t, v, standardRequest("v1a,"+strings.TrimPrefix(standardMAC, "v1,")), ReasonNoMatch)
}

// A public key is known to all: what is "signed" with it as an HMAC secret
// must not verify.
func TestAPublicKeyIsNoSecret(t *testing.T) {
	public, private := keyPair()
	v := must(t)(NewStandardWebhooks([]string{public}))
	key := string(private.Public().(ed25519.PublicKey))
	forged := base64.StdEncoding.EncodeToString(sum(key, standardMsg+"."+standardTime+"."+standardBody))
	wantRefused(t, v, standardRequest("v1,"+forged), ReasonNoMatch)
	wantRefused(t, v, standardRequest("v1a,"+forged), ReasonNoMatch)
}

func TestStandardTimestampsAreSeconds(t *testing.T) {
	v := must(t)(NewStandardWebhooks([]string{standardSecret}))
	for off, reason := range map[time.Duration]string{
		0: "", 5 * time.Minute: "", -5 * time.Minute: "",
		5*time.Minute + 1: ReasonTimestampOld, -5*time.Minute - 1: ReasonTimestampFuture,
	} {
		r := standardRequest(standardMAC)
		r.Now = r.Now.Add(off)
		if got := v.Verify(r); got.Reason != reason {
			t.Errorf("off by %v: %+v, want %q", off, got, reason)
		}
	}
}

func TestSecretsOutsideTheStandardAreRefused(t *testing.T) {
	public, _ := keyPair()
	for _, c := range []struct {
		secrets []string
		want    string
	}{
		{nil, "no secret is given"},
		{[]string{standardSecret, ""}, "secret 2 is empty"},
		{[]string{"whsec_"}, "secret 1 is empty after its prefix"},
		{[]string{"whpk_AAAA"}, "secret 1 is no ed25519 public key"},
		{[]string{"whpk_" + strings.TrimPrefix(standardSecret, "whsec_")}, "no ed25519 public key"},
		{[]string{standardSecret, "whsec_***************"}, "secret 2 is not base64"},
		{[]string{strings.TrimPrefix(standardSecret, "whsec_")}, "no known prefix"},
		{[]string{"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "no known prefix"},
		{[]string{strings.Replace(public, "whpk_", "whsk_", 1)}, "private key"},
		{[]string{standardSecret + "\n"}, "white space"},
	} {
		v, err := NewStandardWebhooks(c.secrets)
		if err == nil || v != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.secrets, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "MfKQ") {
			t.Errorf("%v: holds the secret", err)
		}
	}
}

func TestNoMutatedStandardWebhookVerifies(t *testing.T) {
	public, private := keyPair()
	v := must(t)(NewStandardWebhooks([]string{standardSecret, public}))
	genuine := func() *Request { return standardRequest(standardMAC) }
	mac := strings.TrimPrefix(standardMAC, "v1,")
	const id, ts, sig = "webhook-id", "webhook-timestamp", "webhook-signature"

	never(t, v, genuine, []mutation{
		{"another body", body(`{"test": 2432232315}`), ReasonNoMatch},
		{"no body", body(""), ReasonNoMatch},
		{"compact body", body(`{"test":2432232314}`), ReasonNoMatch},
		{"body with a line end", body(standardBody + "\n"), ReasonNoMatch},
		{"no signature", remove(sig), ReasonSignatureMissing},
		{"empty signature", set(sig, ""), ReasonSignatureMissing},
		{"blank signature", set(sig, "  "), ReasonSignatureMissing},
		{"version only", set(sig, "v1"), ReasonSignatureMalformed},
		{"no version", set(sig, mac), ReasonSignatureMalformed},
		{"empty version", set(sig, ","+mac), ReasonSignatureMalformed},
		{"version in upper case", set(sig, "V1,"+mac), ReasonSignatureMalformed},
		{"unknown version", set(sig, "v2,"+mac), ReasonSignatureMalformed},
		{"version 10", set(sig, "v10,"+mac), ReasonSignatureMalformed},
		{"version with =", set(sig, "v1="+mac), ReasonSignatureMalformed},
		{"the other version", set(sig, "v1a,"+mac), ReasonNoMatch},
		{"space after the comma", set(sig, "v1, "+mac), ReasonSignatureMalformed},
		{"nothing after the comma", set(sig, "v1,"), ReasonSignatureMalformed},
		{"two commas", set(sig, "v1,,"+mac), ReasonSignatureMalformed},
		{"another one appended by comma", set(sig, standardMAC+",v1"), ReasonSignatureMalformed},
		{"cut by four characters", set(sig, "v1,"+mac[:40]), ReasonNoMatch},
		{"cut by one character", set(sig, "v1,"+mac[:42]+"="), ReasonSignatureMalformed},
		{"too long", set(sig, "v1,AAAA"+mac), ReasonNoMatch},
		{"signature twice in one", set(sig, standardMAC+mac), ReasonSignatureMalformed},
		{"url-safe alphabet", set(sig, "v1,"+strings.NewReplacer("+", "-", "/", "_").Replace(mac)), ReasonSignatureMalformed},
		{"other case", set(sig, "v1,"+strings.ToUpper(mac[:42])+mac[42:]), ReasonNoMatch},
		{"zeros", set(sig, "v1,"+strings.Repeat("A", 43)+"="), ReasonNoMatch},
		{"zeros as v1a", set(sig, "v1a,"+strings.Repeat("A", 86)+"=="), ReasonNoMatch},
		{"v1a cut", set(sig, signV1a(private, "x")[:44]), ReasonNoMatch},
		{"hex", set(sig, "v1,"+hexSum("x", "x")), ReasonNoMatch},
		{"seventeen signatures", edit(sig, func(s string) string { return strings.Repeat("v1,AAAA ", 16) + s }), ReasonSignatureTooMany},
		{"a long header", edit(sig, func(s string) string { return s + " " + strings.Repeat("x", maxHeader) }), ReasonSignatureTooLong},
		{"no id", remove(id), ReasonIDMissing},
		{"empty id", set(id, ""), ReasonIDMissing},
		{"id twice", add(id, standardMsg), ReasonIDTwice},
		{"another id", set(id, standardMsg+"x"), ReasonNoMatch},
		{"id in lower case", set(id, strings.ToLower(standardMsg)), ReasonNoMatch},
		{"id with a full stop", set(id, standardMsg+"."), ReasonIDMalformed},
		{"id with a space", set(id, "msg _"), ReasonIDMalformed},
		{"a long id", set(id, strings.Repeat("m", maxID+1)), ReasonIDMalformed},
		{"id and timestamp moved", func(r *Request) {
			r.Header.Set(id, standardMsg+"."+standardTime)
			r.Body = []byte(strings.TrimPrefix(standardBody, "."))
		}, ReasonIDMalformed},
		{"no timestamp", remove(ts), ReasonTimestampMissing},
		{"timestamp twice", add(ts, standardTime), ReasonTimestampTwice},
		{"another timestamp", set(ts, "1614265331"), ReasonNoMatch},
		{"timestamp with a plus", set(ts, "+"+standardTime), ReasonTimestampMalformed},
		{"timestamp with a zero", set(ts, "0"+standardTime), ReasonTimestampMalformed},
		{"timestamp in milliseconds", set(ts, standardTime+"000"), ReasonTimestampMalformed},
		{"timestamp with a fraction", set(ts, standardTime+".5"), ReasonTimestampMalformed},
		{"timestamp in words", set(ts, "2021-02-25T15:02:10Z"), ReasonTimestampMalformed},
		{"timestamp out of range", set(ts, "99999999999999999999"), ReasonTimestampMalformed},
		{"stale", later(5*time.Minute + time.Second), ReasonTimestampOld},
		{"from the future", later(-5*time.Minute - time.Second), ReasonTimestampFuture},
	})
	content := standardMsg + "." + standardTime + "." + standardBody
	for _, signature := range []string{standardMAC, signV1a(private, content)} {
		version, encoded, _ := strings.Cut(signature, ",")
		t.Run("one bit of "+version, func(t *testing.T) {
			raw, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				t.Fatal(err)
			}
			for i := range len(raw) * 8 {
				raw[i/8] ^= 1 << (i % 8)
				wantRefused(t, v, standardRequest(version+","+base64.StdEncoding.EncodeToString(raw)), ReasonNoMatch)
				raw[i/8] ^= 1 << (i % 8)
			}
			for i := range len(standardBody) * 8 {
				r := standardRequest(signature)
				r.Body[i/8] ^= 1 << (i % 8)
				wantRefused(t, v, r, ReasonNoMatch)
			}
		})
	}
}
