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
	var room [512]byte
	return hexadecimal(sha256.Sum256(measured(room[:0], kind, parts)))
}

// bodyKey is a key whose last part is a body, which may be large.
func bodyKey(body []byte, parts ...string) string {
	var room [512]byte
	h := sha256.New()
	h.Write(binary.AppendUvarint(measured(room[:0], "body", parts), uint64(len(body))))
	h.Write(body)
	return hexadecimal([sha256.Size]byte(h.Sum(room[:0])))
}

// measured appends a kind and parts, each behind its length.
func measured(b []byte, kind string, parts []string) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(kind))), kind...)
	for _, part := range parts {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return b
}

func hexadecimal(sum [sha256.Size]byte) string {
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	return string(digits[:])
}

// byID identifies a request by the sender's own id of the event.
func byID(id, senderType string) event.Identity {
	return event.Identity{ID: token(id), SenderType: senderType, Key: key("id", id), Window: 7 * day}
}

// byBody identifies a request by its event's name and every byte of its body.
// The name counts because some senders post equal bodies to different URLs.
func byBody(r *event.Request, senderType string, window time.Duration) event.Identity {
	return event.Identity{SenderType: senderType, Key: bodyKey(r.Body, senderType), Window: window}
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
