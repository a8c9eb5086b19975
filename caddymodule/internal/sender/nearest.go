package sender

import "github.com/agnivade/levenshtein"

// nearest returns the name that the fewest single-letter edits lead to.
func nearest(word string, names []string) string {
	best, least := "", -1
	for _, name := range names {
		if d := levenshtein.ComputeDistance(word, name); least < 0 || d < least {
			best, least = name, d
		}
	}
	return best
}
