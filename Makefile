# All tasks of this repository, by name. `make` alone lists them.
#
# Needs Rust (rustup reads rust-toolchain.toml), Go, git and Linux. Nothing needs root, except the tests on a real node, which
# are skipped without it: see e2e/README.md.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/trimtab

# Cargo builds into target/ of the checkout. Under CI=true it builds into the user's cache, keyed by the files that determine
# the dependencies, so that a fresh clone builds only its own code.
ifeq ($(CI),true)
ifndef CARGO_TARGET_DIR
export CARGO_TARGET_DIR := $(CACHE)/target-$(shell cat Cargo.lock rust-toolchain.toml Cargo.toml | sha256sum | cut -c1-16)
$(shell mkdir -p "$(CARGO_TARGET_DIR)" && touch "$(CARGO_TARGET_DIR)")
endif
export CARGO_INCREMENTAL ?= 0
# Nobody looks at a backtrace there: less to write, and less to link into each test program.
export CARGO_PROFILE_DEV_DEBUG ?= 0
export CARGO_TERM_COLOR ?= never
endif
BUILT := $(or $(CARGO_TARGET_DIR),target)

# How many tests of one test program run in parallel. A control plane with nodes and a Prometheus takes 0.6 GB and keeps a core busy.
TEST_THREADS ?= 3
# Where `make bench` finds recorded series: a directory with index.csv and NAME.csv.gz.
SERIES ?=
# `make demo CHECK=1` checks what it shows, and exits.
CHECK ?=
# The version that `make release` is asked for.
VERSION ?=
# What `make book` installs where there is no mdbook on PATH.
MDBOOK := 0.5.4
# The Kubernetes versions that `make test-versions` is asked for; all without it.
VERSIONS ?=
# What `make fuzz` fuzzes (a name in fuzz/fuzz_targets), and for how long.
TARGET ?=
SECONDS ?= 60

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Try it

.PHONY: demo
demo: need-cargo plane prometheus helm ## A real API server and Prometheus, and Trimtab on both, installed with the chart; CHECK=1 checks and exits, SERIES=DIR plays recorded series
	@cargo build --locked -p trimtab -p trimtab-demo
	@"$(BUILT)/debug/trimtab-demo" $(if $(filter-out 0 no false,$(CHECK)),--check) $(if $(SERIES),--series "$(SERIES)") $(DEMO_ARGS)

##@ Work on it

CHECKS := lint deny test-go test-gitops test-chart test-rust

.PHONY: test
test: ## All checks: format, clippy, licences, Go tests, unit tests, end-to-end tests, and the seconds of each
	@began=$$SECONDS; status=0; times=; \
	for check in $(CHECKS); do \
	  from=$$SECONDS; $(MAKE) "$$check" || status=$$?; \
	  times+=$$(printf '%6d s  %s' $$((SECONDS - from)) "$$check")$$'\n'; \
	  [ $$status = 0 ] || { echo "make test: $$check failed" >&2; break; }; \
	done; \
	printf '\n%s%6d s  in all\n' "$$times" $$((SECONDS - began)); exit $$status

# One build for unit and end-to-end tests: two builds would select different features of dependencies and build them twice. The
# program under test is built with them, because its own package has tests. What needs no cluster runs beside what does. A larger
# heap for the control planes, which are written in Go: a fifth of all processor time.
TRIPLE = $(shell rustc -vV | awk '/^host:/ { print toupper($$2) }' | tr - _)
.PHONY: test-rust
test-rust: need-cargo plane prometheus helm real-node ## Unit tests and end-to-end tests against a real API server and Prometheus
	@logs=$$(mktemp -d); began=$$SECONDS; status=0; beside=; \
	trap '[ -z "$$beside" ] || kill "$$beside" 2>/dev/null || true; rm -rf "$$logs"' EXIT; \
	cargo test --locked --workspace --no-run; \
	CARGO_TARGET_$(TRIPLE)_RUNNER="$(CURDIR)/e2e/beside.sh" cargo test --locked --workspace --no-fail-fast >"$$logs/others" 2>&1 & beside=$$!; \
	GOGC=400 TRIMTAB_BIN="$(abspath $(BUILT))/debug/trimtab" RUST_TEST_THREADS=$(TEST_THREADS) \
	  cargo test --locked --workspace --no-fail-fast --test e2e 2>&1 | tee "$$logs/e2e" || status=$$?; \
	wait "$$beside" || status=$$?; beside=; cat "$$logs/others"; \
	awk -v seconds=$$((SECONDS - began)) -f e2e/summary.awk "$$logs/others" "$$logs/e2e"; \
	exit $$status

.PHONY: test-unit
test-unit: need-cargo ## Tests that need no cluster
	@cargo test --locked --workspace --exclude trimtab-e2e

# Not in `make test`: the first run builds control planes for half an hour. VERSIONS='1.34.4 emulated' for some alone.
.PHONY: test-versions
test-versions: need-cargo need-go plane prometheus ## The short suite on real control planes of all Kubernetes versions that are supported, and the table of docs/support.md
	@cargo build --locked -p trimtab
	@cargo test --locked --workspace --no-run
	@TRIMTAB_BIN="$(abspath $(BUILT))/debug/trimtab" e2e/versions.sh $(VERSIONS)

# Compiled as the test bed is, whose packages are then not compiled twice.
test-go: export CGO_ENABLED := 0
test-go: export GOGC := 400
test-go: export GOFLAGS := -trimpath -tags=grpcnotrace -gcflags=all=-dwarf=false
.PHONY: test-go
test-go: need-go ## Format and tests of the test bed's Go modules
	@unformatted=$$(gofmt -l e2e/plane e2e/node e2e/gitops e2e/crds image/pack); [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	@cd e2e/plane && go test ./backfill/...
	@cd e2e/node/burn && go vet .
	@cd image/pack && go vet . && go test .

# Not in `make test`: no test uses them yet, and the first run takes some minutes.
.PHONY: test-crds
test-crds: need-go ## The CRDs of other projects that remediation actions touch: made from their own modules, and checked
	@cd e2e/crds && CRDS="$$(../crds.sh)" go test .

.PHONY: test-gitops
test-gitops: need-go ## What Argo CD's and Flux's own code says about Trimtab's objects
	@cd e2e/gitops && "$$(../gitops.sh)"

# Clippy checks what the compiler compiles, and then all is compiled again for the tests: some five minutes on two cores. Clippy's
# driver is a compiler as well, so under CI=true one build is linted and tested. Nothing that is shipped is built with it.
ifeq ($(CI),true)
lint test-rust: export RUSTC_WORKSPACE_WRAPPER := clippy-driver
lint test-rust: export RUSTFLAGS := -D warnings
LINT := cargo build --locked --workspace --all-targets
else
LINT := cargo clippy --locked --workspace --all-targets -- -D warnings
endif
.PHONY: lint
lint: need-cargo ## Format and clippy, warnings are errors
	@cargo fmt --all --check
	@$(LINT)

.PHONY: fmt
fmt: need-cargo ## Format everything
	@cargo fmt --all
	@if command -v gofmt >/dev/null; then gofmt -w e2e/plane e2e/node e2e/gitops e2e/crds image/pack; fi

# A test of the workspace (operators/manager/tests/dependencies.rs) checks the licences, sources and bans of deny.toml.
# cargo-deny adds the advisories, where it is installed and has their database.
.PHONY: deny
deny: need-cargo ## Advisories, with cargo-deny where it is installed; says whether they were checked
	@.ci/deny

.PHONY: crds
crds: need-cargo ## Generate crds/ from the Rust types
	@cargo run --locked --quiet -p trimtab -- crds --output crds
	@cargo run --locked --quiet -p trimtab -- crds --before-1.34 --output deploy/crds-before-1.34

.PHONY: manifests
manifests: need-go ## Render deploy/, the kustomize base and dist/install.yaml from the chart, and its copies of crds/ and policies/
	@HELM="$$(e2e/helm.sh)/helm" charts/render.sh

.PHONY: test-chart
test-chart: need-go ## The chart: lint, unit tests, and that everything made from it is up to date
	@tools=$$(e2e/helm.sh); HELM="$$tools/helm" charts/render.sh --check; \
	"$$tools/helm" lint --strict charts/trimtab; \
	"$$tools/helm-unittest" charts/trimtab

# Helm 4 takes some minutes to build, and `make test` does without it.
.PHONY: test-helm4
test-helm4: need-cargo need-go plane ## The end-to-end tests of the chart with Helm 4
	@directory=$$(e2e/helm.sh 4); HELM_DIR="$$directory" RUST_TEST_THREADS=$(TEST_THREADS) cargo test --locked --workspace --test e2e chart::

.PHONY: bench
bench: need-cargo plane prometheus ## Quality, speed and size beside the references; SERIES='DIR …' for quality
	@cargo build --locked --release -p trimtab -p trimtab-bench
	@if [ -n "$(SERIES)" ]; then "$(BUILT)/release/trimtab-bench" quality $(foreach directory,$(SERIES),--series "$(directory)"); \
	else echo "quality: skipped, because SERIES='DIR …' names no recorded series"; fi
	@"$(BUILT)/release/trimtab-bench" speed $(BENCH_ARGS)
	@"$(BUILT)/release/trimtab-bench" rollout $(ROLLOUT_ARGS)

.PHONY: torture
torture: need-cargo plane prometheus ## 100,000 hostile worlds for advice, millions of states of the machines, then rollouts under faults at every write; TORTURE_ARGS='--sample 30'
	@HOSTILE_WORLDS=100000 cargo test --locked -p trimtab-optimization-policy --lib hostile_tests
	@cargo test --locked -p trimtab-rollout -p trimtab-remediation --test model -- --ignored
	@cargo build --locked -p trimtab -p trimtab-torture
	@TRIMTAB_BIN="$(abspath $(BUILT))/debug/trimtab" "$(BUILT)/debug/trimtab-torture" --logs "$(BUILT)/torture" $(TORTURE_ARGS)

.PHONY: fuzz
fuzz: need-cargo ## Fuzz one kind of input from fuzz/corpus, with a nightly compiler and cargo-fuzz; TARGET=quantities SECONDS=60
	@fuzz/run.sh "$(TARGET)" "$(SECONDS)"

##@ Ship it

.PHONY: image
image: need-cargo need-go ## Build the image for amd64 and arm64 into target/image, without a container engine, and check it
	@image/build.sh
	@image/check.sh

.PHONY: image-reproducible
image-reproducible: need-cargo need-go ## Build the image again in another folder, and compare every byte
	@image/reproducible.sh

.PHONY: release
release: need-cargo need-go ## Everything that a release consists of, into dist/, and install the plugin from it; VERSION=0.2.0
	@[ -n "$(VERSION)" ] || { echo "make release VERSION=0.2.0: the version of Cargo.toml" >&2; exit 2; }
	@image/release.sh "$(VERSION)"
	@image/krew.sh

# In the pages of the book, `../` leads out of docs/, from runbooks/ `../../`. mdbook takes what is there for pages of its own; here
# such links are made to lead into the checkout.
.PHONY: book
book: need-cargo ## The documentation as a web site, in target/book; takes mdbook from PATH, or builds it once into the user's cache
	@mdbook=$$(command -v mdbook || echo "$(CACHE)/mdbook-$(MDBOOK)/bin/mdbook"); \
	if [ ! -x "$$mdbook" ]; then \
	  echo "building mdbook $(MDBOOK) into $(CACHE), which takes some minutes" >&2; \
	  CARGO_TARGET_DIR="$(CACHE)/mdbook-$(MDBOOK)/build" \
	    cargo install --quiet --locked --root "$(CACHE)/mdbook-$(MDBOOK)" --version $(MDBOOK) mdbook; \
	  rm -rf "$(CACHE)/mdbook-$(MDBOOK)/build"; \
	fi; \
	"$$mdbook" build
	@for pages in . runbooks; do \
	  up=$$([ $$pages = . ] || echo ../); \
	  sed -i -E -e "s,href=\"$$up\.\./([^\"#]*)\.html,href=\"$$up../../\1.md,g" \
	    -e "s,href=\"$$up\.\./([^.\"]),href=\"$$up../../\1,g" target/book/$$pages/*.html; \
	done
	@echo target/book/index.html

##@ The test bed

.PHONY: plane
plane: need-go ## Build the control plane into the user's cache, unless it is there
	@e2e/build.sh

.PHONY: prometheus
prometheus: ## Find Prometheus, or unpack the distribution's package into the user's cache
	@e2e/prometheus.sh

.PHONY: helm
helm: need-go ## Build Helm, which installs the chart in tests and in the demo, unless it is there
	@e2e/helm.sh

.PHONY: real-node
real-node: ## Find containerd and runc, or unpack the distribution's packages; where no node can run, say why
	@e2e/node.sh || [ $$? = 3 ] # 3: not possible on this machine; the tests that need it report that they are skipped

.PHONY: clean-cache
clean-cache: ## Remove what was built into the user's cache
	@rm -rf "$(CACHE)"/target-* "$(CACHE)"/plane-* "$(CACHE)"/vpa-* "$(CACHE)"/node-* "$(CACHE)"/gitops-* "$(CACHE)"/crds-* "$(CACHE)"/helm-* "$(CACHE)"/cargo-deny-* "$(CACHE)"/prometheus "$(CACHE)"/image-tools-* "$(CACHE)"/qemu "$(CACHE)"/mdbook-*
	@echo "removed what was built into $(CACHE)"

.PHONY: need-cargo need-go
need-cargo:
	@command -v cargo >/dev/null || { echo "Rust is needed, and 'cargo' is not on PATH: https://rustup.rs" >&2; exit 1; }
need-go:
	@command -v go >/dev/null || { echo "Go is needed, and 'go' is not on PATH: https://go.dev/doc/install" >&2; exit 1; }
