package verify

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

var (
	unixForm  = regexp.MustCompile(`^[1-9][0-9]{0,11}$`)
	milliForm = regexp.MustCompile(`^[1-9][0-9]{12}$`)
)

// within tells, by exact arithmetic, whether a timestamp is within 5 minutes
// of now.
func within(ts string, scale int64) bool {
	n, _ := new(big.Int).SetString(ts, 10)
	n.Mul(n, big.NewInt(scale))
	n.Sub(n, big.NewInt(now.UnixNano()))
	return n.CmpAbs(big.NewInt(int64(5*time.Minute))) <= 0
}

// stripe is a second implementation of one scheme, as plain as can be: split,
// encode what is expected, compare strings.
func stripe(secrets []string, header, body string) bool {
	if len(header) > maxHeader {
		return false
	}
	var times, signatures []string
	for _, part := range strings.Split(strings.ReplaceAll(header, ";", ","), ",") {
		part = strings.Trim(part, " \t")
		if ts, ok := strings.CutPrefix(part, "t="); ok {
			times = append(times, ts)
		}
		if signature, ok := strings.CutPrefix(part, "v1="); ok {
			signatures = append(signatures, strings.ToLower(signature))
		}
	}
	if len(times) != 1 || len(signatures) > maxSignatures {
		return false
	}
	ts := times[0]
	seconds := unixForm.MatchString(ts) && within(ts, 1e9)
	if millis := milliForm.MatchString(ts) && within(ts, 1e6); !seconds && !millis {
		return false
	}
	for _, secret := range secrets {
		for _, signature := range signatures {
			if signature == hexSum(secret, ts+"."+body) {
				return true
			}
		}
	}
	return false
}

// In the header, {sig} stands for a genuine signature of the timestamp ts and
// the body.
func FuzzHMACHeader(f *testing.F) {
	secrets := []string{"a well kept secret", "the second secret"}
	v := must(f)(NewHMAC(HMAC{Header: "X-Sig", Signature: "v1=", Timestamp: "t=", Signed: "{timestamp}.{body}"}, secrets))
	reasons := vocabulary(f)
	for _, header := range []string{
		"t=1700000000,v1={sig}", "t=1700000000;v1={sig}", " v1={sig} , t=1700000000 ", "t=1700000000,v1=00,v1={sig}", "v1={sig}",
		"t=1700000000,t=1700000000,v1={sig}", "t=+1700000000,v1={sig}", "t=1700000000, v1= {sig}", "t=,v1=", ",,;", "t=1700000000,v1={sig}0",
		"t=1700000000,V1={sig}", "t=1700000000" + strings.Repeat(",v1={sig}", 17), "t=1700000000,v1={sig}," + strings.Repeat("x", maxHeader),
	} {
		f.Add(header, "1700000000", "{}", 0, false)
		f.Add(header, "1700000000", `{"a":"ü"}`, 1, true)
	}
	f.Add("t=1700000000123,v1={sig}", "1700000000123", "{}", 1, false)
	f.Add("t=17000000001230,v1={sig}", "17000000001230", "{}", 0, false)
	f.Fuzz(func(t *testing.T, header, ts, body string, secret int, upper bool) {
		signature := hexSum(secrets[secret&1], ts+"."+body)
		if upper {
			signature = strings.ToUpper(signature)
		}
		header = strings.ReplaceAll(header, "{sig}", signature)
		got := v.Verify(request(body, "X-Sig", header))
		sane(t, reasons, got)
		if want := stripe(secrets, strings.Trim(header, " \t"), body); got.OK != want {
			t.Fatalf("header %q, body %q: got %+v, want %v", header, body, got, want)
		}
	})
}

// The library signs what is expected; the reading of the headers is written
// down once more.
func FuzzStandardWebhooks(f *testing.F) {
	public, private := keyPair()
	v := must(f)(NewStandardWebhooks([]string{standardSecret, public}))
	wh, err := standardwebhooks.NewWebhook(standardSecret)
	if err != nil {
		f.Fatal(err)
	}
	reasons := vocabulary(f)
	for _, header := range []string{
		"{v1}", "{v1a}", "v1,AAAA {v1}", "{v1a} {v1}", "v2,x {v1}", "{v1},x", "v1 {v1}", " {v1} ", "v1a{v1}", "{v1}=", strings.Repeat("{v1} ", 17),
	} {
		f.Add(header, "msg_1", int64(1700000000), "1700000000", "{}")
	}
	f.Add("{v1}", "msg.1", int64(1700000000), "1700000000", "{}")
	f.Add("{v1}", "msg 1", int64(1700000000), "+1700000000", "{}")
	f.Add("{v1}", "msg_1", int64(1699999700), "1699999700", "")
	f.Add("{v1a}", "msg_1", int64(1700000301), "1700000301", "\xff")
	f.Fuzz(func(t *testing.T, header, id string, unix int64, ts, body string) {
		v1, err := wh.Sign(id, time.Unix(unix, 0), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		content := id + "." + ts + "." + body
		header = strings.NewReplacer("{v1}", v1, "{v1a}", signV1a(private, content)).Replace(header)
		got := v.Verify(request(body, "webhook-id", id, "webhook-timestamp", ts, "webhook-signature", header))
		sane(t, reasons, got)

		// Whatever verifies must carry what the sender made for this content.
		if !got.OK {
			return
		}
		if strings.Contains(id, ".") || !unixForm.MatchString(strings.Trim(ts, " \t")) || !within(strings.Trim(ts, " \t"), 1e9) {
			t.Fatalf("id %q, timestamp %q verify", id, ts)
		}
		content = strings.Trim(id, " \t") + "." + strings.Trim(ts, " \t") + "." + body
		key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(standardSecret, "whsec_"))
		expected := []string{
			base64.RawStdEncoding.EncodeToString(sum(string(key), content)),
			base64.RawStdEncoding.EncodeToString(ed25519.Sign(private, []byte(content))),
		}[got.Secret]
		if !strings.Contains(header, []string{"v1,", "v1a,"}[got.Secret]+expected) {
			t.Fatalf("header %q verifies content %q", header, content)
		}
	})
}

func FuzzBasic(f *testing.F) {
	const user, password = "Synap", "Open-Sesame: 1"
	v := must(f)(NewBasic([]Account{{user, password}}))
	reasons := vocabulary(f)
	good := basicHeader(user, password)
	for _, header := range []string{good, "bASIC" + good[5:], " " + good, good + "=", "Basic", "Basic ", "Basic  x", "Basic Og==", "Bearer x", good[6:], "", "\x00"} {
		f.Add(header, "")
		f.Add(header, header)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		r := request("", "Authorization", first)
		if second != "" {
			r.Header.Add("Authorization", second)
		}
		got := v.Verify(r)
		sane(t, reasons, got)
		if !got.OK {
			return
		}
		only := strings.Trim(first+second, " \t")
		raw, err := base64.StdEncoding.DecodeString(only[min(len("Basic "), len(only)):])
		if err != nil || !strings.EqualFold(only[:len("Basic ")], "Basic ") || string(raw) != user+":"+password {
			t.Fatalf("%q and %q verify", first, second)
		}
	})
}

// What is signed is the template with the values in the placeholders' places.
func FuzzSigned(f *testing.F) {
	f.Add("{timestamp}.{body}", "1700000000", "ev_1", `{"a":1}`)
	f.Add("{id}.{timestamp}.{body}", "1700000000123", "ev.1", "123")
	f.Add("{method}{url}{body}{timestamp}", "1", "", "[]")
	f.Add("{body", "", "", "")
	f.Fuzz(func(t *testing.T, template, ts, id, body string) {
		s, err := parseSigned(template)
		if err != nil {
			return
		}
		v := values{timestamp: ts, id: id, method: "POST", url: "https://school.example/", body: []byte(body)}
		var got bytes.Buffer
		s.write(&got, v)
		all := strings.NewReplacer("{timestamp}", ts, "{id}", id, "{method}", v.method, "{url}", v.url, "{body}", body)
		if want := all.Replace(template); got.String() != want {
			t.Fatalf("template %q: signed %q, want %q", template, got.String(), want)
		}
	})
}

func FuzzBase64(f *testing.F) {
	for _, s := range []string{"", "AAAA", "AA==", "AA", "AB==", "A\nA==", "A", "==", "-_-_"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, ok := decodeBase64(s)
		if ok && s != base64.StdEncoding.EncodeToString(b) && s != base64.RawStdEncoding.EncodeToString(b) {
			t.Fatalf("%q is another spelling of %s", s, hex.EncodeToString(b))
		}
	})
}
