package admin

// Chart is a row of bars with the numbers behind it. The server works out the
// geometry in a drawing of Width × Height units that the page stretches to
// fit; words and numbers stand outside of it and keep their shape.
type Chart struct {
	ID     string
	Title  string // for screen readers
	Unit   string // head of the table's last column
	Day    string // head of the table's first column
	Width  int64
	Height int64
	Bars   []Bar
	Ticks  []string // of the upright axis, from top to bottom
	Lines  []int64  // where the ticks are
	Labels []string // of the flat axis, evenly spread
	Keys   []string // what the bars are: now and, when compared, before
}

// Bar is one bar and, pale behind it, what it is compared with.
type Bar struct {
	X, Y, W, H int64
	HitX, HitW int64 // the strip that answers to the mouse
	WasX, WasW int64 // wider, so that it shows behind
	WasY, WasH int64 // 0 high: not compared
	Label      string
	Value      string // in words
	Was        string // in words
	Last       bool
}

// Point is one value of a chart.
type Point struct {
	Label string // of this point alone: "24 November"
	Value int64  // ≥ 0
	Was   int64  // ≥ 0; what it is compared with
}

const (
	chartW = 1200
	chartH = 320
)

// NewChart draws points as bars. say writes a value in words. Axis ends on a
// round number above the highest value, in steps of unit (100 for cents, 1 for
// pieces); labels names a few places of the flat axis, evenly spread.
func NewChart(points []Point, unit int64, say func(int64) string, labels []string) Chart {
	c := Chart{Width: chartW, Height: chartH, Labels: labels}
	var top int64
	compared := false
	for _, p := range points {
		top = max(top, p.Value, p.Was)
		compared = compared || p.Was > 0
	}
	step := roundStep(top, unit)
	top = step * ((top + step - 1) / step)
	if top == 0 {
		top = step
	}
	for v := top; v >= 0; v -= step {
		c.Ticks = append(c.Ticks, say(v))
		c.Lines = append(c.Lines, chartH-scale(v, top))
	}
	n := int64(len(points))
	for i, p := range points {
		left, right := chartW*int64(i)/n, chartW*(int64(i)+1)/n
		gap := (right - left) / 4
		b := Bar{
			X: left + gap, W: max(right-left-2*gap, 1), WasX: left + gap/2, WasW: max(right-left-gap, 1),
			HitX: left, HitW: right - left,
			H: scale(p.Value, top), Label: p.Label, Value: say(p.Value),
			Last: i == len(points)-1,
		}
		b.Y = chartH - b.H
		if compared {
			b.WasH, b.Was = scale(p.Was, top), say(p.Was)
			b.WasY = chartH - b.WasH
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// scale turns a value into units of height; a value above zero is always at
// least seen.
func scale(v, top int64) int64 {
	if v <= 0 {
		return 0
	}
	if v > 1<<52 { // keep the product inside an int64; the eye cannot tell
		v, top = v>>10, top>>10
	}
	return max(v*chartH/top, 2)
}

// roundStep picks 1, 2 or 5 times a power of ten times unit so that three to
// five steps reach top.
func roundStep(top, unit int64) int64 {
	step := max(unit, 1)
	for {
		for _, m := range [...]int64{1, 2, 5} {
			if step*m*4 >= top {
				return step * m
			}
		}
		if step > 1<<58 {
			return step
		}
		step *= 10
	}
}
