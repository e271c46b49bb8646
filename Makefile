# The project's commands. Each installs what it needs and the machine lacks (Debian 12 and 13).
#
#   make demo          a throw-away host on this machine; Ctrl-C ends it and leaves nothing
#   make demo CHECK=1  the same, with a whole sign-up done by itself
#   make test          every test
#   make host-test     the package on booted Debian 12 and 13 hosts, as root (SUITE=bookworm: one)
#   make bench         the measurements, as ratios
#   make screenshots   the pictures of docs/tour.md anew, as root
#   make fuzz          the fuzz targets, FUZZ_SECONDS each
#   make lint          format, clippy, licences and sources of the dependencies
#   make build         the programs, optimised
#   make deb           the Debian package, in target/debian/
#   make tools         what the tests need beside the compiler

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: demo test host-test bench build deb fuzz lint screenshots tools

# rustup's place, for shells that were opened before rustup was installed.
export PATH := $(HOME)/.cargo/bin:$(PATH)
BOOTSTRAP := tests/bootstrap.sh
CARGO := cargo

# Same profile and features as the tests, so that most of what one builds serves the other.
demo:
	@$(BOOTSTRAP) build host
	@$(CARGO) build --locked --workspace --bins --all-features
	@tests/throwaway-host/run.sh $(if $(CHECK),--check)

test:
	@tests/run-all.sh

host-test: deb
	@$(BOOTSTRAP) nspawn
	@tests/host/run.sh $(SUITE)

bench:
	@$(BOOTSTRAP) build host
	$(CARGO) build --locked --release --workspace --bins
	@tests/throwaway-host/run.sh --bench
	@BENCH_AT_ONCE=32,64 BENCH_ACCOUNTS=1000 tests/throwaway-host/run.sh --bench
	@BENCH_AT_ONCE=32,64 BENCH_ACCOUNTS=1000 BENCH_WRITER=direct tests/throwaway-host/run.sh --bench
	@BENCH_AT_ONCE=32,64 BENCH_ACCOUNTS=10000 BENCH_WRITER=direct tests/throwaway-host/run.sh --bench
	@BENCH_AT_ONCE=32 BENCH_ACCOUNTS=10000 tests/throwaway-host/run.sh --bench
	$(CARGO) bench --quiet --locked -p provisiond --bench create_account
	$(CARGO) bench --quiet --locked -p registrar-web --bench logins

screenshots:
	@$(BOOTSTRAP) build host browser screenshots
	@$(CARGO) build --locked --workspace --bins --all-features
	@tests/throwaway-host/run.sh --screenshots

build:
	@$(BOOTSTRAP) build
	$(CARGO) build --locked --release -p provisiond -p registrar-web -p registrarctl -p registrar-join --bins

fuzz:
	@$(BOOTSTRAP) build fuzz
	@tests/fuzz.sh
deb:
	@$(BOOTSTRAP) build deb
	dpkg-checkbuilddeps
	mkdir -p target/debian
	# What an interrupted run left would be taken for done.
	debian/rules clean
	DEB_RULES_REQUIRES_ROOT=no debian/rules binary
	debian/rules clean
	@ls target/debian/*.deb

lint:
	@$(BOOTSTRAP) build deny
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	@eval "$$($(BOOTSTRAP) paths)" && "$$CARGO_DENY" --log-level error check bans licenses sources

tools:
	@$(BOOTSTRAP) build host mongodb deny fuzz
