// Package hook gives extensions a place to stand.
package hook

import (
	"context"
	"fmt"
)

// Point is a place where extensions may look at, change or refuse what is
// about to happen. Handlers run in the order they were added, in the caller's
// goroutine and transaction; the first error stops the rest and the operation.
// Add handlers while the shop is being built; Run never locks.
type Point[T any] struct {
	handlers []handler[T]
}

type handler[T any] struct {
	name string
	fn   func(context.Context, T) error
}

// Add registers fn. The name appears in errors and on the back office's
// extensions page, so use the extension's own: "acme/loyalty".
func (p *Point[T]) Add(name string, fn func(context.Context, T) error) {
	p.handlers = append(p.handlers, handler[T]{name, fn})
}

// Run calls every handler with v.
func (p *Point[T]) Run(ctx context.Context, v T) error {
	for _, h := range p.handlers {
		if err := h.fn(ctx, v); err != nil {
			return fmt.Errorf("hook %s: %w", h.name, err)
		}
	}
	return nil
}
