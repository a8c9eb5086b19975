package caddymodule

import (
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// Proof is how a source's requests are verified. A source without any is
// refused, unless it says that it is unsigned.
type Proof struct {
	// Secrets that the sender signs with; any one matches.
	Secrets []string `json:"secrets,omitempty"`

	// Tokens that the sender puts in a header; any one matches.
	Tokens []string `json:"tokens,omitempty"`

	// The header that holds the token. Default: the sender's own, and
	// Authorization for a custom source.
	TokenHeader string `json:"token_header,omitempty"`

	// Tokens that stand in the URL, as its last segment or as `?token=`; any
	// one matches.
	URLTokens []string `json:"url_tokens,omitempty"`

	// Accounts of HTTP basic auth; any one matches.
	BasicAuth []Account `json:"basic_auth,omitempty"`

	// The signature scheme of a custom source.
	HMAC *HMAC `json:"hmac,omitempty"`

	// Verifies a custom source by Standard Webhooks 1.0.
	StandardWebhooks bool `json:"standard_webhooks,omitempty"`

	// Accepts requests without any proof. Anyone who knows the URL can then
	// make events.
	Unsigned bool `json:"unsigned,omitempty"`
}

// Account is a user of basic auth.
type Account struct {
	// The user's name.
	User string `json:"user"`

	// The password: plain, or its bcrypt or argon2id hash.
	Password string `json:"password"`
}

// HMAC describes a signature scheme.
type HMAC struct {
	// The header that holds the signature.
	Header string `json:"header"`

	// sha1, sha256, sha384 or sha512. Default: sha256.
	Algorithm string `json:"algorithm,omitempty"`

	// How the signature is written: hex or base64. Default: hex.
	Encoding string `json:"encoding,omitempty"`

	// How the secret is written: utf8, hex or base64. Default: utf8.
	Key string `json:"key,omitempty"`

	// The prefix or the named part of the header that is the signature.
	// Default: the whole header.
	Signature string `json:"signature,omitempty"`

	// A part of the header, such as `t=`, or a header's name. Default: none.
	Timestamp string `json:"timestamp,omitempty"`

	// The header that holds {id}. Default: none.
	ID string `json:"id,omitempty"`

	// What is signed, of {timestamp} {id} {body} {method} {url}.
	// Default: {body}.
	Signed string `json:"signed,omitempty"`

	// How far the timestamp may be off, both ways; negative turns it off.
	// Default: 5m where there is a timestamp.
	Tolerance caddy.Duration `json:"tolerance,omitempty"`
}

const (
	edusign            = "edusign"
	edusignHeader      = "X-Edusign-Hmac"
	knolyx             = "knolyx"
	knolyxHeader       = "X-Webhook-Security-Token"
	standardSignature  = "Webhook-Signature"
	defaultTokenHeader = "Authorization"
)

// proofHeaders name the headers that carry proof: they stand in no log and
// go to no backend.
func (p *Proof) proofHeaders() []string {
	names := []string{edusignHeader, knolyxHeader, standardSignature, defaultTokenHeader}
	if p.TokenHeader != "" {
		names = append(names, p.TokenHeader)
	}
	if p.HMAC != nil {
		names = append(names, p.HMAC.Header)
	}
	return names
}

// verifier is made of all that is configured, and all must agree. Edusign is
// the exception: its apps sign and its schools send a token, at one URL.
func (p *Proof) verifier(senderName string) (verify.Verifier, error) {
	if p.Unsigned {
		return verify.Unsigned(), nil
	}
	v, err := p.all(senderName, p.signature, p.token, p.urlToken, p.basic)
	if err == nil && v == nil {
		err = unverified(senderName)
	}
	return v, err
}

// ahead is what tells before the body comes; nil where nothing does.
func (p *Proof) ahead(senderName string) (verify.Verifier, error) {
	return p.all(senderName, p.token, p.urlToken, p.basic)
}

// all is made of those schemes that are configured; nil where none is.
func (p *Proof) all(senderName string, schemes ...func(string) (verify.Verifier, error)) (verify.Verifier, error) {
	var all []verify.Verifier
	for _, scheme := range schemes {
		v, err := scheme(senderName)
		if err != nil {
			return nil, err
		}
		if v != nil {
			all = append(all, v)
		}
	}
	switch {
	case len(all) == 0:
		return nil, nil
	case senderName == edusign:
		return verify.Any(all...), nil
	}
	return verify.All(all...), nil
}

// checkProof refuses a source that nothing verifies, or only seemingly.
func (p *Proof) checkProof(senderName string) error {
	if err := p.fits(senderName); err != nil {
		return err
	}
	proven := len(p.Secrets)+len(p.Tokens)+len(p.URLTokens)+len(p.BasicAuth) > 0
	switch {
	case proven && p.Unsigned:
		return errors.New("unsigned stands beside a secret; leave one of them out")
	case !proven && !p.Unsigned:
		return unverified(senderName)
	}
	return nil
}

func unverified(senderName string) error {
	return fmt.Errorf("nothing verifies its requests, so anyone could send them; add %s, or write `unsigned` if that is meant", hint(senderName))
}

// hint names the verifier that suits a sender.
func hint(senderName string) string {
	switch senderName {
	case edusign:
		return "`secret` with the app's client secret"
	case knolyx:
		return "`token` with the webhook's security token"
	case "synap":
		return "`basic_auth` with user and password"
	case custom:
		return "`hmac` or `standard_webhooks` with a `secret`, `token`, `basic_auth` or `url_token`"
	}
	return "`url_token` with a secret that stands in the URL"
}

// fits refuses a scheme that the sender doesn't use, where it would only seem
// to protect.
func (p *Proof) fits(senderName string) error {
	schemes := p.HMAC != nil || p.StandardWebhooks
	switch {
	case schemes && senderName != custom:
		return fmt.Errorf("hmac and standard_webhooks are for custom sources; %s is verified with %s", senderName, hint(senderName))
	case p.HMAC != nil && p.StandardWebhooks:
		return errors.New("hmac and standard_webhooks exclude each other; leave one out")
	case schemes && len(p.Secrets) == 0:
		return errors.New("hmac and standard_webhooks need a `secret`")
	case len(p.Secrets) > 0 && !schemes && senderName == custom:
		return errors.New("a secret needs `hmac` or `standard_webhooks` to say how it signs")
	case len(p.Secrets) > 0 && senderName != edusign && senderName != custom:
		return fmt.Errorf("%s signs nothing, so a secret proves nothing; use %s", senderName, hint(senderName))
	case len(p.Tokens) > 0 && senderName != knolyx && senderName != custom:
		return fmt.Errorf("%s sends no token in a header; use %s", senderName, hint(senderName))
	case p.TokenHeader != "" && len(p.Tokens) == 0:
		return errors.New("token_header needs a `token`")
	}
	return nil
}

func (p *Proof) signature(senderName string) (verify.Verifier, error) {
	if len(p.Secrets) == 0 {
		return nil, nil
	}
	keys, err := secrets("secret", p.Secrets)
	if err != nil {
		return nil, err
	}
	if p.StandardWebhooks {
		return verify.NewStandardWebhooks(keys)
	}
	if senderName == edusign {
		return verify.NewHMAC(verify.HMAC{Header: edusignHeader, Compact: true}, keys)
	}
	return verify.NewHMAC(p.HMAC.scheme(), keys)
}

func (h *HMAC) scheme() verify.HMAC {
	return verify.HMAC{
		Header: h.Header, Algorithm: h.Algorithm, Encoding: h.Encoding, Key: h.Key,
		Signature: h.Signature, Timestamp: h.Timestamp, ID: h.ID, Signed: h.Signed,
		Tolerance: time.Duration(h.Tolerance),
	}
}

// lifetime is how long one signed request passes; 0 where no time is verified.
func (p *Proof) lifetime() time.Duration {
	switch {
	case p.StandardWebhooks:
		return verify.StandardLifetime
	case p.HMAC != nil:
		return p.HMAC.scheme().Lifetime()
	}
	return 0
}

func (p *Proof) token(senderName string) (verify.Verifier, error) {
	if len(p.Tokens) == 0 {
		return nil, nil
	}
	tokens, err := secrets("token", p.Tokens)
	if err != nil {
		return nil, err
	}
	header := p.TokenHeader
	switch {
	case header != "":
	case senderName == knolyx:
		header = knolyxHeader
	default:
		header = defaultTokenHeader
	}
	return verify.NewToken(header, tokens)
}

func (p *Proof) urlToken(string) (verify.Verifier, error) {
	if len(p.URLTokens) == 0 {
		return nil, nil
	}
	tokens, err := secrets("url_token", p.URLTokens)
	if err != nil {
		return nil, err
	}
	return verify.NewURLToken(tokens)
}

func (p *Proof) basic(string) (verify.Verifier, error) {
	if len(p.BasicAuth) == 0 {
		return nil, nil
	}
	accounts := make([]verify.Account, len(p.BasicAuth))
	for i, a := range p.BasicAuth {
		user, err := resolve("basic_auth user", a.User)
		if err != nil {
			return nil, err
		}
		password, err := secrets("basic_auth password", []string{a.Password})
		if err != nil {
			return nil, err
		}
		accounts[i] = verify.Account{User: user, Password: password[0]}
	}
	return verify.NewBasic(accounts)
}
