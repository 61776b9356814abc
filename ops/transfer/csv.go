package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// record is one row of the file. When bad is set, cells hold what could be
// read and may be short.
type record struct {
	row   int // as a spreadsheet counts: the header is row 1
	line  int // the line of the file on which the row begins
	cells []string
	bad   *Problem
	at    int // column of bad, counted from 0; -1 is none
	// cut is set when rows below were swallowed by a quotation mark that is
	// never closed.
	cut bool
}

// csvReader reads rows from UTF-8 text. It is forgiving where no meaning is at
// risk: any line ending, blanks around cells and quotes, a quotation mark
// inside an unquoted cell. What it cannot read is a bad record, never an
// error; after it the reader goes on with the next row. Of a cell that is too
// long only the beginning is held in memory.
type csvReader struct {
	in     *bufio.Reader
	comma  byte
	lim    Limits
	strict bool // U+FFFD means a character was lost in decoding
	row    int
	line   int
	cell   []byte // of the cell being read
	size   int    // bytes of the row so far
}

func newCSV(r io.Reader, comma byte, lim Limits, enc Encoding) *csvReader {
	return &csvReader{in: bufio.NewReaderSize(r, 64<<10), comma: comma, lim: lim, strict: enc != UTF8, line: 1}
}

// read returns the next row, or io.EOF. Other errors are those of the
// underlying reader.
func (c *csvReader) read() (record, error) {
	c.row++
	c.size = 0
	rec := record{row: c.row, line: c.line, at: -1}
	if _, err := c.in.Peek(1); err != nil {
		return record{}, err
	}
	for {
		end, err := c.readCell(&rec)
		if err != nil {
			return record{}, err
		}
		if end {
			return rec, nil
		}
	}
}

// doubled reports whether the quotation mark just read is followed by another,
// and takes that one.
func (c *csvReader) doubled() bool {
	next, err := c.in.Peek(1)
	if err != nil || next[0] != '"' {
		return false
	}
	_, _ = c.in.Discard(1)
	return true
}

// closes reports whether the quotation mark just read ends its cell: nothing
// but blanks stand between it and the next delimiter or line.
func (c *csvReader) closes() bool {
	for n := 64; ; n *= 8 {
		ahead, err := c.in.Peek(n)
		rest := bytes.TrimLeft(ahead, c.padding())
		switch {
		case len(rest) > 0:
			return rest[0] == c.comma || rest[0] == '\n' || rest[0] == '\r'
		case err != nil:
			return errors.Is(err, io.EOF)
		case n > 32<<10:
			return false
		}
	}
}

// opens reports whether a mark inside a quoted cell stands where a cell begins
// on a further line.
func (c *csvReader) opens() bool {
	if bytes.IndexByte(c.cell, '\n') < 0 {
		return false
	}
	text := bytes.TrimRight(c.cell, c.padding())
	return len(text) > 0 && (text[len(text)-1] == c.comma || text[len(text)-1] == '\n')
}

func (c *csvReader) padding() string {
	if c.comma == '\t' {
		return " "
	}
	return " \t"
}

// spoil notes the first problem of a row.
func (r *record) spoil(reason string, column int, params ...any) {
	if r.bad != nil {
		return
	}
	r.bad = &Problem{Row: r.row, Reason: reason, Params: pairs(params)}
	r.at = column
}

// readCell reads one cell and reports whether the row ended with it.
func (c *csvReader) readCell(rec *record) (end bool, err error) {
	const (
		before = iota // nothing but blanks so far
		plain         // in an unquoted cell
		quoted        // between quotation marks
		closed        // after the closing quotation mark
	)
	column := len(rec.cells)
	c.cell = c.cell[:0]
	state, lost, nul := before, false, false
	add := func(b byte) {
		if c.size < c.lim.Row {
			c.size++
		}
		switch {
		case lost:
		case len(c.cell) >= c.lim.Field:
			lost = true
			rec.spoil("transfer.cell_too_long", column, "max", size(c.lim.Field))
		case c.size >= c.lim.Row:
			lost = true
			rec.spoil("transfer.row_too_long", column, "max", size(c.lim.Row))
		default:
			c.cell = append(c.cell, b)
		}
	}
loop:
	for {
		b, rerr := c.in.ReadByte()
		switch {
		case errors.Is(rerr, io.EOF):
			if state == quoted {
				rec.bad = nil
				rec.spoil("transfer.quote_never_closed", column, "line", strconv.Itoa(rec.line))
				rec.cut = true
			}
			end = true
			break loop
		case rerr != nil:
			return false, rerr
		}
		if b == 0 {
			nul = true
			continue
		}
		if b == '\r' { // CR LF and CR are LF
			if next, err := c.in.Peek(1); err == nil && next[0] == '\n' {
				_, _ = c.in.Discard(1)
			}
			b = '\n'
		}
		if b == '\n' {
			c.line++
		}
		if state == quoted {
			switch {
			case b != '"':
				add(b)
			case c.doubled():
				add(b)
			case c.closes():
				state = closed
			default:
				// A mark that neither ends the cell nor is doubled. One that
				// stands where a cell of a further line begins shows that an
				// earlier one was never closed.
				if c.opens() {
					rec.bad = nil
					rec.spoil("transfer.quote_never_closed", column, "line", strconv.Itoa(rec.line))
					rec.cut = true
				}
				rec.spoil("transfer.stray_quote", column)
				add(b)
			}
			continue
		}
		switch {
		case b == c.comma:
			break loop
		case b == '\n':
			end = true
			break loop
		case state == closed: // blanks
		case b == '"' && state == before:
			c.cell = c.cell[:0]
			state = quoted
		default:
			if b != ' ' && b != '\t' {
				state = plain
			}
			add(b)
		}
	}
	if lost && len(c.cell) > 200 {
		c.cell = c.cell[:200]
	}
	text := string(c.cell)
	switch {
	case lost:
	case nul:
		rec.spoil("transfer.nul_byte", column)
	case !utf8.ValidString(text), c.strict && strings.ContainsRune(text, utf8.RuneError):
		rec.spoil("transfer.not_utf8", column)
	}
	text = arm(tidy(text))
	if rec.bad != nil && rec.at == column && rec.bad.Value == "" {
		rec.bad.Value = excerpt(text)
	}
	if len(rec.cells) < c.lim.Columns {
		rec.cells = append(rec.cells, text)
	} else {
		rec.spoil("transfer.too_many_cells", -1, "max", int64(c.lim.Columns))
	}
	return end, nil
}

// tidy cuts the blanks around a cell, replaces bytes that are not UTF-8 and
// control characters other than tab and line feed, and drops byte order marks
// in the middle of glued files.
func tidy(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\t' && s[i] != '\n' || s[i] == 0x7f || s[i] >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if !plain {
		s = strings.ToValidUTF8(s, "\uFFFD")
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\t' || r == '\n':
				return r
			case r < ' ' || r == 0x7f:
				return ' '
			case r == '\uFEFF':
				return -1
			}
			return r
		}, s)
	}
	return strings.Trim(s, " \t\n\u00a0")
}

// delimiters in the order in which they are preferred when nothing else tells.
const delimiters = ",;\t"

// detect chooses the delimiter whose header row makes most sense: the most
// columns that known recognises, then the most columns. It returns the text
// without the "sep=;" line with which spreadsheets announce a delimiter.
func detect(r io.Reader, lim Limits, known func(header []string) int) (io.Reader, byte, error) {
	in := bufio.NewReaderSize(r, 256<<10)
	head, err := in.Peek(256 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if rest, ok := bytes.CutPrefix(head, []byte("sep=")); ok && len(rest) > 1 && strings.IndexByte(delimiters, rest[0]) >= 0 {
		skip := 5
		for skip < len(head) && (head[skip] == '\r' || head[skip] == '\n') && skip < 7 {
			skip++
		}
		_, _ = in.Discard(skip)
		return in, rest[0], nil
	}
	var best byte = ','
	most := [2]int{-1, -1}
	for i := range len(delimiters) {
		rec, err := newCSV(bytes.NewReader(head), delimiters[i], lim, UTF8).read()
		if err != nil {
			continue
		}
		if score := [2]int{known(rec.cells), len(rec.cells)}; score[0] > most[0] || score[0] == most[0] && score[1] > most[1] {
			best, most = delimiters[i], score
		}
	}
	return in, best, nil
}

func pairs(params []any) map[string]any {
	if len(params) == 0 {
		return nil
	}
	m := make(map[string]any, len(params)/2)
	for i := 0; i+1 < len(params); i += 2 {
		m[params[i].(string)] = params[i+1]
	}
	return m
}

// size writes a number of bytes as people read it: "1 MiB", "300 B". It is
// written alike in every language.
func size(n int) string {
	units := []string{"B", "KiB", "MiB"}
	at := 0
	for at+1 < len(units) && n >= 1024 && n%1024 == 0 {
		n, at = n/1024, at+1
	}
	return strconv.Itoa(n) + "\u00a0" + units[at]
}
