//go:build !unsynced

package journal

// Unsynced is true in a build that leaves the syncs out, to see whether the tests
// find what that loses.
const Unsynced = false
