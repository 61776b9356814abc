# Everything a person needs to build, try and check Stoa.
export CGO_ENABLED = 0
GO ?= go

.PHONY: run build test check lint bench race golden sim screenshots fuzz clean help

run: build ## open the demo shop on http://localhost:8080
	./bin/stoa demo

build: ## the program, in bin/stoa
	$(GO) build -trimpath -o bin/stoa ./cmd/stoa

test: packages check ## everything: vet, format, floors, tests on both engines
	$(GO) run ./internal/testrun

packages: ## PostgreSQL and Chromium, from Debian's packages
	@./internal/testrun/packages.sh

check: ## what needs no database: format, vet, the floors, the linters that are installed
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt these:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) test ./internal/arch
	@./internal/testrun/lint.sh -q

lint: ## golangci-lint, or staticcheck and gofumpt where it cannot be installed
	@./internal/testrun/lint.sh

bench: ## speed, each figure beside its limit in the same run
	$(GO) run ./bench

race: ## the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -p 1 ./...

golden: ## write the golden files anew, to be read as a diff
	STOA_GOLDEN=1 $(GO) test . ./migrations/... ./ops/transfer ./internal/teeth

sim: build ## ten thousand stories of shoppers, banks and crashes; every promise checked
	./bin/stoa sim --runs 10000

screenshots: ## every page and state at three sizes, light and dark, in screenshots/
	STOA_SCREENSHOTS=$(CURDIR)/screenshots $(GO) test -count=1 -timeout 20m -run 'Screenshots' ./storefront/... ./admin/... ./stoatest/...

fuzz: ## ten minutes of fuzzing for each parser
	$(GO) run ./internal/testrun -fuzz 10m

clean:
	rm -rf bin screenshots

help:
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
