# The project's commands. Each installs what it needs and the machine lacks (Debian 12 and 13).
#
#   make demo          a throw-away host on this machine; Ctrl-C ends it and leaves nothing
#   make demo CHECK=1  the same, with a whole sign-up done by itself
#   make test          every test
#   make bench         the measurements, as ratios
#   make lint          format, clippy, licences and sources of the dependencies
#   make build         the two programs, optimised
#   make tools         what the tests need beside the compiler

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: demo test bench build lint tools

# rustup's place, for shells that were opened before rustup was installed.
export PATH := $(HOME)/.cargo/bin:$(PATH)
BOOTSTRAP := tests/bootstrap.sh
CARGO := cargo

# The demo takes the programs that the tests built: same profile, same features.
demo:
	@$(BOOTSTRAP) build host
	@$(CARGO) build --quiet --locked --workspace --bins --all-features
	@tests/throwaway-host/run.sh $(if $(CHECK),--check)

test:
	@tests/run-all.sh

bench:
	@$(BOOTSTRAP) build host
	$(CARGO) bench --locked --workspace --all-features --bench '*'

build:
	@$(BOOTSTRAP) build
	$(CARGO) build --locked --release --workspace --bins

lint:
	@$(BOOTSTRAP) build deny
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	@eval "$$($(BOOTSTRAP) paths)" && "$$CARGO_DENY" --log-level error check bans licenses sources

tools:
	@$(BOOTSTRAP) build host mongodb deny
