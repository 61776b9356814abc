package theme

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"text/template/parse"

	"github.com/stoashop/stoa/kit/locale"
)

// builtins are the functions every Go template has.
var builtins = [...]string{
	"and", "or", "not", "len", "index", "slice", "print", "printf", "println",
	"html", "js", "urlquery", "call", "eq", "ne", "lt", "le", "gt", "ge",
}

// check walks every template and looks up what it names literally: functions,
// messages, assets and icons. It reports all that is missing at once.
func (t *Theme) check(p *locale.Printer) error {
	known := t.funcs(p, nil)
	for _, name := range builtins {
		if known[name] == nil {
			known[name] = true
		}
	}
	var errs []error
	look := func(trees map[string]*parse.Tree) {
		for _, tree := range trees {
			walk(tree.Root, func(n parse.Node) {
				if err := t.checkNode(p, known, n); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", tree.ParseName, err))
				}
			})
		}
	}
	look(t.shared)
	for _, own := range t.pages {
		look(own)
	}
	for _, m := range t.mails {
		look(m.html)
		look(m.text)
	}
	return errors.Join(errs...)
}

func (t *Theme) checkNode(p *locale.Printer, known map[string]any, n parse.Node) error {
	if id, ok := n.(*parse.IdentifierNode); ok {
		if known[id.Ident] == nil {
			return fmt.Errorf("no function %q", id.Ident)
		}
		return nil
	}
	cmd, ok := n.(*parse.CommandNode)
	if !ok || len(cmd.Args) < 2 {
		return nil
	}
	fn, ok := cmd.Args[0].(*parse.IdentifierNode)
	if !ok {
		return nil
	}
	at := 1
	if fn.Ident == "kept" {
		at = 2 // after the memo
	}
	if len(cmd.Args) <= at {
		return nil
	}
	arg, ok := cmd.Args[at].(*parse.StringNode)
	if !ok {
		return nil
	}
	var err error
	switch fn.Ident {
	case "t", "tx":
		if !p.Has(arg.Text) {
			err = fmt.Errorf("no message %s", strconv.Quote(arg.Text))
		}
	case "kept":
		if !slices.Contains(t.partials, arg.Text) {
			err = fmt.Errorf("no partial %s", strconv.Quote(arg.Text))
		}
	case "asset":
		_, err = t.assets.url(arg.Text)
	case "icon":
		_, err = t.assets.icon(arg.Text)
	}
	return err
}

// walk calls visit for n and every node below it.
func walk(n parse.Node, visit func(parse.Node)) {
	visit(n)
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			walk(c, visit)
		}
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			walk(c, visit)
		}
	case *parse.CommandNode:
		for _, c := range n.Args {
			walk(c, visit)
		}
	case *parse.ChainNode:
		walk(n.Node, visit)
	case *parse.IfNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, visit)
		}
	}
}

func walkBranch(n *parse.BranchNode, visit func(parse.Node)) {
	walk(n.Pipe, visit)
	walk(n.List, visit)
	if n.ElseList != nil {
		walk(n.ElseList, visit)
	}
}
