// Package words holds every text the shop says, one folder a language, one
// file a room. Both languages carry the same keys; a test sees to it.
package words

import "embed"

// Files is laid out as kit/locale.Load expects it.
//
//go:embed */*.json
var Files embed.FS
