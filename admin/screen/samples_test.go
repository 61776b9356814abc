package screen_test

import (
	"fmt"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/admin/screen/categories"
	"github.com/stoashop/stoa/admin/screen/customers"
	"github.com/stoashop/stoa/admin/screen/home"
	"github.com/stoashop/stoa/admin/screen/imports"
	"github.com/stoashop/stoa/admin/screen/mails"
	"github.com/stoashop/stoa/admin/screen/messages"
	"github.com/stoashop/stoa/admin/screen/orders"
	"github.com/stoashop/stoa/admin/screen/products"
	"github.com/stoashop/stoa/admin/screen/stock"
)

type sample struct {
	page string
	view any
}

func frame(title, at string) admin.Frame {
	link := func(label, url, icon, key string, count int64, sub bool) admin.NavLink {
		return admin.NavLink{Label: label, URL: url, Icon: icon, Key: key, Count: count, Sub: sub, Current: url == at}
	}
	return admin.Frame{
		Title: title, Shop: "Stoa", ShopURL: "/", Mark: "S", Here: at, FormKey: "sample",
		Me: admin.Me{Name: "Mira Lindqvist", Email: "mira@example.com", Role: "Owner", Initials: "ML"},
		Nav: []admin.NavGroup{
			{Links: []admin.NavLink{
				link("Home", "/admin", "house", "H", 0, false),
				link("Orders", "/admin/orders", "shopping-cart", "O", 7, false),
				link("Products", "/admin/products", "package", "P", 0, false),
				link("Categories", "/admin/categories", "folder-tree", "C", 0, false),
				link("Stock", "/admin/stock", "boxes", "S", 0, false),
				link("Customers", "/admin/customers", "users", "U", 0, false),
			}},
			{Links: []admin.NavLink{
				link("Messages", "/admin/messages", "message-square", "M", 2, false),
				link("Mails", "/admin/mails", "mail", "E", 0, false),
				link("Imports", "/admin/imports", "upload", "I", 0, false),
			}},
			{End: true, Links: []admin.NavLink{link("Settings", "/admin/settings", "settings", "T", 0, false)}},
		},
		Tabs: []admin.NavLink{
			link("Home", "/admin", "house", "", 0, false), link("Orders", "/admin/orders", "shopping-cart", "", 7, false),
			link("Products", "/admin/products", "package", "", 0, false), link("Stock", "/admin/stock", "boxes", "", 0, false),
		},
		Tongues: []admin.Choice{{Value: "en", Label: "English", Selected: true}, {Value: "de", Label: "Deutsch"}},
	}
}

func pic(n string) admin.Picture { return admin.Picture{URL: "/sample.svg?n=" + n} }

func st(tone, text string) *admin.Status { return &admin.Status{Tone: tone, Text: text} }

func orderColumns() []admin.Column {
	return []admin.Column{
		{Head: "Order", Kind: admin.Lead},
		{Head: "Placed", Kind: admin.Tight, Sort: &admin.Sort{URL: "?", Dir: "desc"}},
		{Head: "Customer"},
		{Head: "Payment"},
		{Head: "Fulfilment"},
		{Head: "Items", Kind: admin.WideNum},
		{Head: "Total", Kind: admin.End},
	}
}

func orderRows(n int) []admin.Row {
	who := []string{"Jonas Weber", "Amélie Fournier", "Siobhan O’Connor-Featherstonehaugh", "Lena Brandt", "Tomasz Zieliński", "Priya Raman", "Guest", "Oskar Holm"}
	pay := []*admin.Status{st(admin.Good, "Paid"), st(admin.Open, "Pending"), st(admin.Half, "Partly refunded"), st(admin.Info, "Authorised")}
	ful := []*admin.Status{st(admin.Open, "Unfulfilled"), st(admin.Good, "Shipped"), st(admin.Half, "Partly shipped"), st(admin.Open, "Unfulfilled"), st(admin.Muted, "Cancelled")}
	total := []string{"€142.00", "€38.50", "€1,204.90", "€86.00", "€19.90"}
	rows := make([]admin.Row, n)
	for i := range rows {
		number := fmt.Sprint("#", 1042-i)
		rows[i] = admin.Row{ID: number, Name: number, Cells: []admin.Cell{
			{Text: number, URL: "/order"},
			{Text: "24 Nov, 18:05"},
			{Text: who[i%len(who)]},
			{Status: pay[i%len(pay)]},
			{Status: ful[i%len(ful)]},
			{Text: fmt.Sprint(1 + i%4)},
			{Text: total[i%len(total)]},
		}}
	}
	return rows
}

func sales() admin.Chart {
	points := make([]admin.Point, 30)
	labels := []string{"26 Oct", "3 Nov", "10 Nov", "17 Nov", "24 Nov"}
	for i := range points {
		points[i] = admin.Point{Label: fmt.Sprint(i+1, " November"), Value: int64(40000 + (i*7919)%61000 + (i%7)*9000), Was: int64(30000 + (i*104729)%52000)}
	}
	points[11].Value = 0
	c := admin.NewChart(points, 100, func(v int64) string { return fmt.Sprintf("€%d.%02d", v/100, v%100) }, labels)
	for i := range c.Ticks {
		c.Ticks[i] = c.Ticks[i][:len(c.Ticks[i])-3]
	}
	c.Title, c.Unit, c.Day, c.Keys = "Sales of the last 30 days", "Sales", "Day", []string{"Last 30 days", "The 30 days before"}
	return c
}

func ptr[T any](v T) *T { return &v }

func with[T any](v T, edit func(*T)) T { edit(&v); return v }

// samples is every screen and its states.
var samples = map[string]sample{
	"home": {"home", home.View{
		Frame: with(frame("Good evening, Mira", "/admin"), func(f *admin.Frame) { f.Note = "Tuesday, 24 November 2026" }),
		Tiles: []admin.Tile{
			{Label: "Sales today", Value: "€1,482.30", Note: "€1,120.00 yesterday", URL: "/orders"},
			{Label: "Orders today", Value: "12", Note: "9 yesterday", URL: "/orders"},
			{Label: "To ship", Value: "7", Note: "oldest since 22 November", URL: "/orders"},
			{Label: "Average order", Value: "€123.53", Note: "last 30 days"},
		},
		Chart: sales(), ChartTotal: "€21,904.10",
		Todos: []admin.Todo{
			{Icon: "truck", Tone: admin.Info, Text: "7 orders to ship", Note: "Oldest waits since 22 November", URL: "/orders"},
			{Icon: "boxes", Tone: admin.Warn, Text: "4 variants are running low", Note: "Fewer than 5 left", URL: "/stock"},
			{Icon: "mail", Tone: admin.Bad, Text: "2 mails could not be sent", URL: "/mails"},
			{Icon: "message-square", Text: "2 new messages", URL: "/messages"},
		},
		Orders: latest(),
		Best:   []home.Seller{{Name: "Stoneware carafe", URL: "/product", Picture: pic("a"), Count: "38"}, {Name: "Linen throw, washed", URL: "/product", Picture: pic("bb"), Count: "31"}, {Name: "Oak stool with a very long name that has to be cut", URL: "/product", Picture: pic("ccc"), Count: "24"}},
	}},
	"home-empty": {"home", home.View{
		Frame:  frame("Good morning, Mira", "/admin"),
		Notes:  []admin.Note{{Title: "Three steps to the first order", List: []string{"Add the address of your shop", "Create a shipping zone", "Publish a product"}, Links: []admin.Link{{Label: "Go to settings", URL: "/admin/settings"}}}},
		Tiles:  []admin.Tile{{Label: "Sales today", Value: "€0.00"}, {Label: "Orders today", Value: "0"}, {Label: "To ship", Value: "0"}, {Label: "Average order", Value: "–"}},
		Chart:  with(admin.NewChart(make([]admin.Point, 30), 100, func(v int64) string { return fmt.Sprint("€", v/100) }, []string{"26 Oct", "24 Nov"}), func(c *admin.Chart) { c.Keys = []string{"Last 30 days"}; c.Day = "Day" }),
		Orders: admin.Table{ID: "latest", Empty: &admin.Empty{Icon: "shopping-cart", Title: "No orders yet", Text: "The first one will appear here as soon as it is placed."}},
	}},
	"orders": {"list", admin.ListView{
		Frame: with(frame("Orders", "/admin/orders"), func(f *admin.Frame) { f.Actions = []admin.Action{{Label: "Export", URL: "#", Icon: "download"}} }),
		Views: []admin.View{{Label: "All", URL: "?", Current: true}, {Label: "To ship", URL: "?", Count: 7, Counted: true}, {Label: "Unpaid", URL: "?", Count: 3, Counted: true}, {Label: "Shipped", URL: "?"}, {Label: "Cancelled", URL: "?"}},
		Filters: &admin.Filters{
			Action: "/orders", Target: "orders", Search: &admin.Search{Name: "q", Label: "Number, name or e-mail"},
			Selects: []admin.Select{{Name: "payment", Label: "Payment", Choices: []admin.Choice{{Label: "Any payment"}, {Value: "paid", Label: "Paid"}}}, {Name: "fulfilment", Label: "Fulfilment", Choices: []admin.Choice{{Label: "Any fulfilment"}, {Value: "shipped", Label: "Shipped"}}}},
			Dates:   []admin.DateFilter{{Name: "from", Label: "From"}, {Name: "to", Label: "To"}},
			Chosen:  []admin.Chosen{{Label: "Payment: paid", URL: "?"}, {Label: "From 1 November", URL: "?"}}, Clear: "?",
		},
		Table: admin.Table{
			ID: "orders", Caption: "Orders", Columns: orderColumns(), Rows: orderRows(25), Picks: true, Pager: admin.Pager{Next: "?", Shown: "25 orders"},
			Bulk: []admin.Action{{Label: "Mark as shipped", Icon: "truck", Name: "do", Value: "ship"}, {Label: "Print packing slips", Icon: "printer", Name: "do", Value: "print"}}, BulkTo: "/orders",
		},
	}},
	"orders-empty": {"list", admin.ListView{
		Frame:   frame("Orders", "/admin/orders"),
		Views:   []admin.View{{Label: "All", URL: "?", Current: true}, {Label: "To ship", URL: "?", Counted: true}},
		Filters: &admin.Filters{Action: "/orders", Target: "orders", Search: &admin.Search{Name: "q", Label: "Number, name or e-mail", Value: "zzz"}},
		Table:   admin.Table{ID: "orders", Empty: &admin.Empty{Icon: "search", Title: "No order fits", Text: "Take a filter off, or look for the order number alone.", Actions: []admin.Action{{Label: "Show all orders", URL: "?"}}}},
	}},
	"order": {"order", orders.View{
		Frame: with(frame("Order #1042", "/admin/orders"), func(f *admin.Frame) {
			f.Back = &admin.Link{Label: "Orders", URL: "/orders"}
			f.Note = "24 November 2026, 18:05 · Stoa Europe · English"
			f.Badges = []admin.Status{*st(admin.Good, "Paid"), *st(admin.Half, "Partly shipped")}
			f.Primary = &admin.Action{Label: "Ship 2 items", URL: "/order-ship", Icon: "truck", Look: "primary"}
			f.Actions = []admin.Action{{Label: "Refund", URL: "/order-refund", Icon: "undo-2"}}
			f.More = []admin.Action{{Label: "Cancel what is left", Opens: "cancel", Icon: "ban", Look: "danger"}, {Label: "Order page of the customer", URL: "#", Icon: "external-link", Away: true}}
			f.Toast = &admin.Toast{Text: "Parcel 1 is on its way."}
		}),
		Parcels: []orders.Parcel{
			{ID: "open", Status: *st(admin.Open, "Unfulfilled"), Note: "2 items from Lager Hamburg", Lines: []admin.Line{
				{Picture: pic("a"), Name: "Stoneware carafe", URL: "/product", What: "Sand, 1.2 l · STW-CAR-SND", Times: "1 × €54.00", Total: "€54.00"},
				{Picture: pic("bb"), Name: "Linen throw, washed twice and dried in the open air by the sea", URL: "/product", What: "Indigo · LIN-THR-IND", Times: "1 × €89.00", Total: "€89.00"},
			}, Actions: []admin.Action{{Label: "Ship items", URL: "/order-ship", Icon: "truck"}}},
			{ID: "parcel-1", Status: *st(admin.Good, "Shipped"), Note: "Parcel 1 · 24 November, 18:40", Facts: []admin.Fact{{Label: "Carrier", Value: "DHL"}, {Label: "Tracking", Value: "00340434161094042557", URL: "https://example.com/track"}, {Label: "From", Value: "Lager Hamburg"}}, Lines: []admin.Line{
				{Picture: pic("ccc"), Name: "Oak stool", What: "Natural · OAK-STL", Times: "2 × €129.00", Total: "€258.00"},
			}},
		},
		Money: orders.Money{
			Status: *st(admin.Good, "Paid"), Method: "Card · sandbox", Sums: []admin.Fact{
				{Label: "Goods", Value: "€401.00", Note: "4 items"},
				{Label: "Shipping", Value: "€4.90", Note: "Parcel post"},
				{Label: "Total", Value: "€405.90", Strong: true, Rule: true},
				{Label: "of which VAT 19%", Value: "€64.81"},
				{Label: "Paid", Value: "€405.90", Rule: true},
				{Label: "Refunded", Value: "€0.00"},
			},
			Actions: []admin.Action{{Label: "Refund", URL: "/order-refund", Icon: "undo-2"}},
			Entries: []admin.Fact{{Label: "Captured", Note: "24 November, 18:05", Value: "€405.90"}, {Label: "Authorised", Note: "24 November, 18:05", Value: "€405.90"}},
		},
		NoteTo: "#", NoteField: admin.Field{Name: "note", Label: "Note", Kind: admin.LongField, Rows: 2, Bare: true, Hint: "Write a note for your colleagues"},
		Timeline: []admin.Event{
			{Icon: "truck", Tone: admin.Good, Text: "Parcel 1 shipped with DHL", Meta: "Mira Lindqvist · 24 November, 18:40"},
			{Icon: "sticky-note", Text: "Note", Meta: "Mira Lindqvist · 24 November, 18:22", Body: "Customer called: please leave it with the neighbours at number 12."},
			{Icon: "mail", Tone: admin.Info, Text: "Order confirmation sent to jonas@example.com", Meta: "24 November, 18:05"},
			{Icon: "credit-card", Tone: admin.Good, Text: "€405.90 paid by card", Meta: "24 November, 18:05"},
			{Icon: "circle-alert", Tone: admin.Bad, Text: "Payment declined: not enough funds", Meta: "24 November, 18:03"},
			{Icon: "shopping-cart", Text: "Order placed", Meta: "Jonas Weber · 24 November, 18:05"},
		},
		Person: orders.Person{Name: "Jonas Weber", URL: "/customer", Note: "3 orders, €612.40 in all", Email: "jonas@example.com", Phone: "+49 40 1234567"},
		ShipTo: "Jonas Weber\nEppendorfer Weg 12\n20259 Hamburg\nGermany", ShipBy: "Parcel post, 2 to 3 days", BillTo: "Weber & Söhne GmbH\nSpeicherstadt 4\n20457 Hamburg\nGermany",
		Message: "Please ring twice, the bell is faint.",
		Mails:   []orders.Mail{{Name: "Order confirmation", Note: "24 November, 18:05", URL: "/mail", Status: *st(admin.Good, "Sent")}, {Name: "Shipping notice", Note: "24 November, 18:40", URL: "/mail", Status: *st(admin.Bad, "Failed")}},
		Resend:  []admin.Action{{Label: "Send the confirmation again", URL: "#", Post: true, Small: true, Icon: "send"}},
		Facts:   []admin.Fact{{Label: "Market", Value: "Stoa Europe"}, {Label: "Terms accepted", Value: "Version of 1 October 2026"}, {Label: "Order id", Value: "ord_01kb3v7w2fhq9z8m4r6t5y1x0c"}},
		Dialogs: []admin.Dialog{{ID: "cancel", Title: "Cancel what is left of #1042?", Text: "Two items go back into stock and €143.00 is refunded to the card. This cannot be undone.", Action: admin.Action{Label: "Cancel and refund", Post: true, URL: "#", Look: "danger"}}},
	}},
	"order-ship": {"order_form", orders.FormView{
		Frame: with(frame("Ship items of #1042", "/admin/orders"), func(f *admin.Frame) { f.Back = &admin.Link{Label: "Order #1042", URL: "/order"} }),
		To:    "#", LinesTitle: "What goes into this parcel", LinesNote: "Leave the rest for another parcel.",
		Lines: []admin.Line{
			{Picture: pic("a"), Name: "Stoneware carafe", What: "Sand, 1.2 l · STW-CAR-SND", Field: &admin.Field{Name: "quantity.a", Label: "Quantity of Stoneware carafe", Kind: admin.NumberField, Value: "1"}, After: "of 1", Total: "1.9 kg"},
			{Picture: pic("bb"), Name: "Linen throw", What: "Indigo · LIN-THR-IND", Field: &admin.Field{Name: "quantity.b", Label: "Quantity of Linen throw", Kind: admin.NumberField, Value: "4", Fault: "Please enter 1 or less."}, After: "of 1", Total: "0.8 kg"},
		},
		Sections: []admin.Section{{Title: "Tracking", Fields: []admin.Field{{Name: "carrier", Label: "Carrier", Kind: admin.ChoiceField, Choices: []admin.Choice{{Value: "dhl", Label: "DHL"}, {Value: "dpd", Label: "DPD"}}}, {Name: "tracking", Label: "Tracking number", Optional: true, Mono: true}, {Name: "location", Label: "Ships from", Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: "Lager Hamburg"}}}, {Name: "notify", Label: "Tell the customer by e-mail", Kind: admin.CheckField, Checked: true, Wide: true}}, Grid: true}},
		SumTitle: "Parcel", Sums: []admin.Fact{{Label: "Items", Value: "2"}, {Label: "Weight", Value: "2.7 kg"}}, Button: "Ship", After: "The stock is booked out and the customer gets the tracking number.",
		Side: []admin.Section{{Title: "Ships to", Facts: []admin.Fact{{Label: "Jonas Weber", Value: "Eppendorfer Weg 12, 20259 Hamburg, Germany"}}}},
	}},
	"order-refund": {"order_form", orders.FormView{
		Frame: with(frame("Refund #1042", "/admin/orders"), func(f *admin.Frame) { f.Back = &admin.Link{Label: "Order #1042", URL: "/order"} }),
		To:    "#", LinesTitle: "What is refunded", LinesNote: "Each item is refunded at the price that was paid for it, its share of discounts and tax included.",
		Lines: []admin.Line{
			{Picture: pic("ccc"), Name: "Oak stool", What: "Natural · €129.00 each", Field: &admin.Field{Name: "quantity.a", Label: "Quantity of Oak stool", Kind: admin.NumberField, Value: "1"}, After: "of 2", Total: "€129.00"},
			{Picture: pic("a"), Name: "Stoneware carafe", What: "Sand · €54.00 each", Field: &admin.Field{Name: "quantity.b", Label: "Quantity of Stoneware carafe", Kind: admin.NumberField, Value: "0"}, After: "of 1", Total: "€0.00"},
		},
		Sections: []admin.Section{{Fields: []admin.Field{{Name: "shipping", Label: "Shipping", Kind: admin.AmountField, Prefix: "€", Value: "0.00", Help: "Up to €4.90 of the shipping is left."}, {Name: "reason", Label: "Reason", Optional: true, Help: "Only staff can read it."}, {Name: "restock", Label: "Put the items back into stock", Kind: admin.CheckField, Checked: true, Wide: true}}, Grid: true}},
		SumTitle: "Refund", Sums: []admin.Fact{{Label: "Goods", Value: "€129.00"}, {Label: "Shipping", Value: "€0.00"}, {Label: "Back to the card", Value: "€129.00", Strong: true, Rule: true}, {Label: "of which VAT 19%", Value: "€20.60"}}, Counting: true, Button: "Refund €129.00", After: "What was paid online goes back the way it came. What was transferred or paid in cash you send back yourself. This cannot be undone.",
	}},
	"products": {"list", admin.ListView{
		Frame: with(frame("Products", "/admin/products"), func(f *admin.Frame) {
			f.Primary = &admin.Action{Label: "New product", URL: "/product-new", Icon: "plus", Look: "primary"}
			f.Actions = []admin.Action{{Label: "Import", URL: "/imports", Icon: "upload"}}
			f.Toast = &admin.Toast{Text: "2 products archived.", Undo: &admin.Action{Label: "Undo", Post: true, URL: "#", Small: true}}
		}),
		Views: []admin.View{{Label: "All", URL: "?", Current: true}, {Label: "Active", URL: "?"}, {Label: "Draft", URL: "?"}, {Label: "Scheduled", URL: "?"}, {Label: "Archived", URL: "?"}},
		Filters: &admin.Filters{
			Action: "/products", Target: "products", Search: &admin.Search{Name: "q", Label: "Name, SKU or brand"},
			Selects: []admin.Select{{Name: "category", Label: "Category", Choices: []admin.Choice{{Label: "Any category"}}}, {Name: "stock", Label: "Stock", Choices: []admin.Choice{{Label: "Any stock"}}}},
		},
		Table: admin.Table{
			ID: "products", Caption: "Products", Two: true, Picks: true, Columns: []admin.Column{{Head: "Picture", Kind: admin.Thumb}, {Head: "Product", Kind: admin.Lead, Sort: &admin.Sort{URL: "?", Dir: "asc"}}, {Head: "Status"}, {Head: "Stock", Kind: admin.Num}, {Head: "Category", Kind: admin.Wide}, {Head: "Changed", Kind: admin.Wide, Sort: &admin.Sort{URL: "?"}}, {Head: "Price", Kind: admin.End}},
			Rows: []admin.Row{
				productRow("Stoneware carafe", "3 variants · Töpferei Holm", admin.Good, "Active", "148 in 3", "", "€54.00", "a"),
				productRow("Linen throw", "2 variants", admin.Good, "Active", "4 left", "warn", "€89.00", "bb"),
				productRow("Oak stool, hand-turned from a single piece of storm-felled timber", "1 variant", admin.Warn, "Scheduled", "0", "bad", "€129.00 – €149.00", "ccc"),
				productRow("Brass hook", "12 variants", admin.Open, "Draft", "Not counted", "faint", "€12.00", ""),
				productRow("Wool blanket", "6 variants", admin.Muted, "Archived", "31", "", "€160.00", "dddd"),
			}, Pager: admin.Pager{Prev: "?", Next: "?", Shown: "50 products"},
			Bulk: []admin.Action{{Label: "Publish", Icon: "eye", Name: "do", Value: "publish"}, {Label: "Archive", Icon: "archive", Name: "do", Value: "archive"}}, BulkTo: "/products",
		},
	}},
	"product":       {"product", product(false)},
	"product-fault": {"product", product(true)},
	"categories": {"categories", categories.TreeView{
		Frame: with(frame("Categories", "/admin/categories"), func(f *admin.Frame) {
			f.Primary = &admin.Action{Label: "New category", URL: "#", Icon: "plus", Look: "primary"}
		}),
		Branches: []admin.Branch{
			branch("Home and living", 0, "48"), branch("Textiles", 1, "16"), branch("Throws", 2, "7"), branch("Cushions", 2, "9"), branch("Furniture", 1, "21"), branch("Kitchen", 0, "64"),
			with(branch("Garden", 0, "0"), func(b *admin.Branch) { b.Status = st(admin.Muted, "Hidden") }),
		},
	}},
	"category": {"form", admin.FormView{
		Frame: with(frame("Throws", "/admin/categories"), func(f *admin.Frame) { f.Back = &admin.Link{Label: "Categories", URL: "/categories"} }), ID: "category", To: "#",
		Sections: []admin.Section{{Title: "Texts", ID: "texts", Tongues: tongues(admin.Field{Name: "name", Label: "Name", Value: "Throws"}, admin.Field{Name: "description", Label: "Description", Kind: admin.LongField, Optional: true})}},
		Side:     []admin.Section{{Title: "Place", Fields: []admin.Field{{Name: "parent", Label: "Belongs to", Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: "Top level"}, {Label: "Home and living", Depth: 0}, {Label: "Textiles", Depth: 1, Selected: true}}}, {Name: "status", Label: "Shown in the shop", Kind: admin.CheckField, Checked: true}}}},
	}},
	"stock": {"list", admin.ListView{
		Frame:   with(frame("Stock", "/admin/stock"), func(f *admin.Frame) { f.Note = "What is on the shelf, sold but not shipped, and still for sale." }),
		Views:   []admin.View{{Label: "All", URL: "?", Current: true}, {Label: "Low", URL: "?", Count: 4, Counted: true}, {Label: "Sold out", URL: "?", Count: 1, Counted: true}},
		Filters: &admin.Filters{Action: "/stock", Target: "stock", Search: &admin.Search{Name: "q", Label: "Name or SKU"}, Selects: []admin.Select{{Name: "location", Label: "Location", Choices: []admin.Choice{{Label: "All locations"}}}}},
		Table: admin.Table{
			ID: "stock", Two: true, Columns: []admin.Column{{Head: "Picture", Kind: admin.Thumb}, {Head: "Variant", Kind: admin.Lead}, {Head: "On hand", Kind: admin.Num}, {Head: "Sold", Kind: admin.Num}, {Head: "Kept back", Kind: admin.WideNum}, {Head: "For sale", Kind: admin.End}},
			Rows: []admin.Row{
				{Cells: []admin.Cell{{Picture: ptr(pic("a"))}, {Text: "Stoneware carafe", Note: "Sand, 1.2 l · STW-CAR-SND", URL: "/stock-item"}, {Text: "60", Label: "On hand"}, {Text: "4", Label: "Sold"}, {Text: "2"}, {Text: "54"}}},
				{Cells: []admin.Cell{{Picture: ptr(pic("bb"))}, {Text: "Linen throw", Note: "Indigo · LIN-THR-IND", URL: "/stock-item"}, {Text: "6", Label: "On hand"}, {Text: "2", Label: "Sold"}, {Text: "0"}, {Text: "4", Tone: "warn"}}},
				{Cells: []admin.Cell{{Picture: ptr(pic("ccc"))}, {Text: "Oak stool", Note: "Natural · OAK-STL", URL: "/stock-item"}, {Text: "0", Label: "On hand"}, {Text: "0", Label: "Sold"}, {Text: "0"}, {Text: "0", Tone: "bad"}}},
			},
		},
	}},
	"stock-item": {"stock_item", stock.ItemView{
		Frame: with(frame("Linen throw", "/admin/stock"), func(f *admin.Frame) {
			f.Back = &admin.Link{Label: "Stock", URL: "/stock"}
			f.Note = "Indigo · LIN-THR-IND"
			f.Badges = []admin.Status{*st(admin.Warn, "Running low")}
			f.Actions = []admin.Action{{Label: "Open the product", URL: "/product", Icon: "package"}}
		}),
		Tiles:  []admin.Tile{{Label: "On hand", Value: "6"}, {Label: "Sold, not shipped", Value: "2"}, {Label: "Kept back", Value: "0"}, {Label: "For sale", Value: "4"}},
		Levels: admin.Table{ID: "levels", Still: true, Columns: []admin.Column{{Head: "Location", Kind: admin.Lead}, {Head: "On hand", Kind: admin.Num}, {Head: "Sold", Kind: admin.Num}, {Head: "Being paid", Kind: admin.Num}, {Head: "Kept back", Kind: admin.Num}, {Head: "For sale", Kind: admin.End}}, Rows: []admin.Row{{Cells: []admin.Cell{{Text: "Lager Hamburg"}, {Text: "5", Label: "On hand"}, {Text: "2", Label: "Sold"}, {Text: "0", Label: "Being paid"}, {Text: "0", Label: "Kept back"}, {Text: "3"}}}, {Cells: []admin.Cell{{Text: "Shop Altona"}, {Text: "1", Label: "On hand"}, {Text: "0", Label: "Sold"}, {Text: "0", Label: "Being paid"}, {Text: "0", Label: "Kept back"}, {Text: "1"}}}}},
		Movements: admin.Table{ID: "movements", Still: true, Columns: []admin.Column{{Head: "When", Kind: admin.Lead}, {Head: "Why"}, {Head: "Who", Kind: admin.Wide}, {Head: "Location", Kind: admin.Wide}, {Head: "On hand", Kind: admin.End}}, Rows: []admin.Row{
			{Cells: []admin.Cell{{Text: "24 Nov, 18:40"}, {Text: "Shipped", Note: "Order #1039"}, {Text: "Mira Lindqvist"}, {Text: "Lager Hamburg"}, {Text: "−1"}}},
			{Cells: []admin.Cell{{Text: "23 Nov, 09:12"}, {Text: "Counted", Note: "Found one behind the shelf"}, {Text: "Mira Lindqvist"}, {Text: "Lager Hamburg"}, {Text: "+1"}}},
		}, Pager: admin.Pager{Next: "?"}},
		Side: []admin.Section{
			{Title: "Adjust", Form: "#", ID: "adjust", Fields: []admin.Field{{Name: "location", Label: "Location", Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: "Lager Hamburg"}}}, {Name: "change", Label: "Change", Kind: admin.NumberField, Help: "5 adds five, −5 takes five away.", Fault: "Please enter a whole number.", Value: "five"}, {Name: "reason", Label: "Reason", Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: "Counted"}, {Label: "Damaged"}, {Label: "Delivery"}}}, {Name: "note", Label: "Note", Optional: true}}, Actions: []admin.Action{{Label: "Adjust", Submit: "adjust-form", Look: "primary"}}},
			{Title: "Rules", Form: "#", ID: "rules", Fields: []admin.Field{{Name: "safety", Label: "Kept back", Kind: admin.NumberField, Value: "0", Help: "Never sold online."}, {Name: "backorder", Label: "Sell ahead", Kind: admin.NumberField, Value: "0", Help: "How many may be sold that are not here yet."}}, Actions: []admin.Action{{Label: "Save", Submit: "rules-form"}}},
		},
	}},
	"customers": {"list", admin.ListView{
		Frame:   frame("Customers", "/admin/customers"),
		Filters: &admin.Filters{Action: "/customers", Target: "customers", Search: &admin.Search{Name: "q", Label: "Complete e-mail address"}},
		Table: admin.Table{
			ID: "customers", Two: true, Columns: []admin.Column{{Head: "Customer", Kind: admin.Lead}, {Head: "Since", Kind: admin.Tight}, {Head: "Language", Kind: admin.Wide}, {Head: "Orders", Kind: admin.Num}, {Head: "Spent", Kind: admin.End}},
			Rows: []admin.Row{{Cells: []admin.Cell{{Text: "Jonas Weber", Note: "jonas@example.com", URL: "/customer"}, {Text: "3 March 2026"}, {Text: "German"}, {Text: "3", Label: "Orders"}, {Text: "€612.40"}}}, {Cells: []admin.Cell{{Text: "Amélie Fournier", Note: "amelie.fournier@example.com", URL: "/customer"}, {Text: "11 May 2026"}, {Text: "English"}, {Text: "1", Label: "Orders"}, {Text: "€38.50"}}}},
		},
	}},
	"customer": {"customer", customers.View{
		Frame: with(frame("Jonas Weber", "/admin/customers"), func(f *admin.Frame) {
			f.Back = &admin.Link{Label: "Customers", URL: "/customers"}
			f.Note = "Customer since 3 March 2026"
		}),
		Tiles:     []admin.Tile{{Label: "Spent", Value: "€612.40"}, {Label: "Orders", Value: "3"}, {Label: "Average order", Value: "€204.13"}},
		Orders:    admin.Table{ID: "orders", Columns: orderColumns(), Rows: orderRows(3)},
		Facts:     []admin.Fact{{Label: "E-mail", Value: "jonas@example.com", URL: "mailto:jonas@example.com", Note: "confirmed"}, {Label: "Phone", Value: "+49 40 1234567"}, {Label: "Language", Value: "German"}},
		Addresses: []customers.Address{{Text: "Jonas Weber\nEppendorfer Weg 12\n20259 Hamburg\nGermany", Note: "Default for shipping"}},
	}},
	"imports": {"list", admin.ListView{
		Frame: with(frame("Imports", "/admin/imports"), func(f *admin.Frame) {
			f.Primary = &admin.Action{Label: "New import", URL: "/import-new", Icon: "upload", Look: "primary"}
		}),
		Table: admin.Table{ID: "imports", Empty: &admin.Empty{Icon: "upload", Title: "Bring your goods along", Text: "Upload the product file of Shopify, WooCommerce, Spree or Vendure. A trial run shows what would happen before anything changes.", Actions: []admin.Action{{Label: "Choose a file", URL: "/import-new", Look: "primary", Icon: "upload"}}}},
	}},
	"import-new": {"import_new", imports.NewView{
		Frame: with(frame("New import", "/admin/imports"), func(f *admin.Frame) { f.Back = &admin.Link{Label: "Imports", URL: "/imports"} }), To: "#",
		Platform: admin.Field{Name: "platform", Label: "Shop system", Kind: admin.RadioField, Bare: true, Choices: []admin.Choice{{Value: "shopify", Label: "Shopify", Help: "Products, Export, “CSV for Excel, Numbers”", Selected: true}, {Value: "woocommerce", Label: "WooCommerce", Help: "Products, Export, all columns"}, {Value: "spree", Label: "Spree", Help: "Products, Export"}, {Value: "vendure", Label: "Vendure", Help: "Product import format"}}},
		File:     admin.Drop{ID: "file", Name: "file", Label: "Drop the CSV file here or choose it", Help: "CSV, at most 100 MB", Accept: ".csv,text/csv"},
		Fields:   []admin.Field{{Name: "images", Label: "Fetch pictures from the addresses in the file", Kind: admin.CheckField, Checked: true}},
		Actions:  []admin.Action{{Label: "Try it first", Name: "do", Value: "dry", Look: "primary"}},
		Steps:    []admin.Fact{{Label: "Trial run", Value: "The file is read and checked. Nothing changes yet."}, {Label: "Look at the report", Value: "Rows with errors and what becomes of each column."}, {Label: "Import", Value: "Products appear one by one, each of them complete."}},
	}},
	"import-run": {"import_run", imports.RunView{
		Frame: with(frame("products_export_1.csv", "/admin/imports"), func(f *admin.Frame) {
			f.Back = &admin.Link{Label: "Imports", URL: "/imports"}
			f.Note = "Shopify · trial run"
		}),
		Self: "/import-run", Status: *st(admin.Good, "Trial run finished"), Done: 3000, Total: 3000, Percent: "100%", Progress: "3,000 of 3,000 rows read",
		Notes:   []admin.Note{{Tone: admin.Warn, Title: "2 rows cannot be imported", Text: "Everything else is fine. You can import now and correct the two later."}},
		Tiles:   []admin.Tile{{Label: "New products", Value: "412"}, {Label: "Changed products", Value: "18"}, {Label: "Variants", Value: "1,904"}, {Label: "Pictures", Value: "1,288"}},
		Errors:  &admin.Table{ID: "errors", Still: true, Columns: []admin.Column{{Head: "Row", Kind: admin.Lead}, {Head: "Column"}, {Head: "What is wrong"}, {Head: "Value", Kind: admin.Wide}}, Rows: []admin.Row{{Cells: []admin.Cell{{Text: "118"}, {Text: "Variant Price"}, {Text: "Please enter an amount such as 19.99."}, {Text: "19,9o"}}}, {Cells: []admin.Cell{{Text: "2044"}, {Text: "Variant SKU"}, {Text: "This SKU belongs to “Brass hook” already."}, {Text: "BRS-HK-01"}}}}},
		Columns: &admin.Table{ID: "columns", Still: true, Columns: []admin.Column{{Head: "Column of the file", Kind: admin.Lead}, {Head: "Becomes"}, {Head: "Why", Kind: admin.Wide}}, Rows: []admin.Row{{Cells: []admin.Cell{{Text: "Title"}, {Text: "Name"}, {}}}, {Cells: []admin.Cell{{Text: "Google Shopping / MPN"}, {Text: "Custom field “mpn”"}, {}}}, {Cells: []admin.Cell{{Text: "Gift Card"}, {Text: "Left out", Tone: "warn"}, {Text: "Every row says “false”"}}}}},
		Actions: []admin.Action{{Label: "Import now", Post: true, URL: "#", Look: "primary", Icon: "upload"}},
	}},
	"import-running": {"import_run", imports.RunView{
		Frame: with(frame("products_export_1.csv", "/admin/imports"), func(f *admin.Frame) { f.Back = &admin.Link{Label: "Imports", URL: "/imports"} }),
		Self:  "/import-running", Running: true, Status: *st(admin.Info, "Importing"), Done: 1240, Total: 3000, Percent: "41%", Progress: "1,240 of 3,000 rows",
		Tiles:   []admin.Tile{{Label: "New products", Value: "171"}, {Label: "Changed products", Value: "9"}, {Label: "Variants", Value: "802"}, {Label: "Pictures", Value: "530"}},
		Actions: []admin.Action{{Label: "Stop", Post: true, URL: "#", Icon: "ban"}},
	}},
	"settings": {"form", admin.FormView{
		Frame: frame("Settings", "/admin/settings"), ID: "settings", To: "#", Rooms: rooms("/admin/settings"),
		Sections: []admin.Section{
			{Title: "Shop", Fields: []admin.Field{{Name: "name", Label: "Name", Value: "Stoa", Wide: true}, {Name: "email", Label: "E-mail", Kind: admin.EmailField, Value: "hello@example.com", Help: "Customers’ replies go here."}, {Name: "phone", Label: "Phone", Kind: admin.TelField, Optional: true}}, Grid: true},
			{Title: "Languages and times", Fields: []admin.Field{{Name: "languages", Label: "Languages of the shop", Kind: admin.ChecksField, Choices: []admin.Choice{{Label: "English", Value: "en", Selected: true}, {Label: "Deutsch", Value: "de", Selected: true}}}, {Name: "zone", Label: "Time zone", Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: "Europe/Berlin"}}}}},
			{Title: "Stock on product pages", Fields: []admin.Field{{Name: "stock", Label: "What shoppers see", Bare: true, Kind: admin.RadioField, Choices: []admin.Choice{{Value: "exact", Label: "The exact number", Help: "“14 in stock”"}, {Value: "few", Label: "Only when there are few", Help: "“Only 3 left”, else “In stock”", Selected: true}, {Value: "hidden", Label: "In stock or sold out"}}}, {Name: "few", Label: "Few means fewer than", Kind: admin.NumberField, Value: "5", Suffix: "pieces"}}},
		},
	}},
	"taxes": {"form", admin.FormView{
		Frame: frame("Taxes", "/admin/settings"), Rooms: rooms("/admin/settings/taxes"), ID: "taxes",
		Sections: []admin.Section{{Title: "Rates", Note: "Each rate says where it was published and from when it holds.", Head: []admin.Action{{Label: "Add rate", URL: "#", Icon: "plus", Small: true}}, Table: &admin.Table{ID: "rates", Columns: []admin.Column{{Head: "Country", Kind: admin.Lead}, {Head: "Class"}, {Head: "Name", Kind: admin.Wide}, {Head: "From", Kind: admin.Tight}, {Head: "Rate", Kind: admin.End}}, Rows: []admin.Row{{Cells: []admin.Cell{{Text: "Germany", URL: "#"}, {Text: "Standard"}, {Text: "USt"}, {Text: "1 January 2021"}, {Text: "19%"}}}, {Cells: []admin.Cell{{Text: "France", URL: "#"}, {Text: "Standard"}, {Text: "TVA"}, {Text: "1 January 2014"}, {Text: "20%"}}}}}}},
	}},
	"mails": {"list", admin.ListView{
		Frame: frame("Mails", "/admin/mails"),
		Notes: []admin.Note{{Title: "Mails are kept here, not sent", Text: "No mail server is set up. Give its address as STOA_SMTP and start the shop again to send them."}},
		Views: []admin.View{{Label: "All", URL: "?", Current: true}, {Label: "Failed", URL: "?", Count: 2, Counted: true}},
		Table: admin.Table{ID: "mails", Two: true, Columns: []admin.Column{{Head: "Mail", Kind: admin.Lead}, {Head: "To"}, {Head: "Written", Kind: admin.Tight}, {Head: "State", Kind: admin.End}}, Rows: []admin.Row{{Cells: []admin.Cell{{Text: "Your order #1042", Note: "Order confirmation", URL: "/mail"}, {Text: "jonas@example.com"}, {Text: "24 Nov, 18:05"}, {Status: st(admin.Good, "Sent")}}}, {Cells: []admin.Cell{{Text: "Your parcel is on its way", Note: "Shipping notice", URL: "/mail"}, {Text: "jonas@example.com"}, {Text: "24 Nov, 18:40"}, {Status: st(admin.Bad, "Failed")}}}}},
	}},
	"mail": {"mail", mails.View{
		Frame: with(frame("Shipping notice", "/admin/mails"), func(f *admin.Frame) {
			f.Back = &admin.Link{Label: "Mails", URL: "/mails"}
			f.Badges = []admin.Status{*st(admin.Bad, "Failed")}
			f.Primary = &admin.Action{Label: "Try again", Post: true, URL: "#", Icon: "rotate-ccw", Look: "primary"}
		}),
		Notes:   []admin.Note{{Tone: admin.Bad, Title: "The mail server refused it", Text: "550 5.1.1 mailbox unavailable"}},
		Subject: "Your parcel is on its way", Forms: []admin.View{{Label: "Letter", URL: "?", Current: true}, {Label: "Plain text", URL: "?"}}, Plain: "Hello Jonas,\n\nyour parcel left our house today.\nTracking: 00340434161094042557",
		Facts: []admin.Fact{{Label: "To", Value: "jonas@example.com"}, {Label: "About", Value: "Order #1042", URL: "/order"}, {Label: "Tries", Value: "3"}},
	}},
	"message": {"message", messages.View{
		Frame: with(frame("Delivery to Switzerland?", "/admin/messages"), func(f *admin.Frame) {
			f.Back = &admin.Link{Label: "Messages", URL: "/messages"}
			f.Narrow = true
			f.Badges = []admin.Status{*st(admin.Info, "New")}
		}),
		From: "Amélie Fournier", Email: "amelie@example.com", When: "24 November 2026, 17:20", Text: "Hello,\n\ndo you deliver to Lausanne, and what does it cost?\n\nThank you\nAmélie",
		Actions: []admin.Action{{Label: "Mark as done", Post: true, URL: "#", Icon: "check"}, {Label: "Reply", URL: "mailto:amelie@example.com", Icon: "reply", Look: "primary"}},
	}},
	"find":  {"find", admin.FindView{Frame: frame("Search", "/admin/find"), Find: admin.Find{Query: "linen", Groups: []admin.FindGroup{{Label: "Products", Hits: []admin.Hit{{Icon: "package", Label: "Linen throw", Note: "LIN-THR-IND", URL: "/product"}}}}}}},
	"fault": {"fault", admin.FaultView{Frame: with(frame("Not allowed", "/admin/settings"), func(f *admin.Frame) {}), Text: "Your role does not include this.", Request: "req_01kb3v7w2f"}},
	"sign-in": {"door", admin.GateView{
		Frame: with(frame("Sign in", ""), func(f *admin.Frame) { f.Narrow = true }), To: "#",
		Fields: []admin.Field{{Name: "email", Label: "E-mail", Kind: admin.EmailField, Complete: "username", Focus: true}, {Name: "password", Label: "Password", Kind: admin.PasswordField, Complete: "current-password"}}, Button: "Sign in",
	}},
	"sign-in-fault": {"door", admin.GateView{
		Frame: with(frame("Sign in", ""), func(f *admin.Frame) {
			f.Narrow = true
			f.Fault = &admin.Note{Tone: admin.Bad, Text: "E-mail and password do not belong together."}
		}), To: "#",
		Fields: []admin.Field{{Name: "email", Label: "E-mail", Kind: admin.EmailField, Complete: "username", Value: "mira@example.com"}, {Name: "password", Label: "Password", Kind: admin.PasswordField, Complete: "current-password"}}, Button: "Sign in",
	}},
	"setup": {"door", admin.GateView{
		Frame: with(frame("Set up your shop", ""), func(f *admin.Frame) {
			f.Note = "You are the first here. This account owns the shop: it may do everything and invite others."
		}), To: "#",
		Fields: []admin.Field{{Name: "name", Label: "Your name", Complete: "name", Focus: true}, {Name: "email", Label: "E-mail", Kind: admin.EmailField, Complete: "username"}, {Name: "password", Label: "Password", Kind: admin.PasswordField, Complete: "new-password", Help: "At least 12 characters. A sentence is easier to remember than a riddle."}}, Button: "Create the owner’s account",
	}},
}

func productRow(name, note, tone, status, stock, stockTone, price, picture string) admin.Row {
	p := admin.Picture{}
	if picture != "" {
		p = pic(picture)
	}
	return admin.Row{ID: name, Name: name, Cells: []admin.Cell{{Picture: &p}, {Text: name, Note: note, URL: "/product"}, {Status: st(tone, status)}, {Text: stock, Tone: stockTone, Label: "Stock"}, {Text: "Kitchen"}, {Text: "24 November"}, {Text: price}}}
}

func branch(name string, depth int, count string) admin.Branch {
	return admin.Branch{Name: name, URL: "/category", Depth: depth, Note: count, Actions: []admin.Action{{Label: "Move up", Icon: "arrow-up", Post: true, URL: "#"}, {Label: "Move down", Icon: "arrow-down", Post: true, URL: "#"}}}
}

func rooms(at string) []admin.NavLink {
	all := []admin.NavLink{{Label: "Shop", URL: "/admin/settings", Icon: "store"}, {Label: "Taxes", URL: "/admin/settings/taxes", Icon: "percent"}, {Label: "Shipping", URL: "/admin/settings/shipping", Icon: "truck"}, {Label: "Staff", URL: "/admin/settings/staff", Icon: "users"}}
	for i := range all {
		all[i].Current = all[i].URL == at
	}
	return all
}

func tongues(fields ...admin.Field) []admin.Tongue {
	var list []admin.Tongue
	for i, code := range []string{"en", "de"} {
		own := make([]admin.Field, len(fields))
		for j, f := range fields {
			f.Lang, f.ID, f.Name = code, f.Name+"-"+code, f.Name+"."+code
			own[j] = f
		}
		list = append(list, admin.Tongue{Code: code, Name: []string{"English", "Deutsch"}[i], Fields: own, Open: i == 0})
	}
	return list
}

func product(fault bool) products.View {
	v := products.View{
		Frame: with(frame("Stoneware carafe", "/admin/products"), func(f *admin.Frame) {
			f.Back = &admin.Link{Label: "Products", URL: "/products"}
			f.Badges = []admin.Status{*st(admin.Good, "Active")}
			f.Actions = []admin.Action{{Label: "View in shop", URL: "/", Icon: "external-link", Away: true}}
			f.More = []admin.Action{{Label: "Archive", Icon: "archive", Post: true, URL: "#"}}
		}),
		To: "#", Refused: fault,
		Texts:   admin.Section{Title: "Texts", ID: "texts", Tongues: tongues(admin.Field{Name: "name", Label: "Name", Value: "Stoneware carafe"}, admin.Field{Name: "subtitle", Label: "Subtitle", Optional: true, Value: "Thrown in one piece"}, admin.Field{Name: "description", Label: "Description", Kind: admin.LongField, Rows: 6, Value: "A carafe for water and wine, thrown on the wheel by Holm in Flensburg. The glaze is food-safe and goes into the dishwasher.\n\nHolds 1.2 litres."})},
		Media:   admin.Section{Title: "Pictures", Note: "Drag to put them in order; the first is the main picture.", Media: []admin.Medium{medium("a", true), medium("bb", false), medium("ccc", false)}, Drop: &admin.Drop{ID: "upload", Name: "media", Label: "Drop pictures here or choose them", Help: "JPEG, PNG or WebP, at most 20 MB each", Accept: "image/jpeg,image/png,image/webp", Many: true}},
		Options: &admin.Section{Title: "Options", Note: "Every combination of values can be a variant.", Head: []admin.Action{{Label: "Edit options", URL: "#", Icon: "pencil", Small: true}}, Facts: []admin.Fact{{Label: "Glaze", Value: "Sand, Slate, Celadon"}}},
		Variants: admin.Section{Title: "Variants", Rows: &admin.Grid{Columns: []string{"Variant", "SKU", "Price", "Before", "In stock", "Weight"}, Nums: []bool{false, false, true, true, true, true}, Rows: []admin.GridRow{
			variant("Sand", "STW-CAR-SND", "54.00", "60"), variant("Slate", "STW-CAR-SLT", "54.00", "48"), variant("Celadon", "STW-CAR-CLD", "58.00", "40"),
		}}},
		Attributes: &admin.Section{Title: "Details", Fields: []admin.Field{{Name: "fields.volume", Label: "Volume", Kind: admin.AmountField, Suffix: "l", Value: "1.2"}, {Name: "fields.colour", Label: "Colour", Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: "–"}}}, {Name: "fields.material", Label: "Material", Value: "Stoneware"}}, Grid: true},
		Found:      admin.Section{Title: "In search engines", ID: "seo", Tongues: tongues(admin.Field{Name: "slug", Label: "Address", Prefix: "/p/", Value: "stoneware-carafe", Help: "The old address keeps working: it leads to the new one."}, admin.Field{Name: "seo_title", Label: "Title", Optional: true}, admin.Field{Name: "seo_description", Label: "Description", Kind: admin.LongField, Optional: true, Rows: 2})},
		Side: []admin.Section{
			{Title: "Status", Fields: []admin.Field{{Name: "status", Label: "Status", Bare: true, Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: "Active"}, {Label: "Draft"}, {Label: "Scheduled"}, {Label: "Archived"}}}, {Name: "publish_at", Label: "Goes on sale", Kind: admin.MomentField, Help: "Only for scheduled products, in the shop’s time."}, {Name: "end_at", Label: "Sold until", Kind: admin.MomentField, Optional: true, Help: "From this moment on it is out of the shop by itself, in the shop’s time."}}},
			{Title: "Where it belongs", Fields: []admin.Field{{Name: "categories", Label: "Categories", Kind: admin.ChecksField, Choices: []admin.Choice{{Label: "Home and living"}, {Label: "Textiles", Depth: 1}, {Label: "Kitchen", Selected: true}, {Label: "Carafes", Depth: 1, Selected: true}}}, {Name: "brand", Label: "Brand", Value: "Töpferei Holm"}, {Name: "tags", Label: "Tags", Help: "Separated by commas.", Optional: true}}},
			{Title: "Tax", Fields: []admin.Field{{Name: "tax", Label: "Tax class", Bare: true, Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: "Standard"}}}}},
		},
	}
	if fault {
		v.Frame.Fault = &admin.Note{Tone: admin.Bad, Text: "Please check the marked fields."}
		v.Texts.Tongues[1].Fault = true
		v.Texts.Tongues[0].Fields[0].Value = ""
		v.Texts.Tongues[0].Fields[0].Fault = "Please fill this in."
		v.Variants.Rows.Rows[1].Fields[1].Fault = "Please enter an amount such as 19.99."
		v.Variants.Rows.Rows[1].Fields[1].Value = "free"
	}
	return v
}

func medium(id string, main bool) admin.Medium {
	return admin.Medium{
		ID: id, URL: "/sample.svg?n=" + id, Main: main, Order: "order", Alts: []admin.Field{{Name: "alt." + id + ".en", Label: "What it shows", Value: ""}},
		Actions: []admin.Action{{Label: "Take away", Icon: "trash", Submit: "product", URL: "#", Name: "remove", Value: id}},
	}
}

func variant(name, sku, price, stock string) admin.GridRow {
	f := func(field, label, value, kind string) admin.Field {
		return admin.Field{Name: "variants." + sku + "." + field, Label: label, Value: value, Kind: kind, Bare: true, Mono: field == "sku", Prefix: map[string]string{"price": "€", "compare": "€"}[field], Suffix: map[string]string{"weight": "g"}[field]}
	}
	return admin.GridRow{Name: name, Fields: []admin.Field{f("sku", "SKU", sku, ""), f("price", "Price", price, admin.AmountField), f("compare", "Before", "", admin.AmountField), f("stock", "In stock", stock, admin.NumberField), f("weight", "Weight", "1900", admin.NumberField)}}
}

func latest() admin.Table {
	columns, rows := orderColumns(), orderRows(6)
	for i, r := range rows {
		rows[i].Cells = append(r.Cells[:5:5], r.Cells[6])
	}
	return admin.Table{ID: "latest", Caption: "Latest orders", Columns: append(columns[:5:5], columns[6]), Rows: rows}
}
