package rules_test

import (
	"fmt"

	"github.com/porterslodge/porterslodge/rules"
)

func Example() {
	set, err := rules.Compile(rules.Config{
		Backends: []string{"crm", "billing"},
		Default:  []string{"crm"},
		Rules: []rules.Rule{
			{Name: "payments", When: `type == "payment.received"`, To: []string{"crm"}},
			{
				Name:      "big_spender",
				When:      `type == "payment.received" && data.payment.amount >= 1000`,
				To:        []string{"billing"},
				Transform: `{"email": lower(data.student.email), "amount": data.payment.amount, "order": original.order.id}`,
			},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	original, err := rules.Decode([]byte(`{"order": {"id": 9007199254740993}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	decision := set.Decide(&rules.Env{
		Type:     "payment.received",
		Data:     rules.Data{Student: rules.Person{Email: "Ada@School.Example"}, Payment: rules.Payment{Amount: 1200}},
		Original: original,
	})
	for _, send := range decision.Sends {
		fmt.Printf("%s %s data=%s\n", send.Backend, send.Rule, send.Data)
	}
	// Output:
	// crm payments data=
	// billing big_spender data={"amount":1200,"email":"ada@school.example","order":9007199254740993}
}

func ExampleCompile() {
	_, err := rules.Compile(rules.Config{
		Backends: []string{"crm"},
		Rules: []rules.Rule{{
			Name: "payments", When: `data.studnt.id == "5"`, To: []string{"crm"},
			At: rules.Position{File: "rules/pay.rules", Line: 3, Column: 15},
		}},
	})
	fmt.Println(err)
	// Output:
	// rules/pay.rules:3:20: rule payments: unknown name studnt (did you mean student?)
	//  | data.studnt.id == "5"
	//  | .....^
}
