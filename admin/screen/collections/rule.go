package collections

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// conditionForm is one row of a rule; a row without a value is left out.
type conditionForm struct {
	On    string `form:"on" max:"60"` // a subject, or "field." and a code
	Op    string `form:"op" oneof:"is is_not at_least at_most"`
	Value string `form:"value" max:"500"`
}

// spare is how many empty rows a page offers for more conditions.
const spare = 3

const fieldPrefix = "field."

// conditions reads the rows of a rule. rows says where each of them stands.
func (s *screen) conditions(ctx context.Context, d *admin.Desk, typed []conditionForm, faults *fault.Form) (list []catalog.Condition, rows []int, err error) {
	defs, err := s.Fields.For(ctx, custom.Product)
	if err != nil {
		return nil, nil, err
	}
	tree, err := s.Catalog.Tree(ctx)
	if err != nil {
		return nil, nil, err
	}
	for i, row := range typed {
		if row.Value == "" {
			continue
		}
		value := "conditions." + strconv.Itoa(i) + ".value"
		c := catalog.Condition{On: catalog.Subject(row.On), Is: catalog.Op(row.Op), Text: row.Value}
		if code, ok := strings.CutPrefix(row.On, fieldPrefix); ok {
			c.On, c.Field = catalog.OnField, code
		}
		switch c.On {
		case catalog.OnPrice:
			c.Number, c.Text = int64(d.Amount(faults, value, row.Value, d.Shop.Currency)), ""
		case catalog.OnStock:
			if c.Number, err = strconv.ParseInt(row.Value, 10, 64); err != nil {
				faults.Add(value, "form.not_a_number")
			}
			c.Text = ""
		case catalog.OnCategory:
			if c.Text = category(d, tree, row.Value); c.Text == "" {
				faults.Add(value, "catalog.category_not_found")
			}
		case catalog.OnField:
			if f, ok := defs.By(c.Field); ok {
				v, _, reason, params := f.Read(row.Value)
				if reason != "" {
					faults.Add(value, reason, params...)
				}
				switch f.Kind {
				case custom.Number:
					c.Number, c.Text = v.Number, ""
				case custom.Truth:
					c.Text = strconv.FormatBool(v.Truth)
				case custom.Choice, custom.Colour, custom.Date:
					c.Text = v.Code
				}
			}
		}
		list, rows = append(list, c), append(rows, i)
	}
	return list, rows, nil
}

// path names a category with all that is above it: "Home › Kitchen".
func path(d *admin.Desk, n *catalog.Node) string {
	var names []string
	for _, up := range n.Path() {
		names = append(names, up.Name.In(d.P.Lang(), d.First()))
	}
	return strings.Join(names, " › ")
}

// category finds a category by its path, its id, or its name if only one has
// it; "" when there is none.
func category(d *admin.Desk, tree *catalog.Tree, typed string) string {
	var named []string
	for _, n := range tree.All() {
		if n.ID == typed || strings.EqualFold(path(d, n), typed) {
			return n.ID
		}
		if strings.EqualFold(n.Name.In(d.P.Lang(), d.First()), typed) {
			named = append(named, n.ID)
		}
	}
	if len(named) == 1 {
		return named[0]
	}
	return ""
}

// written is a condition's value the way a person types it.
func written(d *admin.Desk, c catalog.Condition, tree *catalog.Tree, defs custom.Definitions) string {
	switch c.On {
	case catalog.OnPrice:
		return d.P.Decimal(money.Minor(c.Number).Decimal(d.Shop.Currency))
	case catalog.OnStock:
		return strconv.FormatInt(c.Number, 10)
	case catalog.OnCategory:
		if n := tree.Find(c.Text); n != nil {
			return path(d, n)
		}
	case catalog.OnField:
		f, _ := defs.By(c.Field)
		switch f.Kind {
		case custom.Number:
			return d.P.Decimal(custom.Decimal(c.Number))
		case custom.Truth:
			if c.Text == "true" {
				return d.P.T("custom.yes")
			}
			return d.P.T("custom.no")
		case custom.Choice:
			if o, ok := f.Option(c.Text); ok {
				return o.Name.In(d.P.Lang(), d.First())
			}
		}
	}
	return c.Text
}

// ruleSections ask how the collection is filled and, for a rule, by what.
func (s *screen) ruleSections(ctx context.Context, d *admin.Desk, c catalog.Collection, t admin.Typed) ([]admin.Section, error) {
	defs, err := s.Fields.For(ctx, custom.Product)
	if err != nil {
		return nil, err
	}
	tree, err := s.Catalog.Tree(ctx)
	if err != nil {
		return nil, err
	}
	how := admin.Field{Name: "kind", Label: d.P.T("admin.collection.filled"), Kind: admin.RadioField, Bare: true, Choices: []admin.Choice{
		{Value: "manual", Label: d.P.T("admin.collection.by_hand"), Help: d.P.T("admin.collection.by_hand_help"), Selected: c.Rule == nil},
		{Value: "rule", Label: d.P.T("admin.collection.by_rule"), Help: d.P.T("admin.collection.by_rule_help"), Selected: c.Rule != nil},
	}}
	var stored catalog.Rule
	if c.Rule != nil {
		stored = *c.Rule
	}
	match := admin.Field{Name: "match", Label: d.P.T("admin.collection.match"), Kind: admin.ChoiceField, Choices: []admin.Choice{
		{Value: "all", Label: d.P.T("admin.collection.match_all"), Selected: !stored.Any}, {Value: "any", Label: d.P.T("admin.collection.match_any"), Selected: stored.Any},
	}}
	grid := &admin.Grid{
		Columns: []string{d.P.T("admin.collection.on"), d.P.T("admin.collection.op"), d.P.T("admin.collection.value")}, Nums: []bool{false, false, false},
		ListID: "values", Suggest: suggestions(d, tree, defs),
	}
	rows := len(stored.Conditions) + spare
	for t.Value("conditions."+strconv.Itoa(rows)+".value", "") != "" {
		rows++
	}
	for i := range min(rows, catalog.MaxConditions) {
		at := "conditions." + strconv.Itoa(i) + "."
		condition := catalog.Condition{On: catalog.OnTag, Is: catalog.Is}
		value := ""
		if i < len(stored.Conditions) {
			condition = stored.Conditions[i]
			value = written(d, condition, tree, defs)
		}
		on := admin.Field{Name: at + "on", Label: d.P.T("admin.collection.on"), Kind: admin.ChoiceField}
		for _, subject := range []catalog.Subject{catalog.OnTag, catalog.OnCategory, catalog.OnBrand, catalog.OnPrice, catalog.OnStock} {
			on.Choices = append(on.Choices, admin.Choice{Value: string(subject), Label: d.P.T("admin.collection.on." + string(subject)), Selected: condition.On == subject})
		}
		for _, f := range defs {
			on.Choices = append(on.Choices, admin.Choice{Value: fieldPrefix + f.Code, Label: f.Name.In(d.P.Lang(), d.First()), Selected: condition.On == catalog.OnField && condition.Field == f.Code})
		}
		op := admin.Field{Name: at + "op", Label: d.P.T("admin.collection.op"), Kind: admin.ChoiceField}
		for _, o := range []catalog.Op{catalog.Is, catalog.IsNot, catalog.AtLeast, catalog.AtMost} {
			op.Choices = append(op.Choices, admin.Choice{Value: string(o), Label: d.P.T("admin.collection.op." + string(o)), Selected: condition.Is == o})
		}
		grid.Rows = append(grid.Rows, admin.GridRow{Fields: t.Fields(on, op,
			admin.Field{Name: at + "value", Label: d.P.T("admin.collection.value"), Value: value, Max: 500, List: "values"})})
	}
	rule := admin.Section{Title: d.P.T("admin.collection.rule"), Note: d.P.T("admin.collection.rule_note"), ID: "rule", Fields: t.Fields(match), Rows: grid}
	rule.Actions = []admin.Action{{Label: d.P.T("admin.collection.count"), Submit: "collection", Name: "do", Value: "count"}}
	return []admin.Section{{Title: d.P.T("admin.collection.filled"), ID: "filled", Fields: []admin.Field{t.Fill(how)}}, rule}, nil
}

// suggestions are values that conditions can have: categories and choices.
func suggestions(d *admin.Desk, tree *catalog.Tree, defs custom.Definitions) []string {
	var all []string
	for _, n := range tree.All() {
		all = append(all, path(d, n))
	}
	for _, f := range defs {
		for _, o := range f.Choices {
			all = append(all, o.Name.In(d.P.Lang(), d.First()))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
