#!/bin/sh
# golangci-lint as .golangci.yml has it; where the module proxy does not serve
# it, staticcheck and gofumpt alone. Versions are fixed, tools are installed
# once, and a line says what was not run. With -q nothing is installed: what a
# machine has at hand is run, and golangci-lint, which reads the whole program
# anew after each change of a low package, is left to make lint.
set -u
bin="${STOA_TOOLS:-$(go env GOPATH)/bin}"
quick=0
[ "${1:-}" = -q ] && quick=1
failed=0

# tool NAME PACKAGE VERSION MODULE: finds or installs a tool; the binary carries its
# version, so an older one is replaced.
tool() {
	go version -m "$bin/$1" 2>/dev/null | grep -q "^	mod	$4	$3	" && return 0
	if [ $quick = 1 ]; then
		echo "lint: $1 $3 is not installed and was not run; make lint installs it"
		return 1
	fi
	GOBIN="$bin" go install "$2@$3" >/dev/null 2>&1 && return 0
	echo "lint: $1 $3 cannot be installed here and was not run"
	return 1
}

if [ $quick = 0 ] && tool golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint v2.15.0 github.com/golangci/golangci-lint/v2; then
	exec "$bin/golangci-lint" run --timeout 15m ./...
fi
if tool staticcheck honnef.co/go/tools/cmd/staticcheck v0.8.2 honnef.co/go/tools; then
	"$bin/staticcheck" ./... || failed=1
fi
if tool gofumpt mvdan.cc/gofumpt v0.12.0 mvdan.cc/gofumpt; then
	untidy="$("$bin/gofumpt" -l $(git ls-files '*.go'))"
	[ -z "$untidy" ] || { echo "gofumpt -w these:"; echo "$untidy"; failed=1; }
fi
exit $failed
