package image

import stdimage "image"

// Resize lets the tests look at pixels before a file format rounds them.
func Resize(img stdimage.Image, w, h int) *stdimage.RGBA { return load(img, 1).resize(w, h).rgba }

// Shrink is the averaging of k × k pixels.
func Shrink(img stdimage.Image, k int) *stdimage.RGBA { return load(img, k).rgba }
