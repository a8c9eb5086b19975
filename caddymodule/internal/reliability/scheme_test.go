package reliability

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// signing is what a sender signs with; a forger changes some of it.
type signing struct {
	secret, ts, id, algorithm string
	// over is signed in place of the body, where it isn't empty.
	over string
}

// scheme is a way to prove who sends, with a source of its own.
type scheme struct {
	name string
	// sender and block are of the source in the Caddyfile.
	sender, block string
	secret        string
	// spots are the headers that carry the proof, or inURL.
	spots []string
	// id is the header of the event's own id, "" where none is signed.
	id    string
	prove func(m *message, s signing)
	// genuine is the second implementation: whether a request may be kept.
	genuine func(m *message, now int64) bool
	// challenges tells that a request without credentials is answered 401.
	challenges bool
}

const (
	aSecret     = "a well-kept Secret 7"
	aToken      = "A-token/of+32%bytes_0123456789ab"
	aPassword   = "Open-Sesame: 1"
	whsecSecret = "whsec_QSBrZXkgb2YgMjQgYnl0ZXMsIG9yIHNv"
)

var ed25519Key = ed25519.NewKeyFromSeed([]byte("thirty-two bytes for a test key!"))

func mac(algorithm, key, content string) []byte {
	made := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}[algorithm]
	h := hmac.New(made, []byte(key))
	h.Write([]byte(content))
	return h.Sum(nil)
}

func (s signing) hex(content string) string {
	return hex.EncodeToString(mac(s.algorithm, s.secret, content))
}

func (s signing) base64(content string) string {
	return base64.StdEncoding.EncodeToString(mac(s.algorithm, s.secret, content))
}

func (m *message) set(name, value string) { m.header = append(m.header, [2]string{name, value}) }

// content is what is signed as the body.
func (s signing) content(m *message) string {
	if s.over != "" {
		return s.over
	}
	return m.body
}

// schemes are those of the known senders and the usual ones of others.
func schemes() []scheme {
	return append(signatures(), append(credentials(), combined()...)...)
}

func signatures() []scheme {
	return []scheme{
		{
			name: "edusign", sender: "edusign", block: quote("secret", aSecret), secret: aSecret, spots: []string{"X-Edusign-Hmac"},
			prove: func(m *message, s signing) { m.set("X-Edusign-Hmac", s.hex(s.content(m))) },
			genuine: func(m *message, now int64) bool {
				c := claim{m: m, now: now, header: "X-Edusign-Hmac"}
				return c.signed(func(string, string) string { return m.body }) || c.signed(func(string, string) string { return compacted(m.body) })
			},
		},
		{
			name: "github", sender: "custom", block: quote("secret", aSecret) + hmacBlock("header X-Hub-Signature-256", "signature sha256="),
			secret: aSecret, spots: []string{"X-Hub-Signature-256"},
			prove: func(m *message, s signing) { m.set("X-Hub-Signature-256", "sha256="+s.hex(s.content(m))) },
			genuine: func(m *message, now int64) bool {
				return claim{m: m, now: now, header: "X-Hub-Signature-256", prefix: "sha256="}.signed(func(string, string) string { return m.body })
			},
		},
		{
			name: "stripe", sender: "custom", secret: aSecret, spots: []string{"Stripe-Signature"},
			block: quote("secret", aSecret) + hmacBlock("header Stripe-Signature", "signature v1=", "timestamp t=", `signed "{timestamp}.{body}"`),
			prove: func(m *message, s signing) {
				m.set("Stripe-Signature", "t="+s.ts+",v1="+s.hex(s.ts+"."+s.content(m)))
			},
			genuine: func(m *message, now int64) bool {
				return claim{m: m, now: now, header: "Stripe-Signature", prefix: "v1=", time: "t="}.signed(func(ts, _ string) string { return ts + "." + m.body })
			},
		},
		{
			name: "slack", sender: "custom", secret: aSecret, spots: []string{"X-Slack-Signature", "X-Slack-Request-Timestamp"},
			block: quote("secret", aSecret) + hmacBlock("header X-Slack-Signature", "signature v0=", "timestamp X-Slack-Request-Timestamp", `signed "v0:{timestamp}:{body}"`),
			prove: func(m *message, s signing) {
				m.set("X-Slack-Signature", "v0="+s.hex("v0:"+s.ts+":"+s.content(m)))
				m.set("X-Slack-Request-Timestamp", s.ts)
			},
			genuine: func(m *message, now int64) bool {
				return claim{m: m, now: now, header: "X-Slack-Signature", prefix: "v0=", time: "X-Slack-Request-Timestamp"}.signed(func(ts, _ string) string { return "v0:" + ts + ":" + m.body })
			},
		},
		{
			name: "with-id", sender: "custom", secret: aSecret, spots: []string{"X-Sig", "X-Time", "X-Id"}, id: "X-Id",
			block: quote("secret", aSecret) + hmacBlock("header X-Sig", "algorithm sha512", "encoding base64", "timestamp X-Time", "id X-Id", `signed "{id}.{timestamp}.{body}"`),
			prove: func(m *message, s signing) {
				if s.algorithm == "sha256" {
					s.algorithm = "sha512"
				}
				m.set("X-Sig", s.base64(s.id+"."+s.ts+"."+s.content(m)))
				m.set("X-Time", s.ts)
				m.set("X-Id", s.id)
			},
			genuine: func(m *message, now int64) bool {
				return claim{m: m, now: now, header: "X-Sig", time: "X-Time", id: "X-Id", algorithm: "sha512", base64: true}.signed(func(ts, id string) string { return id + "." + ts + "." + m.body })
			},
		},
		{
			name: "hubspot", sender: "custom", secret: aSecret, spots: []string{"X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"},
			block: quote("secret", aSecret) + hmacBlock("header X-HubSpot-Signature-v3", "encoding base64", "timestamp X-HubSpot-Request-Timestamp", `signed "{method}{url}{body}{timestamp}"`),
			prove: func(m *message, s signing) {
				m.set("X-HubSpot-Signature-v3", s.base64(m.method+"http://gateway"+m.target()+s.content(m)+s.ts))
				m.set("X-HubSpot-Request-Timestamp", s.ts)
			},
			genuine: func(m *message, now int64) bool {
				return bracketed(m.body) && claim{m: m, now: now, header: "X-HubSpot-Signature-v3", time: "X-HubSpot-Request-Timestamp", base64: true}.signed(func(ts, _ string) string {
					return m.method + "http://gateway" + m.target() + m.body + ts
				})
			},
		},
		standard("standard-v1", quote("secret", whsecSecret), whsecSecret, func(s signing, content string) string {
			key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.secret, "whsec_"))
			s.secret = string(key)
			return "v1," + s.base64(content)
		}),
		standard("standard-v1a", quote("secret", "whpk_"+base64.StdEncoding.EncodeToString(ed25519Key.Public().(ed25519.PublicKey))), "", func(s signing, content string) string {
			key := ed25519Key
			if s.secret != "" {
				seed := sha256.Sum256([]byte(s.secret))
				key = ed25519.NewKeyFromSeed(seed[:])
			}
			return "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(content)))
		}),
	}
}

func standard(name, block, secret string, sign func(signing, string) string) scheme {
	return scheme{
		name: name, sender: "custom", block: block + "\n standard_webhooks", secret: secret,
		spots: []string{"webhook-signature", "webhook-timestamp", "webhook-id"}, id: "webhook-id",
		prove: func(m *message, s signing) {
			m.set("webhook-signature", sign(s, s.id+"."+s.ts+"."+s.content(m)))
			m.set("webhook-timestamp", s.ts)
			m.set("webhook-id", s.id)
		},
		genuine: standardGenuine,
	}
}

func quote(option, value string) string { return fmt.Sprintf("\n %s %q", option, value) }

func hmacBlock(lines ...string) string {
	return "\n hmac {\n  " + strings.Join(lines, "\n  ") + "\n }"
}
