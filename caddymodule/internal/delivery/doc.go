// Package delivery carries events to backends: one [Worker] for each backend,
// so that a slow one holds up no other.
//
//	worker.go    a worker's life: start, wake, update, stop
//	dispatch.go  leases what is due, within concurrency and rate
//	breaker.go   spares a backend that is down
//	attempt.go   one attempt, from the lease to the record
//	envelope.go  the event as a CloudEvent
//	request.go   its headers and signatures
//	answer.go    what the backend answered
//	backend.go   a backend's settings
//	watch.go     who hears what becomes of deliveries
//
// What it holds to, by the numbers of the design's promises:
//
//	3  A lease ends with a recorded attempt or is returned, so that no
//	   delivery is lost. Attempts go on until the backend's 2xx or its time
//	   is up.
//	4  A delivery is leased while its attempt is made and until the attempt
//	   is on disk, however long the store takes: so nothing is sent twice
//	   while the process lives. Where that fails, the repeat carries the same
//	   Idempotency-Key. How many answers wait for the disk is bounded.
//	8  A worker shares nothing with another worker but the store.
package delivery
