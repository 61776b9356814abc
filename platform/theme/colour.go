package theme

import (
	"fmt"
	"strconv"
	"strings"
)

// levels are the eight steps a colour channel is rounded to. 512 classes make
// a sheet of two kilobytes on the wire and are closer to a picture's dominant
// colour than the eye can tell while it loads.
var levels = [8]uint8{0, 36, 73, 109, 146, 182, 219, 255}

// A colour whose channels lie no further apart than greySpread is a grey, of
// which there are finer steps: most goods and many swatches are one.
const (
	greySpread = 24
	greySteps  = 32
)

// ColourClass names the class of the placeholder sheet nearest to a colour
// written as "#rrggbb" or "#rgb". Anything else gets "", which has no rule.
// Pages carry the class instead of a style attribute, which their content
// security policy forbids.
func ColourClass(hex string) string {
	s := strings.TrimPrefix(hex, "#")
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	if len(s) != 6 {
		return ""
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return ""
	}
	r, g, bl := n>>16&0xff, n>>8&0xff, n&0xff
	if max(r, g, bl)-min(r, g, bl) <= greySpread {
		// Rounding the channels one by one would tint a near-grey.
		return fmt.Sprintf("ph-g%02d", ((r+g+bl)/3*greySteps+127)/255)
	}
	step := func(channel uint64) uint64 { return (channel&0xff*7 + 127) / 255 }
	return fmt.Sprintf("ph-%d%d%d", step(n>>16), step(n>>8), step(n))
}

// placeholderSheet is the style sheet ColourClass refers to. Themes import it
// as "placeholder.css".
func placeholderSheet() []byte {
	var b strings.Builder
	for i := range 512 {
		r, g, bl := i>>6, i>>3&7, i&7
		fmt.Fprintf(&b, ".ph-%d%d%d{--ph:#%02x%02x%02x}\n", r, g, bl, levels[r], levels[g], levels[bl])
	}
	for i := range greySteps + 1 {
		v := i * 255 / greySteps
		fmt.Fprintf(&b, ".ph-g%02d{--ph:#%02x%02x%02x}\n", i, v, v, v)
	}
	return []byte(b.String())
}
