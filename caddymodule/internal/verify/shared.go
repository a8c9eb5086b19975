package verify

import (
	"runtime"
	"sync"
	"weak"
)

// shared has the hashes that are in use, by their text. Whatever else is configured
// with one, such as the config after a reload, knows the password that one remembers.
var shared = sharing{hashes: make(map[string]weak.Pointer[hashed])}

type sharing struct {
	mu     sync.Mutex
	hashes map[string]weak.Pointer[hashed]
}

// hashed returns what is in use of a hash's text, and else begins to use hash.
func (s *sharing) hashed(text string, hash passwordHash) *hashed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.hashes[text].Value(); h != nil {
		return h
	}
	h := newHashed(hash)
	s.hashes[text] = weak.Make(h)
	runtime.AddCleanup(h, s.forget, text)
	return h
}

// forget is called when nobody uses a hash any more, if nobody began to again.
func (s *sharing) forget(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hashes[text].Value() == nil {
		delete(s.hashes, text)
	}
}
