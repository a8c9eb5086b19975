package verify

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestNoMutatedSignatureVerifies(t *testing.T) {
	const secret, payload, ts = "a well kept secret", `{"type":"ping","id":17}`, "1700000000"
	v := must(t)(NewHMAC(HMAC{
		Header: "X-Sig", Signature: "v1=", Timestamp: "t=", ID: "X-Id", Signed: "{id}.{timestamp}.{body}",
	}, []string{secret, "the second secret"}))
	mac := hexSum(secret, "ev_1."+ts+"."+payload)
	genuine := func() *Request {
		return request(payload, "X-Sig", "t="+ts+",v1="+mac, "X-Id", "ev_1")
	}
	signedBy := func(secret, content string) func(*Request) {
		return replace("X-Sig", mac, hexSum(secret, content))
	}
	never(t, v, genuine, []mutation{
		{"another body", body(`{"type":"ping","id":18}`), ReasonNoMatch},
		{"no body", body(""), ReasonNoMatch},
		{"body with a line end", body(payload + "\n"), ReasonNoMatch},
		{"body cut off", body(payload[:len(payload)-1]), ReasonNoMatch},
		{"body as other JSON", body(`{"type": "ping", "id": 17}`), ReasonNoMatch},
		{"no header", remove("X-Sig"), ReasonSignatureMissing},
		{"empty header", set("X-Sig", ""), ReasonSignatureMissing},
		{"blank header", set("X-Sig", " \t "), ReasonSignatureMissing},
		{"only commas", set("X-Sig", ",;,"), ReasonSignatureMalformed},
		{"no signature", set("X-Sig", "t="+ts), ReasonSignatureMalformed},
		{"empty signature", set("X-Sig", "t="+ts+",v1="), ReasonSignatureMalformed},
		{"signature without its name", set("X-Sig", "t="+ts+","+mac), ReasonSignatureMalformed},
		{"another version", replace("X-Sig", "v1=", "v0="), ReasonSignatureMalformed},
		{"name in upper case", replace("X-Sig", "v1=", "V1="), ReasonSignatureMalformed},
		{"space in the name", replace("X-Sig", "v1=", "v1 ="), ReasonSignatureMalformed},
		{"space before the signature", replace("X-Sig", "v1=", "v1= "), ReasonSignatureMalformed},
		{"space in the signature", replace("X-Sig", mac, mac[:10]+" "+mac[10:]), ReasonSignatureMalformed},
		{"quotes", replace("X-Sig", mac, `"`+mac+`"`), ReasonSignatureMalformed},
		{"0x", replace("X-Sig", mac, "0x"+mac), ReasonSignatureMalformed},
		{"signature cut by a digit", replace("X-Sig", mac, mac[1:]), ReasonSignatureMalformed},
		{"signature cut by a byte", replace("X-Sig", mac, mac[:62]), ReasonSignatureMalformed},
		{"first byte only", replace("X-Sig", mac, mac[:2]), ReasonSignatureMalformed},
		{"signature too long", replace("X-Sig", mac, mac+"00"), ReasonSignatureMalformed},
		{"signature twice in one", replace("X-Sig", mac, mac+mac), ReasonSignatureMalformed},
		{"zeros", replace("X-Sig", mac, strings.Repeat("0", 64)), ReasonNoMatch},
		{"other letters", replace("X-Sig", mac, strings.Repeat("g", 64)), ReasonSignatureMalformed},
		{"full width digits", replace("X-Sig", mac, "０"+mac[3:]), ReasonSignatureMalformed},
		{"base64", replace("X-Sig", mac, base64.StdEncoding.EncodeToString(sum(secret, "ev_1."+ts+"."+payload))), ReasonSignatureMalformed},
		{"sha1's length", replace("X-Sig", mac, mac[:40]), ReasonSignatureMalformed},
		{"sha512's length", replace("X-Sig", mac, mac+mac), ReasonSignatureMalformed},
		{"plain sha256 of the content", replace("X-Sig", mac, fmt.Sprintf("%x", sha256.Sum256([]byte("ev_1."+ts+"."+payload)))), ReasonNoMatch},
		{"the empty secret", signedBy("", "ev_1."+ts+"."+payload), ReasonNoMatch},
		{"another secret", signedBy("another secret", "ev_1."+ts+"."+payload), ReasonNoMatch},
		{"the secret in upper case", signedBy(strings.ToUpper(secret), "ev_1."+ts+"."+payload), ReasonNoMatch},
		{"the secret with a line end", signedBy(secret+"\n", "ev_1."+ts+"."+payload), ReasonNoMatch},
		{"signed without id and time", signedBy(secret, payload), ReasonNoMatch},
		{"signed for another id", signedBy(secret, "ev_2."+ts+"."+payload), ReasonNoMatch},
		{"seventeen signatures", edit("X-Sig", func(s string) string { return s + strings.Repeat(",v1=00", 16) }), ReasonSignatureTooMany},
		{"seventeen lines", func(r *Request) {
			for range 16 {
				r.Header.Add("X-Sig", "v1=00")
			}
		}, ReasonSignatureTooMany},
		{"a long header", edit("X-Sig", func(s string) string { return s + "," + strings.Repeat("x", maxHeader) }), ReasonSignatureTooLong},
		{"long lines", add("X-Sig", strings.Repeat("x", maxHeader-10)), ReasonSignatureTooLong},
		{"no timestamp", replace("X-Sig", "t="+ts+",", ""), ReasonTimestampMissing},
		{"empty timestamp", replace("X-Sig", ts, ""), ReasonTimestampMalformed},
		{"timestamp twice", edit("X-Sig", func(s string) string { return s + ",t=" + ts }), ReasonTimestampTwice},
		{"timestamp in two lines", add("X-Sig", "t="+ts), ReasonTimestampTwice},
		{"another timestamp", replace("X-Sig", ts, "1700000001"), ReasonNoMatch},
		{"the same time in milliseconds", replace("X-Sig", ts, ts+"000"), ReasonNoMatch},
		{"timestamp with a plus", replace("X-Sig", ts, "+"+ts), ReasonTimestampMalformed},
		{"timestamp with a minus", replace("X-Sig", ts, "-"+ts), ReasonTimestampMalformed},
		{"timestamp with a zero", replace("X-Sig", ts, "0"+ts), ReasonTimestampMalformed},
		{"timestamp with a space", replace("X-Sig", ts, " "+ts), ReasonTimestampMalformed},
		{"timestamp with a fraction", replace("X-Sig", ts, ts+".0"), ReasonTimestampMalformed},
		{"timestamp as a float", replace("X-Sig", ts, "1.7e9"), ReasonTimestampMalformed},
		{"timestamp in hex", replace("X-Sig", ts, "0x6553f100"), ReasonTimestampMalformed},
		{"timestamp with underscores", replace("X-Sig", ts, "1_700_000_000"), ReasonTimestampMalformed},
		{"timestamp in other digits", replace("X-Sig", ts, "١٧٠٠٠٠٠٠٠٠"), ReasonTimestampMalformed},
		{"timestamp in words", replace("X-Sig", ts, "now"), ReasonTimestampMalformed},
		{"timestamp out of range", replace("X-Sig", ts, "99999999999999999999"), ReasonTimestampMalformed},
		{"stale", later(5*time.Minute + time.Second), ReasonTimestampOld},
		{"from the future", later(-5*time.Minute - time.Second), ReasonTimestampFuture},
		{"no id", remove("X-Id"), ReasonIDMissing},
		{"empty id", set("X-Id", ""), ReasonIDMissing},
		{"id twice", add("X-Id", "ev_1"), ReasonIDTwice},
		{"another id", set("X-Id", "ev_2"), ReasonNoMatch},
		{"id in upper case", set("X-Id", "EV_1"), ReasonNoMatch},
		{"id with a full stop", set("X-Id", "ev_1."), ReasonIDMalformed},
		{"id with a space", set("X-Id", "ev 1"), ReasonIDMalformed},
		{"id with a control character", set("X-Id", "ev_1\x00"), ReasonIDMalformed},
		{"id beyond ASCII", set("X-Id", "ev_é"), ReasonIDMalformed},
		{"a long id", set("X-Id", strings.Repeat("e", maxID+1)), ReasonIDMalformed},
	})
	t.Run("one bit of the body", func(t *testing.T) {
		for i := range len(payload) * 8 {
			r := genuine()
			r.Body[i/8] ^= 1 << (i % 8)
			wantRefused(t, v, r, ReasonNoMatch)
		}
	})
	t.Run("one bit of the signature", func(t *testing.T) {
		for i := range sha256.Size * 8 {
			raw := sum(secret, "ev_1."+ts+"."+payload)
			raw[i/8] ^= 1 << (i % 8)
			r := genuine()
			replace("X-Sig", mac, hex.EncodeToString(raw))(r)
			wantRefused(t, v, r, ReasonNoMatch)
		}
	})
}
