package sample

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// signStandard signs as Standard Webhooks 1.0 say: by a secret (whsec_) for v1,
// by a private key (whsk_) for v1a.
func (r *Request) signStandard(header http.Header, secret string, now time.Time) error {
	prefix, encoded, _ := strings.Cut(secret, "_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 || prefix != "whsec" && prefix != "whsk" {
		return errors.New("the secret of Standard Webhooks is whsec_ and base64, or a private key, which is whsk_ and base64; copy it whole")
	}
	sign := r.standardByKey
	if prefix == "whsec" {
		sign = r.standardBySecret
	}
	signature, err := sign(key, now)
	if err != nil {
		return err
	}
	header.Set(webhooks.HeaderWebhookID, r.ID)
	header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
	header.Set(webhooks.HeaderWebhookSignature, signature)
	return nil
}

func (r *Request) standardBySecret(key []byte, now time.Time) (string, error) {
	signer, err := webhooks.NewWebhookRaw(key)
	if err != nil {
		return "", errors.New("the secret of Standard Webhooks can't be read; copy it whole")
	}
	return signer.Sign(r.ID, now, r.Body)
}

// standardByKey signs by a private key, with the public one behind it or not.
// The library has no v1a.
func (r *Request) standardByKey(key []byte, now time.Time) (string, error) {
	if len(key) != ed25519.SeedSize && len(key) != ed25519.PrivateKeySize {
		return "", fmt.Errorf("that is no private key of ed25519, which has %d or %d bytes; copy it whole", ed25519.SeedSize, ed25519.PrivateKeySize)
	}
	content := fmt.Appendf(nil, "%s.%d.%s", r.ID, now.Unix(), r.Body)
	signature := ed25519.Sign(ed25519.NewKeyFromSeed(key[:ed25519.SeedSize]), content)
	return "v1a," + base64.StdEncoding.EncodeToString(signature), nil
}
