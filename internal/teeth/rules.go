package teeth

// ofTheRules are mistakes in what the simulation does not look at: each breaks
// one rule, and the test that proves the rule must fail.
func ofTheRules() []Mutation {
	return []Mutation{
		{
			Name: "a half is rounded down", Package: "commerce/pricing", Test: "TestB1_amountsAreMinorUnitsOfTheirCurrency",
			File: "kit/money/money.go",
			Old:  "if rem >= d-rem {", New: "if rem > d-rem {",
		},
		{
			Name: "every currency has two decimals", Package: "kit/money", Test: "TestB1_everyCurrencyThereAndBack",
			File: "kit/money/money.go",
			Old:  "digits, _ := Exponent(code)\n\ts := strconv", New: "digits := 2\n\ts := strconv",
		},
		{
			Name: "an amount of the API is written with its decimals", Package: "api/kit", Test: "TestB1_moneyIsAWholeNumber",
			File: "api/kit/money.go",
			Old:  "`json:\"amount\"", New: "`json:\"amount,string\"",
		},
		{
			Name: "an amount is sent to the bank in hundredths, whatever the currency", Package: "provider/payment/sandbox", Test: "TestB1_everyCurrencyReachesTheBankWhole",
			File: "provider/payment/sandbox/sandbox.go",
			Old:  `"amount": r.Amount.Amount, "currency"`, New: `"amount": r.Amount.Amount * 100, "currency"`,
		},
		{
			Name: "a price is stored with a fraction", Package: "migrations", Test: "TestB1_noColumnHoldsAFraction",
			File: "migrations/sqlite/0003_catalog.sql",
			Old:  "amount     INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000)", New: "amount     REAL NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000)",
		},
		{
			Name: "tax and net are both rounded", Package: "commerce/pricing", Test: "TestB2_netAndTaxAreGross",
			File: "kit/money/money.go",
			Old:  "return net, m - net, err\n}", New: "tax, _ = MulDiv(m, int64(r), int64(Whole+r), HalfUp)\n\treturn net, tax, err\n}",
		},
		{
			Name: "prices with and without tax are taken for each other", Package: "commerce/pricing", Test: "TestB2_taxIsTakenOutByRoundingOneNumber",
			File: "commerce/pricing/tax.go",
			Old:  "if basis.IncludesTax() {\n\t\t\ta.Net", New: "if !basis.IncludesTax() {\n\t\t\ta.Net",
		},
		{
			Name: "tax is rounded line by line", Package: "commerce/pricing", Test: "TestB3_splitAndMerge",
			File: "commerce/pricing/tax.go",
			Old:  "p := byGroup[t.group()]\n\t\tif p == nil {", New: "p := byGroup[t.group()]\n\t\tif true {",
		},
		{
			Name: "the cents of a tax go to lines, not to articles", Package: "commerce/pricing", Test: "TestB3_regroupingTheSameGoodsChangesNothing",
			File: "commerce/pricing/tax.go",
			Old:  "p := byKind[w.kinds[i]]\n\t\t\tif p == nil {", New: "p := byKind[w.kinds[i]]\n\t\t\tif true {",
		},
		{
			Name: "the last line takes what rounding leaves", Package: "commerce/pricing", Test: "TestB4_orderDiscountIsSharedOutByLargestRemainder",
			File: "kit/money/money.go",
			Old:  "return cmp.Compare(b.rem, a.rem) })", New: "return cmp.Compare(b.index, a.index) })",
		},
		{
			Name: "cents that rounding leaves are not handed out", Package: "commerce/pricing", Test: "TestB4_allocationsAreTheDiscount",
			File: "kit/money/money.go",
			Old:  "shares[rests[i].index]++", New: "_ = i",
		},
		{
			Name: "a discount of the order comes before one of a unit", Package: "commerce/pricing", Test: "TestB5_orderOfDiscountsIsDeclared",
			File: "commerce/pricing/compute.go",
			Old:  "\t\t\tcmp.Compare(a.Level, b.Level),\n", New: "\t\t\tcmp.Compare(b.Level, a.Level),\n",
		},
		{
			Name: "discounts apply as they were entered", Package: "commerce/pricing", Test: "TestB5_permutations",
			File: "commerce/pricing/compute.go",
			Old:  "\tslices.SortFunc(chain, func(a, b Discount) int {\n\t\treturn cmp.Or(\n", New: "\tslices.SortStableFunc(chain, func(a, b Discount) int {\n\t\treturn cmp.Or(cmp.Compare(a.Level, b.Level), 0)\n\t\treturn cmp.Or(\n",
		},
		{
			Name: "the total that was shown is not compared", Package: "commerce/checkout", Test: "TestB7_chargesOnlyWhatWasShown",
			File: "commerce/checkout/prepare.go",
			Old:  "case total != p.ExpectedTotal:", New: "case total < 0:",
		},
		{
			Name: "an order that was declined is tried again at whatever it costs by now", Package: "commerce/checkout", Test: "TestB7_whateverMovesBetweenTwoSteps",
			File: "commerce/checkout/prepare.go",
			Old:  "case total != p.ExpectedTotal:", New: "case total != p.ExpectedTotal && !has:",
		},
		{
			Name: "stock is taken without looking once more", Package: "commerce/inventory", Test: "TestB11_demandIsSummedOverLines",
			File: "commerce/inventory/service.go",
			Old:  "takings, short := plan(levels, demands)\n\tif len(short) > 0 {\n\t\treturn s.display().Short(short, demands)\n\t}\n\tif err := s.take", New: "takings, short := plan(levels, demands)\n\tif _ = short; false {\n\t\treturn nil\n\t}\n\tif err := s.take",
		},
		{
			Name: "levels are neither locked nor written on condition", Postgres: true, Package: "commerce/inventory", Test: "TestB11_neverOversellsUnderARace",
			File: "commerce/inventory/store.go",
			Old:  "ORDER BY l.variant_id, o.position, l.location_id`+tx.ForUpdateOf(\"l\"),", New: "ORDER BY l.variant_id, o.position, l.location_id`,",
			Also: []Edit{{"if guard {", "if false {"}},
		},
		{
			Name: "a hold lasts until it is swept", Package: "commerce/inventory", Test: "TestB12_holdEndsInTheQueryWithoutASweep",
			File: "commerce/inventory/store.go",
			Old:  "AND r.state = 'held' AND r.expires_at <= `", New: "AND r.state = 'held' AND 0 <> 0 AND r.expires_at <= `",
		},
		{
			Name: "a second allocation of the same order is not noticed", Package: "commerce/inventory", Test: "TestB12_lateMoneyTakesStockAnewIfThereIsSome",
			File: "commerce/inventory/service.go",
			Old:  `if slices.ContainsFunc(held, func(h hold) bool { return h.state == "used" }) {`, New: "if false {",
		},
		{
			Name: "a bag refuses at the level that the shop hides", Package: "commerce/cart", Test: "TestB12_theBagIsNoMeasureOfTheStock",
			File: "commerce/inventory/inventory.go",
			Old:  "case d.Mode == \"exact\":\n\t\treturn s.Sellable", New: "case s.Sellable > 0:\n\t\treturn s.Sellable",
		},
		{
			Name: "a bank that keeps a shopper waiting keeps the goods as long", Package: "commerce/checkout", Test: "TestB12_theHoldGrowsWithTheBank",
			File: "commerce/checkout/finish.go",
			Old:  "until := o.CreatedAt.Add(MaxHold)", New: "until := o.CreatedAt.Add(2 * MaxHold)",
		},
		{
			Name: "goods are held no longer although the bank still waits", Package: "commerce/checkout", Test: "TestB12_theHoldLastsWhileTheBankWaits",
			File: "commerce/checkout/finish.go",
			Old:  "if left <= 0 || left > max(hold/2, lookEvery) {", New: "if left <= 0 || left > 0 {",
		},
		{
			Name: "late money is kept", Package: "commerce/checkout", Test: "TestB12_lateMoneyGoesBack",
			File: "commerce/checkout/finish.go",
			Old:  `return job.Enqueue(ctx, tx, giveBack{o.ID, a.ID, order.OutOfStock}, job.Unique("give_back:"+a.ID), job.Urgent())`, New: "return nil",
		},
		{
			Name: "two who change an order do not wait for each other", Postgres: true, Package: "commerce/returns", Test: "TestB13_B17_atTheSameMoment",
			File: "commerce/order/service.go",
			Old:  "id string) (Order, error) {\n\treturn s.get(ctx, tx, key{\"id\", id}, tx.ForUpdateOf(\"o\"))",
			New:  "id string) (Order, error) {\n\treturn s.get(ctx, tx, key{\"id\", id}, \"\")",
		},
		{
			Name: "units that were refunded come back again", Package: "commerce/returns", Test: "TestB13_shippedUnitsComeBackOnce",
			File: "commerce/returns/returns.go",
			Old:  "fresh = max(rl.Returned-backAlready(l, earlier), 0)", New: "fresh = rl.Quantity",
		},
		{
			Name: "what was put back on the shelf is not counted", Package: "commerce/returns", Test: "TestB13_shippedUnitsComeBackOnce",
			File: "commerce/returns/returns.go",
			Old:  "Restocked: rl.Cancelled + fresh, Gross: rl.Amount}", New: "Gross: rl.Amount}",
		},
		{
			Name: "a line books its refund without the tax", Package: "commerce/returns", Test: "TestB17_B13_randomWalks",
			File: "commerce/returns/returns.go",
			Old:  "Returned: want.units[Shipped], Amount: amounts.Gross, Tax: amounts.Tax}", New: "Returned: want.units[Shipped], Amount: amounts.Net, Tax: amounts.Tax}",
		},
		{
			Name: "a repeat is carried out again", Package: "platform/web/once", Test: "TestB14_theFirstAnswerIsTheOnlyOne",
			File: "platform/web/once/once.go",
			Old:  "case found.done:\n\t\t\treturn c.open(found.response)", New: "case found.done:\n\t\t\treturn nil, nil",
		},
		{
			Name: "answer and effect are written apart", Package: "platform/web/once", Test: "TestB14_effectAndMemoryCommitTogether",
			File: "platform/web/once/once.go",
			Old:  "if err := complete(ctx, tx, c, answer); err != nil {\n\t\treturn err\n\t}\n\ttx.AfterCommit", New: "if false {\n\t\treturn nil\n\t}\n\ttx.AfterCommit",
		},
		{
			Name: "a cart becomes an order twice", Package: "commerce/checkout", Test: "TestB14_doubleClickIsOneOrder",
			File: "commerce/checkout/prepare.go",
			Old:  "if done := s.existing(&prep, existing, same); done {", New: "if done := s.existing(&prep, existing, same); done && false {",
		},
		{
			Name: "movements of money that are known enter the ledger again", Package: "commerce/payment", Test: "TestB15_T32_everyOrderOfEventsEndsTheSame",
			File: "commerce/payment/attempt.go",
			Old:  "if m.Amount > 0 && m.Amount <= to-from && !known(had, m) {", New: "if m.Amount > 0 {",
		},
		{
			Name: "each refund is rounded by itself", Package: "commerce/pricing", Test: "TestB17_partialRefundsAddUp",
			File: "kit/money/money.go",
			Old:  "return upto - before, err\n}", New: "if before, err = MulDiv(paid, n, total, HalfUp); upto == 0 {\n\t\treturn 0, err\n\t}\n\treturn before, err\n}",
		},
		{
			Name: "a refund forgets the units that were refunded before", Package: "commerce/returns", Test: "TestB17_refundsAddUpToWhatWasPaid",
			File: "commerce/returns/returns.go",
			Old:  "pricing.Refund(l.Total, l.Quantity, l.Refunded, n)", New: "pricing.Refund(l.Total, l.Quantity, 0, n)",
		},
		{
			Name: "two carts with the same goods add up", Package: "commerce/cart", Test: "TestB19_mergeLosesNothingAndDoublesNothing",
			File: "commerce/cart/service.go",
			Old:  "put.quantity = max(put.quantity, l.quantity)", New: "put.quantity += l.quantity",
		},
		{
			Name: "a merged cart stays open", Package: "commerce/cart", Test: "TestB19_mergeLosesNothingAndDoublesNothing",
			File: "commerce/cart/service.go",
			Old:  "if err := setState(ctx, tx, guest.ID, Merged); err != nil {\n\t\treturn nil, err\n\t}\n\treturn notices", New: "return notices",
		},
		{
			Name: "merging asks nobody how much there is", Package: "commerce/cart", Test: "TestB19_mergeIsCutToTheStock",
			File: "commerce/cart/service.go",
			Old:  "item.Sold && put.quantity > most {", New: "item.Sold && put.quantity > most && false {",
		},
		{
			Name: "an order shows what the shop calls its goods today", Package: "commerce/returns", Test: "TestB20_orderOutlivesItsVariant",
			File: "commerce/order/store.go",
			Old:  "l.sku, l.name, l.options", New: "l.sku, COALESCE((SELECT p.name FROM product p WHERE p.id = l.product_id), l.name), l.options",
		},
		{
			Name: "goods that are gone can no longer be sent", Package: "commerce/returns", Test: "TestB20_orderOutlivesItsVariant",
			File: "commerce/order/store.go",
			Old:  "FROM order_line l WHERE l.order_id = $1 ORDER BY l.position`", New: "FROM order_line l JOIN variant v ON v.id = l.variant_id AND v.status <> 'deleted' WHERE l.order_id = $1 ORDER BY l.position`",
		},
		{
			Name: "an old address is forgotten", Package: "commerce/slug", Test: "TestB23_chainsCollapseLoopsCannotBe",
			File: "commerce/slug/store.go",
			Old:  "UPDATE slug SET current = 0 WHERE current = 1", New: "DELETE FROM slug WHERE current = 1",
		},
		{
			Name: "an address in use is taken from its owner", Package: "commerce/slug", Test: "TestB23_anyHistory",
			File: "commerce/slug/store.go",
			Old:  "\n\t\tWHERE slug.current = 0`, args...)", New: "`, args...)",
		},
		{
			Name: "a moved page is called moved for now", Package: "storefront", Test: "TestB23_oldAddressesRedirect",
			File: "storefront/product.go",
			Old:  "http.Redirect(w, r, to, http.StatusMovedPermanently)", New: "http.Redirect(w, r, to, http.StatusFound)",
		},
		{
			Name: "a new name changes the address", Package: "commerce/slug", Test: "TestB23_namesMakeAnAddressOnceAndNeverChangeIt",
			File: "commerce/slug/store.go",
			Old:  "case s == \"\" && has == \"\" && o.Names[lang] != \"\":", New: "case s == \"\" && o.Names[lang] != \"\":",
		},
		{
			Name: "a letter for the same purpose is written again", Package: "commerce/mailbox", Test: "TestB24_oneLetterForOnePurpose",
			File: "commerce/mailbox/store.go",
			Old:  "r.ID, onceKey, r.Template,", New: "r.ID, onceKey+r.ID, r.Template,",
		},
		{
			Name: "a letter that was sent is sent again", Package: "commerce/mailbox", Test: "TestB24_aSecondNodeFindsTheLetterSent",
			File: "commerce/mailbox/service.go",
			Old:  "if err != nil || r.State != Queued {\n\t\treturn err\n\t}\n\tc, err", New: "if err != nil {\n\t\treturn err\n\t}\n\tc, err",
		},
	}
}
