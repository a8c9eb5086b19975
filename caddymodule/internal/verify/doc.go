// Package verify tells whether a request was sent by someone who holds one of
// a source's secrets. It knows schemes, not senders: it reads no clock, no
// file and no network, and imports nothing of ours.
//
// Each constructor checks its configuration and returns a Verifier:
//
//	NewHMAC                a MAC over what Signed says         hmac.go, signed.go, signature.go
//	NewStandardWebhooks    Standard Webhooks 1.0, v1 and v1a   standard.go
//	NewToken, NewURLToken  a shared token as it is             token.go
//	NewBasic               user and password, plain or hashed  basic.go, hash.go, argon2id.go
//	Any, All, Unsigned     how several schemes combine         combine.go
//
// HMAC.Sign is the other side, for trying a gateway out: sign.go.
//
// What every scheme holds:
//
//  1. It fails closed. Without a usable secret there is no verifier, and a
//     request that can be understood in two ways doesn't verify.
//  2. What an attacker may guess is compared in constant time: MACs decoded and
//     whole, tokens and plain passwords as SHA-256 digests, so that not even
//     their length shows. Every secret is compared, whichever matched before.
//  3. The work for one request is bounded: header length, number of
//     signatures, and how many password hashes are computed at once.
//  4. A Reason and an error carry no value from a request and no secret; an
//     error names a secret by its position, counted from 1.
//
// A header given twice: signatures in it are all tried, since one that matches
// is proof enough. What is signed along (timestamp, id), a token and an
// Authorization header may stand once only, as another reader of the request
// could take the other one.
package verify
