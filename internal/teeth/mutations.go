package teeth

// Mutations are the planted mistakes: those that the simulation must find, and
// those that a named test must.
func Mutations() []Mutation { return append(ofTheCore(), ofTheRules()...) }

func ofTheCore() []Mutation {
	return []Mutation{
		{
			Name: "a hold that ends stays in the level", Quick: true,
			File: "commerce/inventory/store.go",
			Old:  "held = stock_level.held + d.column5,", New: "held = stock_level.held + CASE WHEN d.column5 < 0 AND d.column4 = 0 THEN 0 ELSE d.column5 END,",
		},
		{
			Name: "shipped units stay reserved",
			File: "commerce/inventory/service.go",
			Old:  "if err := lowerUsed(ctx, tx, parts); err != nil {\n\t\treturn err\n\t}\n", New: "",
		},
		{
			Name: "units come back to the shelf twice",
			File: "commerce/returns/returns.go",
			Old:  "back = append(back, inventory.Units{LineID: l.ID, VariantID: l.VariantID, Quantity: fresh})",
			New:  "back = append(back, inventory.Units{LineID: l.ID, VariantID: l.VariantID, Quantity: 2 * fresh})",
		},
		{
			Name: "money for goods that are gone is kept", Quick: true,
			File: "commerce/checkout/finish.go",
			Old:  `return job.Enqueue(ctx, tx, giveBack{o.ID, a.ID, order.OutOfStock}, job.Unique("give_back:"+a.ID), job.Urgent())`, New: "return nil",
		},
		{
			Name: "a second payment for an order is kept",
			File: "commerce/checkout/finish.go",
			Old:  `if err := job.Enqueue(ctx, tx, giveBack{o.ID, after.ID, "duplicate"}, job.Unique("give_back:"+after.ID)); err != nil {`,
			New:  `if err := error(nil); err != nil {`,
		},
		{
			Name: "a refund that is asked for again has a new key",
			File: "commerce/returns/returns.go",
			Old:  "refunder.Refund(call, settings, payment.Change{Key: ref.ID,", New: "refunder.Refund(call, settings, payment.Change{Key: ref.ID + s.db.Now().String(),",
		},
		{
			Name: "the total that the shopper saw is not compared",
			File: "commerce/checkout/prepare.go",
			Old:  "case total != p.ExpectedTotal:", New: "case total < 0:",
		},
		{
			Name: "the reconcile job gives up when the bank does not answer",
			File: "commerce/checkout/finish.go",
			Old:  "asking again\", \"attempt\", l.Attempt, \"err\", err)\n\t\t\treturn s.again(ctx, i, l, now.Add(lookEvery))",
			New:  "asking again\", \"attempt\", l.Attempt, \"err\", err)\n\t\t\treturn nil",
		},
		{
			Name: "an attempt is not left in writing before the bank is asked to let go",
			File: "commerce/payment/attempt.go",
			Old:  `a.Status, a.ContinueURL = Leaving, ""`, New: `a.ContinueURL = ""`,
		},
		{
			Name: "an order that expires with the clock set back is forgotten",
			File: "commerce/checkout/finish.go",
			Old:  "if err != nil || ended {", New: "if _ = ended; err != nil || true {",
		},
		{
			Name: "a failed job is thrown away", Quick: true,
			File: "platform/job/job.go",
			Old:  "return fail(ctx, tx, j, err, tx.Now().Add(pause(j.attempts)))", New: "return remove(ctx, tx, j.id, j.lease)",
		},
		{
			Name: "an order is acknowledged although its end was not written",
			File: "commerce/checkout/prepare.go",
			Old:  "\t}, nil)\n\tif err != nil {\n\t\treturn Outcome{}, err\n\t}\n\treturn outcomeOf(o), nil",
			New:  "\t}, nil)\n\tif err != nil && answer.Status != payment.Approved {\n\t\treturn Outcome{}, err\n\t}\n\tif err != nil {\n\t\treturn Outcome{OrderID: a.OrderID, State: order.Placed}, nil\n\t}\n\treturn outcomeOf(o), nil",
		},
		{
			Name: "a cancelled order keeps what was only held",
			File: "commerce/returns/returns.go",
			Old:  "if sent == 0 && a.Facts.Held() > 0 {", New: "if sent > 0 && a.Facts.Held() > 0 {",
		},
		{
			Name: "the last refunded unit cancels the order in silence",
			File: "commerce/returns/returns.go",
			Old:  "return event.Emit(ctx, tx, order.Events().Cancelled, order.Ref{OrderID: o.ID}) // nothing was left to send", New: "return nil",
		},
		{
			Name: "an order is locked by nobody who changes it", Postgres: true,
			File: "commerce/order/service.go",
			Old:  "func (s *Service) Lock(ctx context.Context, tx *db.Tx, id string) (Order, error) {\n\treturn s.get(ctx, tx, key{\"id\", id}, tx.ForUpdateOf(\"o\"))",
			New:  "func (s *Service) Lock(ctx context.Context, tx *db.Tx, id string) (Order, error) {\n\treturn s.get(ctx, tx, key{\"id\", id}, \"\")",
		},
		{
			Name: "overdue holds are swept with reservations locked before levels", Postgres: true,
			File: "commerce/inventory/service.go",
			Old:  "variants, err := overdueVariants(ctx, tx, tx.Now(), 200)\n\t\tif err != nil || len(variants) == 0 {\n\t\t\treturn err\n\t\t}\n",
			New:  "variants, err := overdueVariants(ctx, tx, tx.Now(), 200)\n\t\tif err != nil || len(variants) == 0 {\n\t\t\treturn err\n\t\t}\n\t\tif _, err := overdue(ctx, tx, variants, tx.Now(), 1000); err != nil {\n\t\t\treturn err\n\t\t}\n",
		},
		{
			Name: "the cart is not locked while it becomes an order", Postgres: true,
			File: "commerce/checkout/prepare.go",
			Old:  "bag, err := s.Carts.Lock(ctx, tx, p.Owner, p.Lang)", New: "bag, err := s.Carts.Bag(ctx, tx, p.Owner, p.Lang, tx.Now())",
		},
		{
			Name: "an event is handed on a second time by a job that began again",
			File: "commerce/mailbox/store.go",
			Old:  "ON CONFLICT (once_key) DO NOTHING`", New: "ON CONFLICT (once_key) DO UPDATE SET state = 'queued'`",
		},
	}
}
