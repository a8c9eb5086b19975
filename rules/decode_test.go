package rules

import (
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeKeepsTheDigits(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	for text, want := range map[string]any{
		`0`: int64(0), `-1`: int64(-1), `9223372036854775807`: int64(math.MaxInt64), `-9223372036854775808`: int64(math.MinInt64),
		`9223372036854775808`: uint64(1 << 63), `18446744073709551615`: uint64(math.MaxUint64),
		`123456789012345678901234567890`: huge, `1.0`: 1.0, `1e3`: 1000.0, `0.1`: 0.1,
		`1e999`: math.Inf(1), `-1e999`: math.Inf(-1), strings.Repeat("9", 100_000): math.Inf(1),
		`"x"`: "x", `null`: nil, `true`: true, ` [1, {"a": 2}] `: []any{int64(1), map[string]any{"a": int64(2)}},
		`{"a": 1, "a": 2}`: map[string]any{"a": int64(2)},
	} {
		if got, err := Decode([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%.40s: %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestDecodeTakesOneValue(t *testing.T) {
	for _, text := range []string{
		``, ` `, `{`, `{"a":}`, `[1,]`, `nope`, `{} {}`, `{}x`, `1 2`, `{"a":1}]`, `"secret`, "\xff", `01`, `+1`, `NaN`, `'secret'`,
		strings.Repeat("[", payloadDepth+1) + strings.Repeat("]", payloadDepth+1), strings.Repeat("[", 1<<20),
	} {
		v, err := Decode([]byte(text))
		if err == nil {
			t.Errorf("%.40q gives %v", text, v)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "'") {
			t.Errorf("%.40q: the error quotes it: %v", text, err)
		}
	}
	deep := strings.Repeat("[", payloadDepth) + strings.Repeat("]", payloadDepth)
	if _, err := Decode([]byte(deep)); err != nil {
		t.Error(err)
	}
}

func TestADecodeErrorTellsThePlace(t *testing.T) {
	for text, want := range map[string]string{
		``:                                "not JSON: it ends too early",
		`{"secret":`:                      "not JSON: it ends too early",
		`{"a": secret}`:                   "not JSON: wrong at byte 7",
		`{"a":1 "secret":2}`:              "not JSON: wrong at byte 8",
		"[\"a\nsecret\"]":                 "not JSON: wrong at byte 4",
		`{"secret":1}}`:                   "not JSON: more than one value, from byte 12",
		`{"a":1} {"secret":2}`:            "not JSON: more than one value, from byte 7",
		strings.Repeat("[", payloadDepth): "not JSON: it ends too early",
		strings.Repeat(`{"secret":[`, payloadDepth): "the JSON is nested deeper than 1000 levels",
	} {
		if _, err := Decode([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.40s: %v, want %s", text, err, want)
		}
	}
}
