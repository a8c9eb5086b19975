package main

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var curves = []curve{
	{Title: "events stored", Unit: "events", Points: []point{{50_000, 17_000, .06}, {500_000, 16_000, .07}, {1_000_000, 15_000, .08}}},
	{Title: "rules <&>", Unit: "rules", Log: true, Points: []point{{10, 17_000, .06}, {1000, 1000, 1.2}}},
	{Title: "payload", Unit: "bytes", Log: true, Points: []point{{kib, 17_000, .06}}},
}

func TestThePlotIsWellFormed(t *testing.T) {
	drawing, err := plot(curves)
	if err != nil {
		t.Fatal(err)
	}
	elements := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(drawing)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		elements[start.Name.Local]++
		for _, a := range start.Attr {
			room := map[string]float64{"cx": chartWidth, "cy": chartHeight}[a.Name.Local]
			if n, err := strconv.ParseFloat(a.Value, 64); room > 0 && (err != nil || n < 0 || n > room) {
				t.Errorf("a dot is outside of its chart: %s is %s", a.Name.Local, a.Value)
			}
		}
	}
	points := 0
	for _, c := range curves {
		points += 2 * len(c.Points)
	}
	if elements["svg"] != 1 || elements["g"] != len(curves) || elements["polyline"] != 2*len(curves) || elements["circle"] != points {
		t.Errorf("%v", elements)
	}
	for _, text := range []string{"events stored, thousands", "payload, KiB", ">0.01<", "rules &lt;&amp;&gt;"} {
		if !strings.Contains(drawing, text) {
			t.Errorf("it lacks %s", text)
		}
	}
}

func TestAnAxisHasRoundTicks(t *testing.T) {
	for _, c := range []struct {
		of   axis
		want []float64
	}{
		{axis{high: 1}, []float64{0, .2, .4, .6, .8, 1}},
		{axis{high: 1.5}, []float64{0, .5, 1, 1.5}},
		{axis{high: 1000}, []float64{0, 200, 400, 600, 800, 1000}},
		{axis{high: 4812}, []float64{0, 1000, 2000, 3000, 4000}},
		{axis{log: true, low: .1, high: 10}, []float64{.1, 1, 10}},
	} {
		got := c.of.ticks()
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }) {
			t.Errorf("%+v: %v, want %v", c.of, got, c.want)
		}
	}
}

func TestAValueStandsWhereItBelongs(t *testing.T) {
	for _, c := range []struct {
		of      axis
		v, want float64
	}{
		{axis{high: 4}, 1, .25},
		{axis{low: 1, high: 5}, 3, .5},
		{axis{log: true, low: .1, high: 1000}, 1, .25},
		{axis{log: true, low: 7, high: 7}, 7, 0},
	} {
		if got := c.of.at(c.v); got-c.want > 1e-9 || c.want-got > 1e-9 {
			t.Errorf("%+v at %v: %v, want %v", c.of, c.v, got, c.want)
		}
	}
}

func TestACurveThatDiffersByFactorsIsDrawnByFactors(t *testing.T) {
	if a := curves[0].down(); a.log || a.high != 1.5 {
		t.Errorf("%+v", a)
	}
	sixfold := curve{Points: []point{{1, 100, 1}, {2, 50, 3}}}
	if a := sixfold.down(); a.log || a.low != 0 || a.high != 3 {
		t.Errorf("%+v", a)
	}
	tenfold := curve{Points: []point{{1, 100, 1}, {2, 50, 5}}}
	if a := tenfold.down(); !a.log || a.low != .1 || a.high != 10 {
		t.Errorf("%+v", a)
	}
	if a := curves[1].down(); !a.log || a.low != .01 || a.high != 100 {
		t.Errorf("%+v", a)
	}
}
