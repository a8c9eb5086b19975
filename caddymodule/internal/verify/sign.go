package verify

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Sign does what a sender does: it puts a signature by the secret into the
// request's headers, and the timestamp where there is one. The id, if one is
// signed, must stand in its header. It is for trying a gateway out.
func (c HMAC) Sign(secret string, r *Request) error {
	h, err := c.withDefaults().compile()
	if err != nil {
		return fmt.Errorf("hmac: %w", err)
	}
	if err := checkSecret(secret); err != nil {
		return fmt.Errorf("hmac: the secret %w", err)
	}
	key, err := decodeKey(secret, h.Key)
	if err != nil {
		return fmt.Errorf("hmac: the secret %w", err)
	}
	v := values{method: r.Method, url: r.URL, body: r.Body}
	if h.ID != "" {
		if v.id = r.Header.Get(h.ID); v.id == "" {
			return fmt.Errorf("hmac: the request has no header %s, which is signed: set it", h.ID)
		}
	}
	if h.Timestamp != "" {
		v.timestamp = strconv.FormatInt(r.Now.Unix(), 10)
	}
	if !h.signed.plain(v) {
		return errors.New("hmac: what is signed could be cut in two ways, so no receiver should take it: send a JSON object, or change signed")
	}
	mac := hmac.New(h.hash, key)
	h.signed.write(mac, v)
	h.put(r.Header, v.timestamp, mac.Sum(nil))
	return nil
}

// put writes signature and timestamp as the receiver looks for them.
func (h *hmacVerifier) put(header http.Header, timestamp string, mac []byte) {
	encoded := hex.EncodeToString(mac)
	if h.Encoding == "base64" {
		encoded = base64.StdEncoding.EncodeToString(mac)
	}
	value := h.Signature + encoded
	switch {
	case h.Timestamp == "":
	case h.timestampInHeader():
		value = h.Timestamp + timestamp + "," + value
	default:
		header.Set(h.Timestamp, timestamp)
	}
	header.Set(h.Header, value)
}
