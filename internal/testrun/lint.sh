#!/bin/sh
# staticcheck and gofumpt, at fixed versions, where the module proxy serves
# them; where it does not, a line says which one was not run.
set -u
bin="${STOA_TOOLS:-$(go env GOPATH)/bin}"
failed=0

# tool NAME PACKAGE VERSION MODULE: finds or installs a tool; the binary carries its
# version, so an older one is replaced.
tool() {
	go version -m "$bin/$1" 2>/dev/null | grep -q "^	mod	$4	$3	" && return 0
	GOBIN="$bin" go install "$2@$3" >/dev/null 2>&1 && return 0
	echo "lint: $1 $3 cannot be installed here and was not run"
	return 1
}

if tool staticcheck honnef.co/go/tools/cmd/staticcheck v0.8.2 honnef.co/go/tools; then
	"$bin/staticcheck" ./... || failed=1
fi
if tool gofumpt mvdan.cc/gofumpt v0.12.0 mvdan.cc/gofumpt; then
	untidy="$("$bin/gofumpt" -l $(git ls-files '*.go'))"
	[ -z "$untidy" ] || { echo "gofumpt -w these:"; echo "$untidy"; failed=1; }
fi
exit $failed
