#!/usr/bin/env bash
# What can be said of the units without starting them: that systemd understands every line, that
# the sandboxes are as tight as promised, and that the rules for polkit are the ES5 that its engine
# takes. Needs systemd's tools, not systemd as PID 1.
set -euo pipefail
cd "$(dirname "$0")/.."

# Exposure by systemd-analyze, times ten: 15 is 1.5 (docs/decisions/0013-units.md).
readonly MOST_PROVISIOND=15 MOST_WEB=9

command -v systemd-analyze >/dev/null || { echo "units: systemd-analyze is missing; the units are not judged"; exit 0; }

failed=0
fail() { echo "units: $*" >&2; failed=1; }

place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
cp systemd/*.service systemd/*.socket systemd/examples/*.socket "$place/"
# The programs of ExecStart= are not installed here; any that can be run will do.
sed -i -E 's#/usr/sbin/(provisiond|registrar-web)#/bin/true#' "$place"/*.service

# verify prints what it does not understand and yet may exit with 0.
said="$(cd "$place" && systemd-analyze verify --man=no ./*.service ./*.socket 2>&1)" || fail "systemd-analyze verify failed"
[[ -z "$(grep -F "$place/" <<<"$said")" ]] || fail "systemd-analyze verify says:"$'\n'"$said"

security() {
  systemd-analyze security --offline=true --no-pager --threshold="$2" "systemd/$1" >"$place/said" 2>&1 ||
    fail "$1 is more exposed than $(bc <<<"scale=1; $2/10" 2>/dev/null || echo "$2/10"): $(tail -1 "$place/said")"
}
security provisiond.service $MOST_PROVISIOND
security registrar-web.service $MOST_WEB

# Every unit that the rules name is shipped, and every unit that is shipped is named.
named="$(grep -oE '"[a-z-]+\.(service|socket)"' polkit/50-cosmic-registrar.rules | tr -d '"' | sort)"
shipped="$(cd systemd && ls ./*.service ./*.socket | sed 's#^\./##' | sort)"
[[ "$named" == "$shipped" ]] || fail "polkit's rules name: ${named//$'\n'/ }; shipped are: ${shipped//$'\n'/ }"

# A home that it can write is a way out of the sandbox: .forward, .ssh/authorized_keys.
grep -qE '^u registrar-web - ".*" /var/spool/registrar-web$' systemd/cosmic-registrar.sysusers &&
  grep -qx 'd /var/spool/registrar-web 0755 root root -' systemd/cosmic-registrar.tmpfiles ||
  fail "registrar-web has a home that it may write"

((failed == 0)) && echo "units: $(wc -l <<<"$shipped") units understood; sandboxes within $MOST_PROVISIOND and $MOST_WEB tenths"
exit "$failed"
