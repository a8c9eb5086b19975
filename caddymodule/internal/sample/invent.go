package sample

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// inventor makes things up, the same ones for the same seed.
type inventor struct {
	rnd *rand.Rand
	// serial stands for the seed in ids: each seed has its own.
	serial uint32
	// seldom tells to use the shape that is not documented but was seen.
	// Odd seeds do.
	seldom bool
	at     time.Time
}

// newInventor makes other things up for another event of the same seed: its
// id must be another one.
func newInventor(event string, seed uint32, at time.Time) *inventor {
	h := fnv.New64a()
	_, _ = h.Write([]byte(event)) // which never fails
	return &inventor{
		rnd:    rand.New(rand.NewPCG(uint64(seed), h.Sum64())),
		serial: scatter(seed),
		seldom: seed%2 == 1,
		at:     at.UTC().Truncate(time.Millisecond),
	}
}

// scatter maps each number to another one that looks like chance. Every step
// can be undone, so no two numbers meet.
func scatter(n uint32) uint32 {
	n ^= 0x9e3779b9 // else 0 would stay 0
	n ^= n >> 16
	n *= 0x7feb352d
	n ^= n >> 15
	n *= 0x846ca68b
	return n ^ n>>16
}

// id is the seed's own, such as "stu_1f0a3c77".
func (g *inventor) id(prefix string) string { return fmt.Sprintf("%s_%08x", prefix, g.serial) }

// uuid is one of the seed's own.
func (g *inventor) uuid() string {
	var u uuid.UUID
	for i := range u {
		u[i] = byte(g.rnd.Uint32())
	}
	u[0], u[1], u[2], u[3] = byte(g.serial>>24), byte(g.serial>>16), byte(g.serial>>8), byte(g.serial)
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80 // version 4
	return u.String()
}

// time is when the event happened, as most write it.
func (g *inventor) time() string { return g.at.Format("2006-01-02T15:04:05.000Z") }

// price is a sum with two decimals, as a JSON number.
func (g *inventor) price() number {
	return number(fmt.Sprintf("%d.%02d", 20+g.rnd.IntN(2000), g.rnd.IntN(100)))
}

// between is a whole number from least to most.
func (g *inventor) between(least, most int) int { return least + g.rnd.IntN(most-least+1) }

func (g *inventor) oneOf(names ...string) string { return names[g.rnd.IntN(len(names))] }

// person is nobody: all of them have addresses at example domains.
type person struct{ first, last, email string }

func (p person) name() string { return p.first + " " + p.last }

func (g *inventor) person() person {
	first, last := g.rnd.IntN(len(people)), g.rnd.IntN(len(people))
	p := person{first: people[first].first, last: people[last].last}
	p.email = people[first].mail + "." + people[last].family + "@" + g.oneOf("example.org", "example.edu", "example.com")
	return p
}

// people are invented; names with accents among them, addresses without.
var people = []struct{ first, mail, last, family string }{
	{"Ilinca", "ilinca", "Moraru", "moraru"},
	{"Tomás", "tomas", "Quiroga", "quiroga"},
	{"Zoë", "zoe", "van der Wal", "vanderwal"},
	{"Kwame", "kwame", "Ashgrove", "ashgrove"},
	{"Aiko", "aiko", "Brandt", "brandt"},
	{"Mina", "mina", "O’Halloran", "ohalloran"},
	{"Łukasz", "lukasz", "Wójtowicz", "wojtowicz"},
	{"Fatou", "fatou", "Ndiaye-Strand", "ndiaye-strand"},
	{"Solange", "solange", "Perrot", "perrot"},
	{"Ömer", "oemer", "Lindqvist", "lindqvist"},
}

func (g *inventor) course() string {
	return g.oneOf("Botany", "Introduction to Statistics", "Droit des contrats", "Bookkeeping & Tax <2026>",
		"Ceramics for Beginners", "General English 20", "Pharmacology", "Öffentliches Recht")
}

func (g *inventor) school() string {
	return g.oneOf("Harbour Language School", "Salthill College", "École du Parc", "Northgate Institute")
}
