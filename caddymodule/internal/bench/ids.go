package main

import "sync/atomic"

// endless gives event ids that no request had before.
func (b *bench) endless() (uint64, bool) { return b.ids.Add(1), true }

// upTo ends ids after n of them.
func upTo(n int, ids func() (uint64, bool)) func() (uint64, bool) {
	var given atomic.Int64
	return func() (uint64, bool) {
		if given.Add(1) > int64(n) {
			return 0, false
		}
		return ids()
	}
}

// around gives the n ids from first on, again and again.
func around(first uint64, n int) func() (uint64, bool) {
	var given atomic.Uint64
	return func() (uint64, bool) {
		return first + given.Add(1)%uint64(n), true
	}
}
