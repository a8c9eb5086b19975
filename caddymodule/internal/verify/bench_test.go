package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	const secret = "0123456789abcdef0123456789abcdef"
	body := bytes.Repeat([]byte("0123456789abcdef"), 64)
	at := strconv.FormatInt(now.Unix(), 10)
	sign := func(signed string) []byte {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(signed))
		return mac.Sum(nil)
	}
	standard := "v1," + base64.StdEncoding.EncodeToString(sign("msg_1."+at+"."+string(body)))
	for name, c := range map[string]struct {
		v Verifier
		r *Request
	}{
		"hmac": {
			must(b)(NewHMAC(HMAC{Header: "X-Signature", Signature: "sha256="}, []string{secret})),
			request(string(body), "X-Signature", "sha256="+hex.EncodeToString(sign(string(body)))),
		},
		"hmac with a timestamp": {
			must(b)(NewHMAC(HMAC{Header: "X-Signature", Signature: "v1=", Timestamp: "t=", Signed: "{timestamp}.{body}"}, []string{secret})),
			request(string(body), "X-Signature", "t="+at+",v1="+hex.EncodeToString(sign(at+"."+string(body)))),
		},
		"standard webhooks": {
			must(b)(NewStandardWebhooks([]string{"whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))})),
			request(string(body), standardID, "msg_1", standardTimestamp, at, standardSignature, standard),
		},
		"token": {
			must(b)(NewToken("Authorization", []string{secret})),
			request(string(body), "Authorization", "Bearer "+secret),
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if result := c.v.Verify(c.r); !result.OK {
					b.Fatal(result.Reason)
				}
			}
		})
	}
}
