package admin

import (
	"embed"
	"io/fs"
)

//go:embed templates
var templates embed.FS

//go:embed assets
var assets embed.FS

// Layers are the kit's templates and assets, for platform/theme. Screens come
// before them.
func Layers() []fs.FS {
	kit, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return []fs.FS{kit, assets}
}
