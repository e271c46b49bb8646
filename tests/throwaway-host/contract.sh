#!/usr/bin/env bash
# The API against its own description, on the running throw-away host: schemathesis makes requests
# from /api/openapi.json, good and bad ones, and every answer must be one that the document has, and
# none a 5xx. Not the stream of live events, which has no end. Three times: as nobody, as a member, and with the admin token.
#
# CONTRACT_EXAMPLES (12) is how many requests of each kind are made for a route.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly WEB="http://127.0.0.1:$WEB_PORT" NAME=ada ADDRESS="ada@$OUTSIDE" PASSWORD="Engine-No-9 weaves algebra"
readonly WORK=/run/throwaway/contract
fail() { echo "contract: FAILED: $*" >&2; exit 1; }
# shellcheck source=person.sh
source "$here/person.sh"

mkdir -p -m 0700 "$WORK"
ssh-keygen -q -t ed25519 -N "" -f "$WORK/key"
register displayName Ada >/dev/null
follow_until VERIFICATION_SENT >/dev/null
find_mail "$TOKEN"
verify_address "$(verification_token)" >/dev/null
follow_until VERIFIED >/dev/null

log_in() {
  get "$WEB/api/auth/login" -H 'Content-Type: application/json' \
    --data-binary "{\"username\":\"$NAME\",\"password\":\"$PASSWORD\"}" | value accessToken
}

# against WHO [curl-like header]: a run of its own, with what it found on failure.
against() {
  local who="$1" started=$SECONDS
  shift
  if ! "$SCHEMATHESIS" run "$WEB/api/openapi.json" --no-color --seed 7 --generation-deterministic \
    --phases examples,coverage,fuzzing --max-examples "${CONTRACT_EXAMPLES:-12}" --suppress-health-check all \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
    --exclude-path /api/events --request-timeout 30 --warnings off "$@" >"$WORK/said" 2>&1; then
    cat "$WORK/said"
    fail "as $who, the API answers otherwise than its description says"
  fi
  grep -E 'Test cases|test cases' "$WORK/said" | head -n 1 | sed "s/^ */contract: as $who: /" || true
  echo "contract: as $who: no 5xx, no answer that is not in the document ($((SECONDS - started)) s)"
}
against nobody
against "a member" --header "Authorization: Bearer $(log_in)"
against "an admin" --header "Authorization: Bearer $(cat /etc/registrar/admin.token)"
