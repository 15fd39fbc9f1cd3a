# Everything that is done to this project by hand or by its continuous
# integration. Needed: Go, Node.js and make. What the targets fetch and build
# goes to bin/, data/ and .cache/, which git ignores.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
NPM ?= npm

# The database and the address of `make run`.
DATABASE ?= sqlite:data/broadsheet.db
ADDR ?= localhost:8080

# How long `make soak` takes, as Go writes durations.
DURATION ?= 10m

# Flags of the bench command: make bench BENCH='-connections 16'.
BENCH ?=

GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT := .cache/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

# Continuous integration takes no result from an earlier run.
TESTFLAGS := -timeout=20m $(if $(filter true,$(CI)),-count=1)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Serve

.PHONY: run
run: web build ## build, fill a database with the demo newsroom, and serve it
	mkdir -p data
	./bin/broadsheet serve --demo --database '$(DATABASE)' --addr '$(ADDR)'

.PHONY: build
build: ## build bin/broadsheet
	$(GO) build -o bin/broadsheet ./cmd/broadsheet

# The front ends are built again when one of their sources is newer than the last
# build. Without npm the server is built all the same, and says what is missing.
WEB_SOURCES := $(shell find web schema.graphql \( -name node_modules -o -name e2e -o -name generated \) -prune -o -type f -print 2>/dev/null)

.PHONY: web
web: ## build the browser front ends, if npm is there
	@if command -v $(NPM) >/dev/null; then \
		$(MAKE) --no-print-directory .cache/web.stamp; \
	else \
		echo 'npm not found: the news site and GraphiQL are not built. Install Node.js 20.19 or newer for them.' >&2; \
	fi

.cache/web.stamp: .cache/npm.stamp $(WEB_SOURCES)
	cd web && $(NPM) run build
	touch $@

.cache/npm.stamp: web/package.json web/package-lock.json
	cd web && $(NPM) ci --no-audit --no-fund
	mkdir -p .cache
	touch $@

## Prove

.PHONY: quick
quick: ## run the tests that need no more than Go, on SQLite alone, while you work
	$(GO) test -short -vet=off ./internal/... ./graph/...

.PHONY: test
test: postgres chromium web ## run all tests, on SQLite and on PostgreSQL, and in a browser
	$(GO) vet ./...
	$(GO) test -vet=off $(TESTFLAGS) ./...

.PHONY: race
race: postgres chromium web ## run all tests with the race detector, which needs a C compiler
	CGO_ENABLED=1 $(GO) test -race $(RACEFLAGS) -vet=off -timeout=90m $(if $(filter true,$(CI)),-count=1) ./...

# SQLite is C that was translated to Go. It guards itself, and watching its every
# access took three quarters of the time.
RACEFLAGS = -gcflags=modernc.org/...=-race=false

.PHONY: postgres
postgres: # the server binaries that tests start clusters of their own with
	@scripts/install-postgres.sh

.PHONY: chromium
chromium: # the browser that an editor's first story is told in
	@scripts/install-chromium.sh

.PHONY: soak
soak: postgres ## run the long forms of the proofs and the fuzzers for DURATION=10m
	GO=$(GO) scripts/soak.sh $(DURATION)

.PHONY: bench
bench: postgres ## measure the headline operations beside hand-written SQL
	$(GO) run ./internal/tool/bench $(BENCH)

.PHONY: bench-related
bench-related: ## measure how good and how fast related articles are
	$(GO) run ./internal/tool/bench related $(BENCH)

## Release

.PHONY: release
release: web ## build the archives of a release into dist/: make release VERSION=1.2.3
	GO=$(GO) NPM=$(NPM) scripts/release.sh '$(VERSION)' dist

.PHONY: release-check
release-check: web ## build a release twice, in folders and caches of their own, and compare
	GO=$(GO) NPM=$(NPM) scripts/release-check.sh

## Keep in order

.PHONY: generate
generate: ## write the generated code anew: ent/ and graph/
	GO=$(GO) scripts/generate.sh

.PHONY: verify
verify: ## fail if anything generated, formatted or required is not as committed
	GO=$(GO) scripts/verify.sh

.PHONY: lint
lint: $(GOLANGCI_LINT) ## run the linters, and the type checker of the front ends if npm is there
	$(GOLANGCI_LINT) run --timeout=15m ./...
	@if command -v $(NPM) >/dev/null; then \
		$(MAKE) --no-print-directory .cache/npm.stamp && cd web && $(NPM) run typecheck; \
	fi

# Built by the Go at hand, so that it knows the language this module is written in.
$(GOLANGCI_LINT):
	mkdir -p .cache/bin
	GOBIN=$(CURDIR)/.cache/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv .cache/bin/golangci-lint $@
