#!/usr/bin/env bash
# SIGKILL for both services while several people sign up; everybody is served, nothing is left over.
#   crash.sh [PREFIX]   of their names
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
readonly PEOPLE=("${1:-kill}"{a,b,c,d,e,f})

# As people who press the button again when no page comes, or none but an error.
status_is() { [[ "$(curl -sS "$WEB/api/auth/status/registration/$NAME" | value status)" == "$1" ]]; }
is_proven() {
  (verify_address "$(cat "$WORK/token")") >"$WORK/answer" 2>&1 || true
  status_is VERIFIED
}
one_person() {
  person "$1"
  register displayName "$NAME" >/dev/null
  touch "$WORK/taken-in"
  # A step that was killed at work is taken up when its lease has run out, after one minute; a mail
  # after two.
  until_true 150 status_is VERIFICATION_SENT
  find_mail "$TOKEN"
  verification_token >"$WORK/token"
  until_true 150 is_proven
}

step "more sign-ups in an hour than one address may otherwise do"
set_in "$WEB_TOML" registrations 500
set_in "$WEB_TOML" requests 100000
systemctl restart registrar-web.service
until_true 10 web_is_ready

step "${#PEOPLE[@]} people sign up while both services are killed, again and again"
workers=()
for name in "${PEOPLE[@]}"; do
  (trap - EXIT; one_person "$name") &
  workers+=($!)
done
# A kill before the answer takes nothing from anybody: the name is free again two minutes later.
for name in "${PEOPLE[@]}"; do until_true 60 test -e "$KEPT/$name/taken-in"; done
kills=0
for round in {1..4}; do
  for unit in provisiond.service registrar-web.service; do
    sleep "0.$(((round - 1) * 3 % 10))"
    before="$(pid_of $unit)"
    [[ $before == 0 ]] || { systemctl kill -s KILL $unit && kills=$((kills + 1)); }
  done
  sleep 2.2
done
((kills >= 6)) || fail "only $kills kills hit"
restarts="$(systemctl show -P NRestarts provisiond.service) $(systemctl show -P NRestarts registrar-web.service)"
for worker in "${workers[@]}"; do wait "$worker" || fail "somebody did not get an account"; done
echo "        $kills kills; restarts of provisiond and registrar-web: $restarts"

step "each of them is a member with one uid, a home, mail and a login"
until_true 15 web_is_ready
for name in "${PEOPLE[@]}"; do
  person "$name"
  is "who is logged in" "$name" "$(by_key id -un)"
  is "home of $name" "$name:$name 711" "$(stat -c '%U:%G %a' "/home/$name")"
  mail_to_member >/dev/null || fail "mail for $name was refused"
done

step "no orphan: users, homes, register, registrations and key files name the same people"
mapfile -t members < <(getent passwd | awk -F: '$3 >= 20000 && $3 <= 59999 { print $1 }' | sort)
registered="$(provisiond ListAccounts requestId "$(uuid)" limit =500 | grep -oE '"username":"[^"]*"' | cut -d'"' -f4 | sort | tr '\n' ' ')"
is "provisiond's register" "$(printf '%s ' "${members[@]}")" "$registered"
is "groups" "$(printf '%s ' "${members[@]}")" "$(getent group | awk -F: '$3 >= 20000 && $3 <= 59999 { print $1 }' | sort | tr '\n' ' ')"
is "uids given twice" "" "$(getent passwd | cut -d: -f3 | sort | uniq -d)"
for name in "${members[@]}"; do
  [[ -d $(getent passwd "$name" | cut -d: -f6)/Maildir ]] || fail "$name has no Maildir"
  is "registration of $name" VERIFIED "$(curl -fsS "$WEB/api/auth/status/registration/$name" | value status)"
done
for home in $(ls -A /home); do id "$home" >/dev/null 2>&1 || [[ $home == @(.registrar*|groups) ]] || fail "/home/$home is nobody's"; done
is "half-made homes" "" "$(find /home/.registrar/staging -mindepth 1 2>/dev/null || true)"
for key in $(ls -A /etc/ssh/registrar_keys); do id "$key" >/dev/null 2>&1 || fail "key file of nobody: $key"; done
is "locks left in /etc" "" "$(ls /etc/{passwd,group,shadow,gshadow}.lock 2>/dev/null || true)"
finish
