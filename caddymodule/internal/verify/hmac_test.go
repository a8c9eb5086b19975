package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// sum is HMAC-SHA256, written down once more for the tests.
func sum(secret, content string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(content))
	return mac.Sum(nil)
}

func hexSum(secret, content string) string { return hex.EncodeToString(sum(secret, content)) }

func TestVectorsOfRFC4231AndRFC2202(t *testing.T) {
	long := "Test Using Larger Than Block-Size Key - Hash Key First"
	for _, c := range []struct{ algorithm, key, data, mac string }{
		{"sha1", strings.Repeat("0b", 20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
		{"sha256", strings.Repeat("0b", 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{"sha384", strings.Repeat("0b", 20), "Hi There", "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"},
		{"sha512", strings.Repeat("0b", 20), "Hi There", "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
		{"sha256", strings.Repeat("aa", 20), strings.Repeat("\xdd", 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{"sha384", strings.Repeat("aa", 20), strings.Repeat("\xdd", 50), "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27"},
		{"sha512", strings.Repeat("aa", 20), strings.Repeat("\xdd", 50), "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"},
		{"sha256", strings.Repeat("aa", 131), long, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{"sha384", strings.Repeat("aa", 131), long, "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"},
		{"sha512", strings.Repeat("aa", 131), long, "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
	} {
		t.Run(c.algorithm, func(t *testing.T) {
			v := must(t)(NewHMAC(HMAC{Header: "X-Mac", Algorithm: c.algorithm, Key: "hex"}, []string{c.key}))
			wantOK(t, v, request(c.data, "X-Mac", c.mac), 0)
			wantOK(t, v, request(c.data, "X-Mac", strings.ToUpper(c.mac)), 0)
			wantRefused(t, v, request(c.data+" ", "X-Mac", c.mac), ReasonNoMatch)

			raw, _ := hex.DecodeString(c.mac)
			v = must(t)(NewHMAC(HMAC{Header: "X-Mac", Algorithm: c.algorithm, Key: "hex", Encoding: "base64"}, []string{c.key}))
			wantOK(t, v, request(c.data, "X-Mac", base64.StdEncoding.EncodeToString(raw)), 0)
			wantOK(t, v, request(c.data, "X-Mac", base64.RawStdEncoding.EncodeToString(raw)), 0)
		})
	}
}

// The example of GitHub's "Validating webhook deliveries".
func TestVectorOfGitHub(t *testing.T) {
	v := must(t)(NewHMAC(HMAC{Header: "X-Hub-Signature-256", Signature: "sha256="}, []string{"It's a Secret to Everybody"}))
	wantOK(t, v, request("Hello, World!", "X-Hub-Signature-256",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"), 0)
}

// Schemes of well-known senders, as their documentation describes them.
func TestSchemesOfOtherSenders(t *testing.T) {
	const secret, payload, ts, milli = "a well kept secret", `{"a": 1}`, "1700000000", "1700000000123"
	encode := func(s string) string { return base64.StdEncoding.EncodeToString(sum(secret, s)) }
	for _, c := range []struct {
		name   string
		config HMAC
		header []string
	}{
		{"stripe", HMAC{Header: "Stripe-Signature", Signature: "v1=", Timestamp: "t=", Signed: "{timestamp}.{body}"},
			[]string{"Stripe-Signature", "t=" + ts + ",v1=" + hexSum(secret, ts+"."+payload) + ",v0=00"}},
		{"slack", HMAC{Header: "X-Slack-Signature", Signature: "v0=", Timestamp: "X-Slack-Request-Timestamp", Signed: "v0:{timestamp}:{body}"},
			[]string{"X-Slack-Signature", "v0=" + hexSum(secret, "v0:"+ts+":"+payload), "X-Slack-Request-Timestamp", ts}},
		{"paddle", HMAC{Header: "Paddle-Signature", Signature: "h1=", Timestamp: "ts=", Signed: "{timestamp}:{body}"},
			[]string{"Paddle-Signature", "ts=" + ts + ";h1=" + hexSum(secret, ts+":"+payload)}},
		{"hubspot", HMAC{Header: "X-HubSpot-Signature-v3", Encoding: "base64", Timestamp: "X-HubSpot-Request-Timestamp", Signed: "{method}{url}{body}{timestamp}"},
			[]string{"X-HubSpot-Signature-v3", encode("POSThttps://hooks.school.example/in?x=1" + payload + milli), "X-HubSpot-Request-Timestamp", milli}},
		{"square", HMAC{Header: "X-Square-Hmacsha256-Signature", Encoding: "base64", Signed: "{url}{body}"},
			[]string{"X-Square-Hmacsha256-Signature", encode("https://hooks.school.example/in?x=1" + payload)}},
		{"airwallex", HMAC{Header: "X-Signature", Timestamp: "X-Timestamp", Signed: "{timestamp}{body}"},
			[]string{"X-Signature", hexSum(secret, milli+payload), "X-Timestamp", milli}},
		{"with an id", HMAC{Header: "X-Signature", ID: "X-Id", Signed: "{id}:{body}"},
			[]string{"X-Signature", hexSum(secret, "ev-1.2:"+payload), "X-Id", "ev-1.2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := must(t)(NewHMAC(c.config, []string{secret}))
			wantOK(t, v, request(payload, c.header...), 0)
			wantRefused(t, v, request(`{"a": 2}`, c.header...), ReasonNoMatch)
		})
	}
}

func TestEverySecretIsComparedWithEverySignature(t *testing.T) {
	secrets := []string{"first secret", "second secret", "third secret"}
	v := must(t)(NewHMAC(HMAC{Header: "X-Sig", Signature: "v1="}, secrets))
	other := "v1=" + hexSum("another secret", "{}")
	for i, s := range secrets {
		good := "v1=" + hexSum(s, "{}")
		wantOK(t, v, request("{}", "X-Sig", good), i)
		wantOK(t, v, request("{}", "X-Sig", other+","+other+", "+good), i)
		wantOK(t, v, request("{}", "X-Sig", good+","+other), i)
		wantOK(t, v, request("{}", "X-Sig", other, "X-Sig", good), i)
		wantOK(t, v, request("{}", "X-Sig", "v1=no hex,v2=00,"+good), i)
	}
	wantRefused(t, v, request("{}", "X-Sig", other+","+other), ReasonNoMatch)
}

func TestOfEqualSecretsTheFirstIsTheOneThatMatched(t *testing.T) {
	twice := []string{"the same secret", "the same secret"}
	v := must(t)(NewHMAC(HMAC{Header: "X-Sig"}, twice))
	wantOK(t, v, request("{}", "X-Sig", hexSum(twice[0], "{}")), 0)
	v = must(t)(NewToken(knolyxHeader, twice))
	wantOK(t, v, request("{}", knolyxHeader, twice[0]), 0)
}

func TestKeysAreDecodedAsTheyAreWritten(t *testing.T) {
	key := "\x00\xff0123456789"
	for form, written := range map[string]string{
		"hex":    hex.EncodeToString([]byte(key)),
		"base64": base64.StdEncoding.EncodeToString([]byte(key)),
	} {
		v := must(t)(NewHMAC(HMAC{Header: "X-Sig", Key: form}, []string{written}))
		wantOK(t, v, request("{}", "X-Sig", hexSum(key, "{}")), 0)
		wantRefused(t, v, request("{}", "X-Sig", hexSum(written, "{}")), ReasonNoMatch)
	}
}

// Edusign's own sample signs the body as compact JSON.
func TestACompactedBodyIsTriedWhereTheRawOneDoesNotMatch(t *testing.T) {
	const secret = "edusign client secret"
	pretty, compact := "{\n  \"a\": [1, 2.50],\n \"b\": \"<&>\" }", `{"a":[1,2.50],"b":"<&>"}`
	with := must(t)(NewHMAC(HMAC{Header: "X-Edusign-Hmac", Compact: true}, []string{secret}))
	without := must(t)(NewHMAC(HMAC{Header: "X-Edusign-Hmac"}, []string{secret}))

	signedRaw := []string{"X-Edusign-Hmac", hexSum(secret, pretty)}
	signedCompact := []string{"X-Edusign-Hmac", hexSum(secret, compact)}
	wantOK(t, with, request(pretty, signedRaw...), 0)
	wantOK(t, with, request(pretty, signedCompact...), 0)
	wantRefused(t, without, request(pretty, signedCompact...), ReasonNoMatch)
	wantRefused(t, with, request(compact, signedRaw...), ReasonNoMatch)
	wantRefused(t, with, request("no json", signedCompact...), ReasonNoMatch)
	// No other way of writing the same JSON is tried.
	wantRefused(t, with, request(`{"b":"<&>","a":[1,2.50]}`, signedCompact...), ReasonNoMatch)
	wantRefused(t, with, request(`{"a":[1,2.5],"b":"<&>"}`, signedCompact...), ReasonNoMatch)
}

func TestBase64SignaturesHaveOneSpelling(t *testing.T) {
	const secret = "a well kept secret"
	v := must(t)(NewHMAC(HMAC{Header: "X-Sig", Encoding: "base64"}, []string{secret}))
	// A body whose MAC has + and / in base64, and so another URL-safe form.
	payload, good := "", ""
	for i := 0; !strings.Contains(good, "+") || !strings.Contains(good, "/"); i++ {
		payload = fmt.Sprint(i)
		good = base64.StdEncoding.EncodeToString(sum(secret, payload))
	}
	wantOK(t, v, request(payload, "X-Sig", good), 0)
	for name, sig := range map[string]string{
		"url-safe":        strings.NewReplacer("+", "-", "/", "_").Replace(good),
		"padded twice":    good + "=",
		"trailing bits":   good[:42] + string(good[42]+1) + "=",
		"line end within": good[:10] + "\n" + good[10:],
		"line end at end": good + "\r\n",
		"space within":    good[:10] + " " + good[10:],
		"hex":             hexSum(secret, payload),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, v, request(payload, "X-Sig", sig), ReasonSignatureMalformed)
		})
	}
}
