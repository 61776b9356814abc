package theme

import (
	"bytes"
	htmltemplate "html/template"
	"strings"
	"text/template/parse"
)

// fold writes into the templates what they would say the same way every time:
// {{t "storefront.skip"}} becomes its words, {{icon "bag"}} its markup, as they
// are escaped where they stand. That is right because the functions are pure
// and bound to one language. root has been escaped; the templates it uses are
// folded with it.
func fold(root *htmltemplate.Template) {
	for _, tmpl := range root.Templates() {
		if tmpl.Tree != nil {
			foldList(root, tmpl.Tree.Root)
		}
	}
}

func foldList(root *htmltemplate.Template, list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := make([]parse.Node, 0, len(list.Nodes))
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.IfNode:
			foldBranch(root, &n.BranchNode)
		case *parse.WithNode:
			foldBranch(root, &n.BranchNode)
		case *parse.RangeNode:
			foldBranch(root, &n.BranchNode)
		case *parse.ActionNode:
			if said, ok := alone(root, n); ok {
				nodes = appendText(nodes, &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: said})
				continue
			}
		case *parse.TextNode:
			nodes = appendText(nodes, n)
			continue
		}
		nodes = append(nodes, n)
	}
	list.Nodes = nodes
}

func foldBranch(root *htmltemplate.Template, n *parse.BranchNode) {
	foldList(root, n.List)
	foldList(root, n.ElseList)
}

// appendText adds a text, to the text before it if there is one.
func appendText(nodes []parse.Node, n *parse.TextNode) []parse.Node {
	if len(nodes) > 0 {
		if before, ok := nodes[len(nodes)-1].(*parse.TextNode); ok {
			joined := *before
			joined.Text = append(bytes.Clone(before.Text), n.Text...)
			nodes[len(nodes)-1] = &joined
			return nodes
		}
	}
	return append(nodes, n)
}

// alone is what an action writes whatever the data, if there is such a thing.
func alone(root *htmltemplate.Template, n *parse.ActionNode) ([]byte, bool) {
	if len(n.Pipe.Decl) > 0 || !constant(n.Pipe) || !escaped(n.Pipe) {
		return nil, false
	}
	whole := root.Tree.Root.Nodes
	defer func() { root.Tree.Root.Nodes = whole }()
	root.Tree.Root.Nodes = []parse.Node{n}
	var out bytes.Buffer
	if root.Execute(&out, nil) != nil {
		return nil, false // it will say so when it is asked for
	}
	return out.Bytes(), true
}

// escaped reports whether the escaper has been at a pipeline. What it has not
// been at belongs to no page.
func escaped(p *parse.PipeNode) bool {
	last := p.Cmds[len(p.Cmds)-1]
	fn, ok := last.Args[0].(*parse.IdentifierNode)
	return ok && strings.HasPrefix(fn.Ident, "_html_template_")
}

// constant reports whether a pipeline is made of literals and functions only.
func constant(p *parse.PipeNode) bool {
	same := true
	walk(p, func(n parse.Node) {
		switch n.(type) {
		case *parse.PipeNode, *parse.CommandNode, *parse.IdentifierNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode:
		default:
			same = false
		}
	})
	return same
}
