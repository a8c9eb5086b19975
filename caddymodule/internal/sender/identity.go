package sender

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

const (
	day = 24 * time.Hour
	// short is the window where only the body tells events apart: two equal
	// bodies may be two real events, so it just absorbs a double send.
	short = 10 * time.Minute
)

// key makes a dedupe key from parts: the hash of each part behind its length,
// so that parts can't run into each other and no payload shows in a key. The
// kind keeps keys apart that are made from different things.
func key(kind string, parts ...string) string {
	h := sha256.New()
	for _, part := range append([]string{kind}, parts...) {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// byBody identifies a request by its event's name and every byte of its body.
// The name counts because some senders post equal bodies to different URLs.
func byBody(r *event.Request, senderType string, window time.Duration) event.Identity {
	return event.Identity{
		SenderType: senderType,
		Key:        key("body", senderType, string(r.Body)),
		Window:     window,
	}
}

// token returns an id that may stand in a header and a log as it is, else "".
// The dedupe key is made from the id as it came in either case.
func token(id string) string {
	if len(id) > maxName {
		return ""
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return ""
		}
	}
	return id
}
