package admin

// Field is one input with its label above, its help below and, when it was
// refused, its fault. The partial "field" prints it.
type Field struct {
	Name     string // of the input; also its id, after the form's Prefix
	ID       string // "" means Name
	Label    string
	Help     string
	Fault    string // in words; "" when the value is fine
	Value    string // as typed
	Kind     string // one of the constants; "" is a line of text
	Optional bool   // says so beside the label
	Required bool
	Choices  []Choice
	Prefix   string // stands before the value inside the field: "€"
	Suffix   string // stands behind it: "kg"
	Complete string // autocomplete token
	Mode     string // inputmode: "decimal", "numeric", "tel"
	Max      int    // characters; 0 sets no limit in the browser
	Rows     int    // of a long text
	Lang     string // language of the value, for spelling
	Mono     bool
	Off      bool
	Wide     bool   // takes the whole row of a grid
	Checked  bool   // of a Check
	Focus    bool   // the caret starts here
	Bare     bool   // the label is for screen readers only
	Accept   string // of a File
	Many     bool   // several files, several choices
	Hint     string // an example, shown greyed
	Min      string // smallest number or day
	List     string // id of a Grid's suggestions
}

// The kinds of a Field.
const (
	TextField     = ""
	LongField     = "long"
	EmailField    = "email"
	PasswordField = "password"
	NumberField   = "number" // whole numbers
	AmountField   = "amount" // decimal, right-aligned
	DateField     = "date"
	MomentField   = "datetime-local"
	ChoiceField   = "choice" // a select
	RadioField    = "radio"
	CheckField    = "check"
	ChecksField   = "checks" // several of Choices
	ColourField   = "color"
	TelField      = "tel"
	URLField      = "url"
	FileField     = "file"
	StaticField   = "static" // a value that is only shown; Hint is where it leads
)

// Choice is one option of a Field or Select.
type Choice struct {
	Value    string
	Label    string
	Help     string
	Selected bool
	Depth    int // indents a tree, 0..4
	Off      bool
}

// Tongue is one language's panel of a form.
type Tongue struct {
	Code   string // "de"
	Name   string // "Deutsch"
	Fields []Field
	Open   bool // the panel that is shown first
	Fault  bool // something in it was refused
}

// SaveBar is the bar that appears when something in its form changed.
type SaveBar struct {
	Save    string // label of the button, "" for "Save"
	Discard string // where the discard link leads: the screen as it was
	Always  bool   // a new thing: there is always something to save
}

// Drop takes files by drag and drop and, without the script, as a file input.
type Drop struct {
	ID     string
	Name   string
	Label  string
	Help   string
	Accept string
	Many   bool
	Send   bool // submit the form as soon as files are chosen
	Fault  string
}

// Dialog asks before what cannot be undone.
type Dialog struct {
	ID     string
	Title  string
	Text   string
	Fields []Field // what is asked before; sent with the action
	Action Action  // Post
}
