package caddymodule

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sample"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// proofFlags say how a request is proven: Proof as flags.
type proofFlags struct {
	secret, token, urlToken, password secretFlag
	user, tokenHeader                 string
	hmac                              verify.HMAC
	standard                          bool
}

// secretFlag is a secret, or the environment variable that holds it.
type secretFlag struct{ value, env string }

func (s *secretFlag) register(f *pflag.FlagSet, name, usage string) {
	f.StringVar(&s.value, name, "", usage)
	f.StringVar(&s.env, name+"-env", "", "the environment `variable` that holds the "+name)
}

// read is the secret; hidden remembers which variable it came from.
func (s *secretFlag) read(name string, hidden map[string]string) (string, error) {
	switch {
	case s.env == "":
		return s.value, nil
	case s.value != "":
		return "", fmt.Errorf("--%[1]s and --%[1]s-env exclude each other; leave one out", name)
	}
	value := os.Getenv(s.env)
	if strings.TrimSpace(value) == "" {
		return "", fmt.Errorf("--%s-env: the environment variable %s is not set or empty; set it", name, s.env)
	}
	hidden[value] = s.env
	return value, nil
}

func (p *proofFlags) register(f *pflag.FlagSet) {
	p.secret.register(f, "secret", "signs: Edusign's client secret, or that of a custom `secret`")
	p.token.register(f, "token", "stands in a header: Knolyx's security `token`, or that of a custom sender")
	p.urlToken.register(f, "url-token", "stands in the URL: the `token` of url_token")
	f.StringVar(&p.user, "user", "", "the `user` of basic auth; user:password is understood")
	p.password.register(f, "password", "the `password` of basic auth")
	f.StringVar(&p.tokenHeader, "token-header", "", "the `header` of a custom sender's token (default Authorization)")
	f.BoolVar(&p.standard, "standard-webhooks", false, "sign as Standard Webhooks say, for a custom sender: by a whsec_ secret, or a whsk_ private key")
	for _, h := range []struct {
		to          *string
		name, usage string
	}{
		{&p.hmac.Header, "header", "the `header` of a custom sender's signature"},
		{&p.hmac.Algorithm, "algorithm", "sha1, sha256, sha384 or sha512 (default sha256)"},
		{&p.hmac.Encoding, "encoding", "hex or base64 (default hex)"},
		{&p.hmac.Key, "key", "how the secret is written: utf8, hex or base64 (default utf8)"},
		{&p.hmac.Signature, "signature", "the `prefix` of the signature, such as v1="},
		{&p.hmac.Timestamp, "timestamp", "where the time stands: a `part` such as t=, or a header"},
		{&p.hmac.ID, "id", "the `header` of {id}"},
		{&p.hmac.Signed, "signed", "what is signed, as in the Caddyfile (default {body})"},
	} {
		f.StringVar(h.to, "hmac-"+h.name, "", h.usage)
	}
}

// read makes the proof, checked as a source's is. hidden has the values that
// came from the environment, with their variables.
func (p *proofFlags) read(senderName string) (proof sample.Proof, hidden map[string]string, err error) {
	if user, password, ok := strings.Cut(p.user, ":"); ok && p.password == (secretFlag{}) {
		p.user, p.password.value = user, password
	}
	hidden = make(map[string]string)
	proof = sample.Proof{User: p.user, HMAC: p.hmac, Standard: p.standard, TokenHeader: p.tokenHeader}
	for _, s := range []struct {
		from *secretFlag
		name string
		to   *string
	}{
		{&p.secret, "secret", &proof.Secret}, {&p.token, "token", &proof.Token},
		{&p.urlToken, "url-token", &proof.URLToken}, {&p.password, "password", &proof.Password},
	} {
		if *s.to, err = s.from.read(s.name, hidden); err != nil {
			return proof, hidden, err
		}
	}
	if err := p.fits(proof, senderName); err != nil {
		return proof, hidden, err
	}
	switch {
	case senderName == edusign && proof.Secret != "":
		proof.HMAC.Header = edusignHeader
	case proof.Token == "":
	case senderName == knolyx:
		proof.TokenHeader = knolyxHeader
	default:
		proof.TokenHeader = cmp.Or(p.tokenHeader, defaultTokenHeader)
	}
	return proof, hidden, nil
}

// fits refuses what a source of this sender would not be configured with.
func (p *proofFlags) fits(proof sample.Proof, senderName string) error {
	config := Proof{TokenHeader: p.tokenHeader, StandardWebhooks: p.standard}
	if p.hmac != (verify.HMAC{}) {
		config.HMAC = new(HMAC)
	}
	if proof.Secret != "" {
		config.Secrets = []string{proof.Secret}
	}
	if proof.Token != "" {
		config.Tokens = []string{proof.Token}
	}
	if proof.User == "" && proof.Password != "" {
		return fmt.Errorf("a password needs --user")
	}
	return config.fits(senderName)
}

// suggestion names the flags that suit a sender.
func (p *proofFlags) suggestion(senderName string) string {
	switch senderName {
	case edusign:
		return "--secret-env NAME, or --url-token-env NAME"
	case knolyx:
		return "--token-env NAME"
	case "synap":
		return "--user USER --password-env NAME"
	case custom:
		return "what the source's Caddyfile says: --secret-env, --token-env, --url-token-env or --user"
	}
	return "--url-token-env NAME"
}
