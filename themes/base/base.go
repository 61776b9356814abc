// Package base is the theme every shop starts from and every other theme falls
// back to.
package base

import "embed"

// Files is laid out as platform/theme expects it.
//
//go:embed pages partials layouts mail assets
var Files embed.FS
