#!/usr/bin/env bash
# Every test of the project: the workspace's own, a whole sign-up on a throw-away host, and the
# package's life on booted hosts.
# What can't run on this machine says so in one line.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $EUID == 0 ]]; then
  tests/bootstrap.sh build host mongodb
else
  echo "not root: the tests that need a host of their own say so and are not run"
fi
eval "$(tests/bootstrap.sh paths)"
if [[ -x $REGISTRAR_TEST_MONGODB_SERVER ]]; then
  export REGISTRAR_TEST_MONGODB_SERVER
else
  echo "no MongoDB-protocol server at $REGISTRAR_TEST_MONGODB_SERVER: its suite is not run (make tools)"
fi

started=$SECONDS
tests/units.sh
# The crash proof (docs/crash-proof.md) is in here too: `--all-features` builds the programs with their crash points.
cargo test --locked --workspace --all-features --no-fail-fast
tests/fuzz.sh
if [[ $EUID == 0 ]]; then
  # `cargo test` has just built both programs for the integration tests; building them by
  # themselves would compile half of the dependencies again with other features.
  tests/throwaway-host/run.sh --check
  tests/throwaway-host/run.sh --join
  tests/bootstrap.sh live browser
  tests/throwaway-host/run.sh --live
  tests/throwaway-host/run.sh --browser
  tests/bootstrap.sh contract
  tests/throwaway-host/run.sh --contract
  # Debian 12 and 13, booted: what the package is, and does, on a real host.
  # Unoptimised, which saves minutes and changes nothing that is looked at there.
  DEB_BUILD_OPTIONS=noopt make --no-print-directory host-test
  echo "make test: all tests passed, the sign-up on the throw-away host and the booted hosts included ($((SECONDS - started)) s)"
else
  echo "make test: all tests that need no root passed ($((SECONDS - started)) s); the throw-away host and the booted hosts were not run"
fi
