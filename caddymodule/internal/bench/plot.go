package main

import (
	_ "embed"
	"fmt"
	"math"
	"strings"
	"text/template"
)

//go:embed growth.svg.tmpl
var growthTemplate string

// picture is what the template draws, in pixels.
type picture struct {
	Width, Height int
	Charts        []chart
}

// chart is one curve, drawn from a corner on.
type chart struct {
	X, Y, Width, Height int
	Title, First, Label string
	Across, Down        []tick
	Lines               []drawn
}

// Below is where the ticks of the axis end.
func (c chart) Below() int   { return c.Height + 4 }
func (c chart) Middle() int  { return c.Width / 2 }
func (c chart) HalfWay() int { return c.Height / 2 }

// tick is a labelled place of an axis.
type tick struct {
	At    string
	Label string
}

// drawn is a line through dots, with its class in the style sheet.
type drawn struct {
	Class string
	Dots  []dot
}

type dot struct{ X, Y string }

const (
	chartsAcross = 2
	chartWidth   = 270
	chartHeight  = 140
	cellWidth    = 350
	cellHeight   = 240
	leftOfChart  = 60
	aboveCharts  = 80
)

// plot draws curves as one SVG, that can be read on light and dark ground.
func plot(curves []curve) (string, error) {
	rows := (len(curves) + chartsAcross - 1) / chartsAcross
	p := picture{Width: chartsAcross * cellWidth, Height: aboveCharts - 40 + rows*cellHeight}
	for i, c := range curves {
		drawing := c.draw()
		drawing.X = leftOfChart + i%chartsAcross*cellWidth
		drawing.Y = aboveCharts + i/chartsAcross*cellHeight
		p.Charts = append(p.Charts, drawing)
	}
	t, err := template.New("growth").Parse(growthTemplate)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, p)
	return out.String(), err
}

// draw lays out a curve that has at least one point.
func (c curve) draw() chart {
	x, unit := c.across()
	y := c.down()
	d := chart{Width: chartWidth, Height: chartHeight, Title: c.Title, Label: x.name}
	rate, cpu := drawn{Class: "rate"}, drawn{Class: "cpu"}
	first := c.Points[0]
	d.First = fmt.Sprintf("1 is %s/s and %.3f CPU-s for 1,000", count(first.Rate), first.CPU)
	for _, p := range c.Points {
		at := pixel(x.at(p.X/unit) * chartWidth)
		rate.Dots = append(rate.Dots, dot{at, height(y, p.Rate/first.Rate)})
		cpu.Dots = append(cpu.Dots, dot{at, height(y, p.CPU/first.CPU)})
		if c.Log {
			d.Across = append(d.Across, tick{at, number(p.X / unit)})
		}
	}
	if !c.Log {
		for _, v := range x.ticks() {
			d.Across = append(d.Across, tick{pixel(x.at(v) * chartWidth), number(v)})
		}
	}
	for _, v := range y.ticks() {
		d.Down = append(d.Down, tick{height(y, v), number(v)})
	}
	d.Lines = []drawn{rate, cpu}
	return d
}

// across is the axis of what grows, and by what its numbers are divided.
func (c curve) across() (a axis, unit float64) {
	most := c.Points[len(c.Points)-1].X
	a, unit = axis{name: c.Title}, 1
	switch {
	case c.Unit == "bytes":
		a.name, unit = c.Title+", KiB", kib
	case most >= 10_000:
		a.name, unit = c.Title+", thousands", 1000
	}
	if a.log = c.Log; a.log {
		a.low = c.Points[0].X / unit
	}
	a.high = most / unit
	return a, unit
}

// down is the axis of multiples of the first point. Where they are far apart
// it goes by factors.
func (c curve) down() axis {
	low, high := 1.0, 1.0
	for _, p := range c.Points {
		for _, v := range []float64{p.Rate / c.Points[0].Rate, p.CPU / c.Points[0].CPU} {
			low, high = min(low, v), max(high, v)
		}
	}
	if high < 8*low {
		step := step(high)
		return axis{high: math.Ceil(high/step) * step}
	}
	return axis{log: true, low: math.Pow(10, math.Floor(math.Log10(low))), high: math.Pow(10, math.Ceil(math.Log10(high)))}
}

func height(y axis, v float64) string { return pixel((1 - y.at(v)) * chartHeight) }

func pixel(v float64) string { return fmt.Sprintf("%.1f", v) }

// number is short: what ticks are labelled with.
func number(v float64) string {
	if v >= 1000 {
		return commas(int(math.Round(v)))
	}
	return fmt.Sprintf("%.3g", v)
}
