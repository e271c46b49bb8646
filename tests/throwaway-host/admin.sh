#!/usr/bin/env bash
# The first admin of the demo: a member as all others, made super_admin, and in group registrar-admin, so
# that registrarctl works for them in an SSH session. Expects what person.sh does, and MODE.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly WEB="http://127.0.0.1:$WEB_PORT" ADDRESS="$NAME@$OUTSIDE" WORK=/run/throwaway/admin
readonly CTL=(registrarctl --web-socket=/run/registrar-web/admin.sock)
PATH="$PATH:$HOST_PROGRAMS"

fail() { echo "demo: the first admin: $*" >&2; exit 1; }
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
# shellcheck source=person.sh
source "$here/person.sh"

mkdir -p -m 0700 "$WORK"
ssh-keygen -q -t ed25519 -N "" -f "$WORK/key"
{
  register displayName "Grace Hopper"
  find_mail "$TOKEN"
  verify_address "$(verification_token)"
  [[ $MODE == open ]] || "${CTL[@]}" registrations approve "$NAME"
  follow_until VERIFIED
  "${CTL[@]}" bootstrap-admin "$NAME"
  usermod -aG registrar-admin "$NAME"
} >"$WORK/log" 2>&1 || { cat "$WORK/log" >&2; fail "not made"; }

# Not for a check: it logs in as they do.
[[ $HOST_MODE == check ]] || exit 0
echo "== the first admin uses registrarctl"
by_password bash -lc '"registrarctl users show '"$NAME"'"' | tee "$WORK/shown" | sed 's/^/   /'
grep -q 'super_admin' "$WORK/shown" || fail "registrarctl does not say super_admin"
