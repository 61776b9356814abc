package admin

// Event is one entry of a timeline.
type Event struct {
	Icon   string
	Tone   string
	Text   string
	Meta   string // who and when
	Body   string // a note, a reason
	Action *Action
}

// Tile is one number at a glance. Its link leads to the rows it counts.
type Tile struct {
	Label string
	Value string
	Note  string
	URL   string
}

// Todo is something that waits for a person.
type Todo struct {
	Icon string
	Tone string
	Text string
	Note string
	URL  string
}

// Line is one line of an order or of a form about its lines.
type Line struct {
	Picture Picture
	Name    string
	URL     string
	What    string // options, SKU
	Times   string // "2 × €19.99"
	Total   string
	Field   *Field // how many of them
	After   string // stands behind the field: "of 3"
	Status  *Status
}

// Branch is one row of the category tree.
type Branch struct {
	Name    string
	URL     string
	Depth   int // 0..4
	Note    string
	Status  *Status
	Actions []Action // move up, move down
}

// Find is what the command bar shows for a search.
type Find struct {
	Query  string
	Groups []FindGroup
}

// FindGroup is the hits of one noun.
type FindGroup struct {
	Label string
	Hits  []Hit
}

// Hit is one thing that was found.
type Hit struct {
	Icon  string
	Label string
	Note  string
	URL   string
}
