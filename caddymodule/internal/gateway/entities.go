package gateway

import (
	"strconv"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/rules"
)

// entities gives rules the entities as values: what is absent is empty.
func entities(d *event.Data) rules.Data {
	attempt, payment := or(d.Attempt), or(d.Payment)
	return rules.Data{
		Student:    rules.Person(or(d.Student)),
		Teacher:    rules.Person(or(d.Teacher)),
		School:     rules.Named(or(d.School)),
		Course:     rules.Named(or(d.Course)),
		Bundle:     rules.Named(or(d.Bundle)),
		Group:      rules.Named(or(d.Group)),
		Exam:       rules.Named(or(d.Exam)),
		Test:       rules.Named(or(d.Test)),
		Assignment: rules.Named(or(d.Assignment)),
		Document:   rules.Named(or(d.Document)),
		Survey:     rules.Named(or(d.Survey)),
		Meeting:    rules.Named(or(d.Meeting)),
		Product:    rules.Named(or(d.Product)),
		Attempt:    rules.Attempt{ID: attempt.ID, Score: number(attempt.Score.String()), Status: attempt.Status},
		Order:      rules.Order(or(d.Order)),
		Payment:    rules.Payment{Amount: number(payment.Amount), Currency: payment.Currency, Method: payment.Method},
		Enrollment: rules.Entity(or(d.Enrollment)),
		Offering:   rules.Entity(or(d.Offering)),
		Quote:      rules.Entity(or(d.Quote)),
		Promotion:  rules.Entity(or(d.Promotion)),
	}
}

// or is what p points to, or the empty value.
func or[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// number is how a rule compares a decimal; what is none counts as 0.
func number(s string) float64 {
	if s == "" {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return f
}
