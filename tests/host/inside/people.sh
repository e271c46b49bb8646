#!/usr/bin/env bash
# Somebody's whole way, from the form to a mail read over ssh; then what the host has of it.
#   people.sh NAME [EARLIER…]    EARLIER members must still be able to log in
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
readonly NEW="$1"
shift

step "nothing has failed, and both services are up"
is "failed units" "" "$(systemctl --failed --no-legend --plain)"
for unit in "${UNITS[@]}"; do until_true 10 systemctl --quiet is-active "$unit"; done
until_true 10 web_is_ready

for member in "$@"; do
  step "$member of before still logs in by key and by password, and has the mail of before"
  person "$member"
  is "who is logged in by key" "$NAME" "$(by_key id -un)"
  is "who is logged in by password" "$NAME" "$(by_password id -un)"
  [[ -n "$(by_key 'find Maildir -type f -path "*/cur/*" -o -type f -path "*/new/*"')" ]] || fail "no mail"
done

step "sign-up, refusals before the proof, mail, link, ssh by key and by password, Maildir, NeoMutt"
person "$NEW"
NAME="$NEW" PASSWORD="$PASSWORD" WORK="$WORK" "$inside/../../throwaway-host/check.sh" >"$WORK/log" 2>&1 </dev/null ||
  fail "$(tail -n 40 "$WORK/log")"
verification_token >"$WORK/token"

step "owners and modes are those of the table"
as_wanted() { is "$1" "$2" "$(stat -c '%U:%G %a' "$1")"; }
as_wanted "/home/$NAME" "$NAME:$NAME 711"
for directory in "" /new /cur /tmp; do as_wanted "/home/$NAME/Maildir$directory" "$NAME:$NAME 700"; done
as_wanted "/home/$NAME/.neomuttrc" "$NAME:$NAME 600"
as_wanted "/home/$NAME/public" "$NAME:$NAME 755"
as_wanted "/etc/ssh/registrar_keys/$NAME" "root:root 644"
as_wanted /var/lib/provisiond "root:root 700"
as_wanted /var/lib/registrar-web "registrar-web:registrar-web 700"
for file in $(cd /etc/skel && find . -type f); do
  is "owner of $file" "$NAME:$NAME" "$(stat -c %U:%G "/home/$NAME/$file")"
  cmp -s "/etc/skel/$file" "/home/$NAME/$file" || fail "$file differs from /etc/skel"
done
is "files in the home that are not $NAME's" "" "$(find "/home/$NAME" ! -user "$NAME" -o ! -group "$NAME")"
is "the password's form" '$2b$12$' "$(getent shadow "$NAME" | cut -d: -f2 | cut -c1-7)"

step "journald finds the request in both services, and the registration by its fields"
# units_of FILTER…: which units have messages of that filter.
units_of() { journalctl -q -o json "$@" | grep -oE '"_SYSTEMD_UNIT":"[^"]*"' | sort -u | cut -d'"' -f4 | tr '\n' ' ' || true; }
readonly BOTH="provisiond.service registrar-web.service "
is "units that know USERNAME=$NAME" "$BOTH" "$(units_of "USERNAME=$NAME")"
registration="$(journalctl -q -o json "USERNAME=$NAME" -u registrar-web | grep -oE '"REGISTRATION_ID":"[^"]*"' | head -n 1 | cut -d'"' -f4)"
[[ -n $registration ]] || fail "no REGISTRATION_ID"
is "units that know REGISTRATION_ID" "$BOTH" "$(units_of "REGISTRATION_ID=$registration")"
for status in SYSTEM_USER_CREATED MAIL_CONFIGURED VERIFICATION_SENT VERIFIED; do
  is "units that know STEP=$status" "registrar-web.service " "$(units_of "STEP=$status" "REGISTRATION_ID=$registration")"
done
[[ -n "$(journalctl -q "USERNAME=$NAME" _SYSTEMD_UNIT=provisiond.service -o json | grep -o '"STEP":"[^"]*"')" ]] || fail "provisiond names no STEP"
# What the saga asks provisiond has an id of its own, the same however often it is asked again.
for method in CreateAccount ConfigureMail ActivateAccount ProveAccount; do
  request="$(journalctl -q -o json "USERNAME=$NAME" _SYSTEMD_UNIT=provisiond.service METHOD="$method" | grep -oE '"REQUEST_ID":"[^"]*"' | head -n 1 | cut -d'"' -f4)"
  [[ -n $request ]] || fail "no REQUEST_ID of $method"
  is "units that know the REQUEST_ID of $method" "$BOTH" "$(units_of "REQUEST_ID=$request")"
done
# The welcome came (check.sh) because of this.
proof="$(journalctl -q "USERNAME=$NAME" _SYSTEMD_UNIT=provisiond.service METHOD=ProveAccount -o cat | grep -F 'answered,' | tail -n 1)"
is "what was found" "3" "$(grep -oE '(login|mailbox|neomutt) ok' <<<"$proof" | wc -l)"
# The id that a browser sent.
request="$(uuid)"
curl -sS -o /dev/null -H "X-Request-Id: $request" "$WEB/api/auth/status/registration/$NAME"
# It is written down while the answer is on its way.
is_written_down() { [[ "$(units_of "REQUEST_ID=$request")" == "registrar-web.service " ]]; }
until_true 10 is_written_down
finish
