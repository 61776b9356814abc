package bank

import "strings"

// Scenario is what happens to a payment, chosen by its test card or token.
type Scenario string

const (
	Success       Scenario = "success"
	Declined      Scenario = "declined"
	NoFunds       Scenario = "insufficient_funds"
	ExpiredCard   Scenario = "expired_card"
	Challenge     Scenario = "3ds"               // asks the shopper to confirm
	AnswerLost    Scenario = "answer_lost"       // succeeds, then cuts the connection
	LateWebhook   Scenario = "late_webhook"      // succeeds, says so a minute later
	RepeatWebhook Scenario = "duplicate_webhook" // succeeds, says everything three times
	Reordered     Scenario = "reordered_webhook" // succeeds, tells the last thing first
)

// Card is a test card.
type Card struct {
	Number   string
	Scenario Scenario
}

// Cards lists the cards that the payment page accepts. No other number is,
// so that nobody types a real one into a sandbox and sees it work.
func Cards() []Card {
	return []Card{
		{"4242424242424242", Success},
		{"4000000000003220", Challenge},
		{"4000000000000002", Declined},
		{"4000000000009995", NoFunds},
		{"4000000000000069", ExpiredCard},
		{"4000000000009110", AnswerLost},
		{"4000000000009227", LateWebhook},
		{"4000000000009334", RepeatWebhook},
		{"4000000000009441", Reordered},
	}
}

// Token is what a browser would get from the bank's own form instead of card
// data: "tok_" and the scenario. Creating a payment with it charges at once.
func (s Scenario) Token() string { return "tok_" + string(s) }

func cardByNumber(number string) (Card, bool) {
	for _, c := range Cards() {
		if c.Number == number {
			return c, true
		}
	}
	return Card{}, false
}

func cardByToken(token string) (Card, bool) {
	s, ok := strings.CutPrefix(token, "tok_")
	if ok {
		return cardByScenario(Scenario(s))
	}
	return Card{}, false
}

func cardByScenario(s Scenario) (Card, bool) {
	for _, c := range Cards() {
		if c.Scenario == s {
			return c, true
		}
	}
	return Card{}, false
}

// Spaced writes the number in groups of four.
func (c Card) Spaced() string {
	return c.Number[:4] + " " + c.Number[4:8] + " " + c.Number[8:12] + " " + c.Number[12:]
}

// Last4 are the digits that may be kept and shown.
func (c Card) Last4() string { return c.Number[len(c.Number)-4:] }
