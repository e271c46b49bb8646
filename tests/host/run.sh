#!/usr/bin/env bash
# The package on booted Debian hosts, from its installation to its purge.
#
#   tests/host/run.sh                     Debian 12 and Debian 13, at the same time
#   tests/host/run.sh bookworm|trixie…    these
#   tests/host/run.sh --keep SUITE        leaves the host up after a failure (tests/host/machine.sh)
#
# HOST_PACKAGE names the .deb; otherwise the newest in target/debian (`make deb`). HOST_FIRST_UID gives
# members other uids than the package does, where something else on this machine ends processes of those.
# Each phase is a script of inside/, run by the host's own systemd; each prints its steps with ok, or
# FAILED and why.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
keep=""
if [[ ${1:-} == --keep ]]; then keep=1; shift; fi
suites=("$@")
((${#suites[@]})) || suites=(bookworm trixie)
for suite in "${suites[@]}"; do
  [[ $suite == bookworm || $suite == trixie ]] || { echo "host: unknown suite: $suite" >&2; exit 1; }
done

die() { echo "host: $*" >&2; exit 1; }
[[ $EUID == 0 ]] || die "booting a host needs root: run it as root (sudo make host-test)"
package="${HOST_PACKAGE:-$(ls -t "$root"/target/debian/cosmic-registrar_*.deb 2>/dev/null | head -n 1)}"
[[ -f $package ]] || die "no package: make deb"

# HOST_NAME, where set, goes in front of the suite: two hosts at a time need two names.
machine() { HOST_SUITE="$suite" HOST_NAME="${HOST_NAME:+$HOST_NAME-}$suite" "$here/machine.sh" "$@"; }
# Hosts go with this script, however it ends; what waits for one ends then, too.
end() {
  local status=$? of
  for of in "${!lives[@]}"; do
    kill -0 "${lives[$of]}" 2>/dev/null || continue
    suite="$of" machine down || true
    wait "${lives[$of]}" || true
  done
  exit "$status"
}
declare -A lives
trap end EXIT
trap 'exit 130' INT TERM

# phase SCRIPT [ARGUMENT…]
phase() {
  local started=$SECONDS
  echo
  echo "== Debian $suite: $*"
  if ! machine exec "/root/project/tests/host/inside/$1.sh" "${@:2}"; then
    echo "--- the last messages of the services" >&2
    machine exec journalctl --no-pager -q -n 40 -o short-iso -u registrar-web -u provisiond -u 'postfix*' -u ssh >&2 || true
    die "FAILED on Debian $suite in: $*"
  fi
  echo "   ($((SECONDS - started)) s)"
}

whole_life() {
  machine boot
  machine copy-in "$root/etc" "$root/systemd" "$root/polkit" /root/project
  machine copy-in "$here" "$root/tests/throwaway-host" /root/project/tests
  machine copy-in "$package" /root/package
  local inside
  inside="/root/package/$(basename "$package")"
  phase install "$inside" ${HOST_FIRST_UID:+"$HOST_FIRST_UID"}
  phase people ada
  machine reboot
  phase people grace ada
  phase endings begin
  phase sockets
  phase crash
  # Here as many may sign up as it takes.
  phase groups
  phase join
  phase polkit
  phase sandbox
  phase reload
  phase endings cron
  phase package upgrade "$inside"
  phase secrets
  phase package remove
}

# one SUITE: its whole life, then the host's end.
one() {
  suite="$1" SECONDS=0
  # shellcheck disable=SC2154
  trap 'status=$?; { ((status != 0)) && [[ -n $keep ]]; } || machine down || true; exit $status' EXIT
  whole_life
  echo
  echo "host: Debian $suite: all of it holds ($SECONDS s)"
}

# Two hosts mostly wait, each for itself. Their lines are told apart by the suite in front.
for name in "${suites[@]}"; do
  (one "$name") > >(if ((${#suites[@]} > 1)); then exec sed -u "s/^/$name: /"; else exec cat; fi) 2>&1 </dev/null &
  lives[$name]=$!
done
failed=()
for name in "${suites[@]}"; do
  wait "${lives[$name]}" || failed+=("$name")
  unset "lives[$name]"
done
((${#failed[@]} == 0)) || die "FAILED: ${failed[*]}"
echo "host: ${suites[*]}: passed in $SECONDS s"
