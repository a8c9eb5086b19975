package reliability

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

// decisionBound is how long one rule may think about one event.
const decisionBound = 50 * time.Millisecond

// runaway is a rule that would run for seconds or take gigabytes on its payload:
// a member of the event's, as JSON.
type runaway struct{ name, rule, payload string }

// runaways have payloads of nearly the 1 MB that a request may have.
func runaways() []runaway {
	items := list(10_000, func(i int) string { return fmt.Sprintf(`{"n":%d,"name":"%s"}`, i, strings.Repeat("n", 60)) })
	ints := list(140_000, func(i int) string { return fmt.Sprint(i % 10) })
	digits := list(2_400, func(i int) string { return strings.Repeat("9", 390) + fmt.Sprint(10_000+i) })
	text := fmt.Sprintf("%q", strings.Repeat("ab", 490_000))
	twice := fmt.Sprintf(`{"a":%[1]q,"b":%[1]q}`, strings.Repeat("ab", 240_000))
	lists := fmt.Sprintf(`{"a":%[1]s,"b":%[1]s}`, ints)
	object := list(30_000, func(i int) string { return fmt.Sprintf(`"k%d":%d`, i, i) })
	objects := fmt.Sprintf(`{"a":{%[1]s},"b":{%[1]s}}`, object[1:len(object)-1])
	accents := fmt.Sprintf(`{"a":%q,"set":%q}`, strings.Repeat("é", 200_000), strings.Repeat("à", 200_000)+"é")
	json := fmt.Sprintf("%q", "["+strings.Repeat(`{},`, 300_000)+"0]")
	return []runaway{
		{"nested predicates", `all(original.more, all(original.more, all(original.more, true)))`, items},
		{"predicates that compare items", `all(original.more, let a = #; all(original.more, .name + "x" != a.name))`, items},
		{"grouping and sorting", `all(original.more, len(groupBy(original.more, .name)) < len(sortBy(original.more, .name)))`, items},
		{"printing", `all(original.more, toJSON(original.more) != string(original.more))`, items},
		{"a regular expression", `original.more matches "(a|b|ab|ba)*c$"`, text},
		{"a large regular expression", `original.more matches "(a?){200}(b?){200}x$"`, text},
		{"a text that doubles", `len(reduce(1..64, #acc + #acc, original.more)) > 0`, text},
		{"a text repeated", `len(repeat(original.more, 1000000)) > 0`, text},
		{"a text replaced and joined", `len(join(map(1..100000, replace(original.more, "a", original.more)), ",")) > 0`, text},
		{"a text searched for each item", `all(1..100000, not (original.more contains "bbb"))`, text},
		{"texts compared for each item", `all(1..100000, original.more.a == original.more.b)`, twice},
		{"a text as a key", `all(1..100000, original.more[original.more.a] == nil && {(original.more.a): 1}.b == nil)`, twice},
		{"a text trimmed of many characters", `trim(original.more.a, original.more.set) == ""`, accents},
		{"JSON in a text", `all(1..100, len(fromJSON(original.more)) > 0)`, json},
		{"lists compared", `all(1..100000, original.more.a == original.more.b)`, lists},
		{"objects compared", `all(1..100000, original.more.a == original.more.b)`, objects},
		{"long numbers", `len(uniq(original.more)) > 0`, digits},
		{"a list that doubles", `len(reduce(1..64, concat(#acc, #acc), original.more)) > 0`, ints},
		{"lists in lists", `len(flatten(reduce(1..64, [#acc, #acc], original.more))) > 0`, ints},
		{"a list in 990 others", `all(1..100, len(flatten(original.more)) > 0)`, strings.Repeat("[", 990) + ints + strings.Repeat("]", 990)},
		{"a range", `len(1..1000000000) > 0 || original.more == nil`, ints},
	}
}

func list(n int, item func(int) string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = item(i)
	}
	return "[" + strings.Join(all, ",") + "]"
}

// TestPromise2ARunawayRuleLosesNoEventAndHoldsNoneUp has each rule decide on its
// own event. How long it takes is seen from showing the event, for which the rules
// are asked again: it takes that much longer than showing the same payload with
// an id that no rule asks about.
func TestPromise2ARunawayRuleLosesNoEventAndHoldsNoneUp(t *testing.T) {
	all, choose := runaways(), random(t)
	choose.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	all = all[:sized(4, len(all), len(all))]
	crm := newBackend(t, nil)
	config := "backend crm " + crm.URL + "\ndefault crm\n"
	for i, r := range all {
		config += fmt.Sprintf("rule %s `id == %q && (%s)` crm\n", ruleOf(i), eventOf(i), r.rule)
	}
	g := newGateway(t, config)
	g.start()
	idle := g.resident()
	var l senderLedger
	for i, r := range all {
		g.keep(t, eventOf(i), r.payload)
		g.keep(t, "calm-"+eventOf(i), r.payload)
		l.note("calm-"+eventOf(i), http.StatusAccepted)
		l.send(g, fmt.Sprintf("small-%d", i))
	}
	g.keep(t, "bottomless", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000))
	g.settled()
	held := g.resident() - idle
	shown := g.shownByID(t)
	slowest, slowestRule := time.Duration(0), ""
	for i, r := range all {
		e, calm := shown[eventOf(i)], shown["calm-"+eventOf(i)]
		if e.State != "unrouted" || !strings.Contains(strings.Join(e.Reasons, ""), "rule "+ruleOf(i)+" failed: it takes too long") {
			t.Errorf("%s: the event is %s %q", r.name, e.State, e.Reasons)
		}
		took := g.fastest(t, e.Seq) - g.fastest(t, calm.Seq)
		t.Logf("%6.1f ms  %s", ms(took), r.name)
		if took > slowest {
			slowest, slowestRule = took, r.name
		}
	}
	deep, err := g.api().Events(t.Context(), adminapi.Query{Filter: adminapi.Filter{State: "invalid"}, Limit: 10})
	if err != nil || len(deep.Events) != 1 || !strings.Contains(strings.Join(deep.Events[0].Reasons, ""), "nests deeper") {
		t.Errorf("of JSON 10,000 deep is known %+v, %v", deep.Events, err)
	}
	if slowest > decisionBound {
		tooLong(t, "%s: deciding took %s", slowestRule, slowest)
	}
	if n := everythingArrives(t, &l, crm, time.Minute); n > 0 {
		t.Errorf("%d events were delivered again", n)
	}
	report(t, result{
		Fault: "rules that run away", How: "nested predicates over 10,000 items, regular expressions, lists 990 deep, texts of 1 MB, numbers of 395 digits and others",
		Tried: fmt.Sprintf("%d rules, each on a payload of nearly 1 MB; JSON 10,000 deep", len(all)),
		Found: fmt.Sprintf("each kept, unrouted (too deep: invalid) and explained; the slowest decision %.0f ms (%s); %d MB more memory; %d other events arrived",
			ms(slowest), slowestRule, max(0, held)>>20, len(l.acknowledged())),
	})
}

func ruleOf(i int) string  { return fmt.Sprintf("runaway_%d", i) }
func eventOf(i int) string { return fmt.Sprintf("event-%d", i) }

// keep sends an event with more in it and fails the test if it isn't kept.
func (g *gateway) keep(t *testing.T, id, more string) {
	t.Helper()
	body := fmt.Sprintf(`{"id":%q,"type":"COURSE_COMPLETED","data":{"user":{"id":1},"course":{"id":2}},"more":%s}`, id, more)
	if status := sendAway(g, put(genuine, "", body)); status != http.StatusAccepted {
		t.Errorf("%s with %d bytes was answered %d", id, len(body), status)
	}
}

// shownByID is how each event stands.
func (g *gateway) shownByID(t *testing.T) map[string]adminapi.Event {
	t.Helper()
	page, err := g.api().Events(t.Context(), adminapi.Query{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]adminapi.Event)
	for _, e := range page.Events {
		all[e.ID] = e
	}
	return all
}

// fastest is how long it takes to show an event where nothing else on the machine
// comes between.
func (g *gateway) fastest(t *testing.T, seq uint64) time.Duration {
	t.Helper()
	took := make([]time.Duration, sized(1, 10, 30))
	for i := range took {
		begun := time.Now()
		if _, err := g.api().Show(t.Context(), seq); err != nil {
			t.Error(err)
		}
		took[i] = time.Since(begun)
	}
	return slices.MinFunc(took, cmp.Compare)
}
