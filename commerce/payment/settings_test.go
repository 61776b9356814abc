package payment_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
)

func fields() []payment.Field {
	return []payment.Field{
		{Name: "holder", Kind: payment.Text, Required: true, Method: "transfer", MaxLength: 10},
		{Name: "key", Kind: payment.Secret},
		{Name: "note", Kind: payment.LocalText, MaxLength: 6},
		{Name: "capture", Kind: payment.Choice, Default: "now", Choices: []payment.Option{{Value: "now"}, {Value: "later"}}},
		{Name: "days", Kind: payment.Number, Default: "7", Min: 1, Max: 60},
		{Name: "on", Kind: payment.Switch},
		{Name: "upper", Kind: payment.Text, Check: func(v string) (string, string) {
			if v == "no" {
				return "", "form.invalid_value"
			}
			return strings.ToUpper(v), ""
		}},
	}
}

func TestTidy(t *testing.T) {
	got, err := payment.Tidy(fields(), map[string]string{
		"holder": "  Ana Kühn ", "note": `{"en":" Thanks ","de":""}`, "days": "014", "on": "true", "upper": "abc",
	})
	want := payment.Settings{"holder": "Ana Kühn", "key": "", "note": `{"en":"Thanks"}`, "capture": "now", "days": "14", "on": "true", "upper": "ABC"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
	if got.Number("days") != 14 || !got.Switch("on") || got.Switch("key") || got.Text("note").In("de", "en") != "Thanks" || got.Text("key") != nil || got.Number("key") != 0 {
		t.Errorf("read back: %d %v %v", got.Number("days"), got.Switch("on"), got.Text("note"))
	}
}

func TestTidy_allBadFieldsAtOnce(t *testing.T) {
	got, err := payment.Tidy(fields(), map[string]string{
		"holder": "eleven chars", "key": "4242 4242 4242 4242", "note": `{"en":"too long"}`, "capture": "never",
		"days": "61", "on": "yes", "upper": "no", "colour": "red",
	})
	var f *fault.Error
	if got != nil || !errors.As(err, &f) || f.Kind != fault.Invalid {
		t.Fatalf("got %v, %v", got, err)
	}
	reasons := map[string]string{}
	for _, field := range f.Fields {
		reasons[field.Path] = field.Reason
	}
	want := map[string]string{
		"holder": "form.too_long", "key": "payment.card_number_here", "note": "form.too_long", "capture": "form.not_a_choice",
		"days": "form.too_large", "on": "form.not_a_choice", "upper": "form.invalid_value", "colour": "form.unknown",
	}
	if !reflect.DeepEqual(reasons, want) {
		t.Errorf("reasons %v, want %v", reasons, want)
	}
	for in, want := range map[string]string{"0": "form.too_small", "1.5": "form.not_a_number", "١": "form.not_a_number", "\xff": "form.not_utf8"} {
		if _, err := payment.Tidy(fields(), map[string]string{"days": in}); !errors.As(err, &f) || f.Fields[0].Reason != want {
			t.Errorf("days %q: %v, want %s", in, err, want)
		}
	}
	if _, err := payment.Tidy(fields(), map[string]string{"note": "plain"}); !errors.As(err, &f) || f.Fields[0].Reason != "form.invalid_value" {
		t.Errorf("note that is no JSON: %v", err)
	}
}

func TestReady(t *testing.T) {
	info := payment.Info{Settings: fields()}
	if payment.Ready(info, "transfer", nil) || !payment.Ready(info, "delivery", nil) || !payment.Ready(info, "transfer", payment.Settings{"holder": "A"}) {
		t.Error("a required field counts for its own method, and only while empty")
	}
}

func TestT41_cardNumbersAreNoTokens(t *testing.T) {
	for token, want := range map[string]string{
		"": "", "tok_success": "", "pm_1Nv0FGQ9RKHgCVdK": "",
		"4242424242424242": "payment.card_number_here", "tok 1": "form.invalid_value", "tök": "form.invalid_value",
		strings.Repeat("a", 256): "form.too_long",
	} {
		var f *fault.Error
		got := ""
		if errors.As(payment.CheckToken(token), &f) {
			got = f.Fields[0].Path + " " + f.Fields[0].Reason
			want = "payment_token " + want
		}
		if got != want {
			t.Errorf("CheckToken(%q) = %q, want %q", token, got, want)
		}
	}
}

func TestUnknown(t *testing.T) {
	for err, want := range map[error]bool{
		nil:                         false,
		errors.New("reset by peer"): true,
		fault.New(fault.Unavailable, "payment.provider_unreachable"): true,
		fault.New(fault.Conflict, "payment.refund_too_high"):         false,
		fault.New(fault.NotFound, "payment.unknown_reference"):       false,
	} {
		if got := payment.Unknown(err); got != want {
			t.Errorf("Unknown(%v) = %v, want %v", err, got, want)
		}
	}
}

type onlyAuthorise struct{ payment.Provider }

type testing_ struct{ payment.Provider }

func (testing_) Test(s payment.Settings) bool { return s["key"] == "test" }

func TestLive(t *testing.T) {
	if !payment.Live(onlyAuthorise{}, nil) || payment.Live(testing_{}, payment.Settings{"key": "test"}) || !payment.Live(testing_{}, nil) {
		t.Error("who does not say so moves real money")
	}
}

func TestReason_Key(t *testing.T) {
	if payment.ReasonFunds.Key() != "payment.declined.insufficient_funds" || payment.Reason("do_not_honour").Key() != "payment.declined.card_declined" {
		t.Error("an unknown reason reads like a plain decline")
	}
}
