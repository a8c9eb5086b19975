package main

import (
	"fmt"
	"strings"
)

// plainCaddy is what the gateway is measured against: Caddy, from the same
// binary, answering 204. PORT stands for where it listens.
const plainCaddy = `{
	admin off
	auto_https off
}
http://bench:PORT {
	bind 127.0.0.1
	respond 204
}
`

// gateway is a gateway with one signed source, whose app holds the given
// lines besides its store.
func gateway(lines ...string) string {
	return fmt.Sprintf(`{
	admin off
	auto_https off
	webhook_gateway {
		store badger ./store
		%s
	}
}
http://bench:PORT {
	bind 127.0.0.1
	receive_webhooks /bench custom {
		hmac {
			header X-Signature
		}
		secret "%s"
		event_type body.type
		event_id body.id
	}
}
`, strings.Join(lines, "\n\t\t"), secret)
}

// dropping ends every event without a delivery.
const dropping = "rule all true drop"

// deadURL is a backend that refuses each connection: nobody listens there.
const deadURL = "http://127.0.0.1:1/"

// delivering sends every event to a backend, which is tried again after a wait
// of backoff: the first and the longest one.
func delivering(url, backoff string) string {
	return fmt.Sprintf("backend crm %s {\n\t\t\tbackoff %s\n\t\t}\n\t\tdefault crm", url, backoff)
}

// rulesBeforeDropping are so many rules, of which only the last one matches.
func rulesBeforeDropping(n int) []string {
	lines := make([]string, 0, n)
	for i := range n - 1 {
		lines = append(lines, fmt.Sprintf("rule r%d `%s` drop", i, unlike(i)))
	}
	return append(lines, dropping)
}

// unlike is a condition that no event of the benchmark meets, of a kind that
// schools write.
func unlike(i int) string {
	switch i % 5 {
	case 0:
		return fmt.Sprintf(`type == "type.%d" && data.payment.amount >= 1000`, i)
	case 1:
		return fmt.Sprintf(`type startsWith "enrollment.%d."`, i)
	case 2:
		return fmt.Sprintf(`type in ["order.%d", "payment.%d", "quote.%d"]`, i, i, i)
	case 3:
		return fmt.Sprintf(`data.student.email endsWith "@school%d.example"`, i)
	}
	return fmt.Sprintf(`original.course.id == %d`, 1000+i)
}
