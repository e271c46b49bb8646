#!/usr/bin/env bash
# Live events on the running throw-away host: makes two members, and has tests/live/live.cjs listen
# with the real Socket.IO client from npm.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly WEB="http://127.0.0.1:$WEB_PORT" PASSWORD="Engine-No-9 weaves algebra"
readonly WORK=/run/throwaway/live
fail() { echo "live: FAILED: $*" >&2; exit 1; }

mkdir -p -m 0700 "$WORK"
ssh-keygen -q -t ed25519 -N "" -f "$WORK/key"

# Each in a shell of its own, as what a person is called does not change.
become_member() (
  NAME="$1" ADDRESS="$1@$OUTSIDE"
  # shellcheck source=person.sh
  source "$here/person.sh"
  register displayName "$1" >/dev/null
  follow_until VERIFICATION_SENT >/dev/null
  find_mail "$TOKEN"
  verify_address "$(verification_token)" >/dev/null
  follow_until VERIFIED >/dev/null
)
become_member eve
become_member ada

readonly ADMIN_TOKEN_FILE=/etc/registrar/admin.token
admin() {
  curl -fsS -o "$WORK/answer" -H "Authorization: Bearer $(cat "$ADMIN_TOKEN_FILE")" -H 'Content-Type: application/json' "$@" ||
    fail "an admin was refused: $*"
}
admin "$WEB/api/users?q=eve"
id="$(perl -0777 -ne 'print $1 if /"id":"([0-9a-f-]{36})"/' "$WORK/answer")"
admin "$WEB/api/users/$id/role" --data-binary '{"role":"operator"}'

export WEB PASSWORD OUTBOX OUTSIDE ADMIN_TOKEN_FILE SHOW_MAIL="$here/show-mail.pl"
node "$here/../live/live.cjs" || fail "see above"
echo "live: Socket.IO by websocket and polling, and server-sent events: all is heard by whom it is for"
