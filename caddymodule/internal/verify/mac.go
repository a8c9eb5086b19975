package verify

import (
	"crypto/hmac"
	"crypto/sha512"
	"hash"
	"io"
	"sync"
)

// macKey checks MACs under one key. It keeps hashes that were keyed before,
// for keying one costs two blocks of it and some allocations.
type macKey struct{ keyed sync.Pool }

// keyedHash is one of them, with room for what it gives.
type keyedHash struct {
	hash.Hash
	sum [sha512.Size]byte
}

func newMACKey(h func() hash.Hash, key []byte) *macKey {
	return &macKey{sync.Pool{New: func() any { return &keyedHash{Hash: hmac.New(h, key)} }}}
}

// made tells whether one of the signatures is the key's over what write
// writes. It compares them all, whatever it finds.
func (k *macKey) made(signatures [][]byte, write func(io.Writer)) bool {
	h := k.keyed.Get().(*keyedHash)
	defer k.keyed.Put(h)
	h.Reset()
	write(h)
	sum, found := h.Sum(h.sum[:0]), false
	for _, signature := range signatures {
		if hmac.Equal(sum, signature) {
			found = true
		}
	}
	return found
}
