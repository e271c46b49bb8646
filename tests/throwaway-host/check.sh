#!/usr/bin/env bash
# One whole sign-up on the running throw-away host, as a person does it: form, mail, link, ssh, mail.
# Prints each step; ends with 0, or with 1 and the name of the step that failed.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly WEB="http://127.0.0.1:$WEB_PORT" NAME="${NAME:-ada}"
# The local part of the name: mail to it elsewhere must go out while the account here is locked.
readonly ADDRESS="$NAME@$OUTSIDE"
# Only ever valid on a host that lives for a minute.
readonly PASSWORD="${PASSWORD:-Engine-No-9 weaves algebra}"
readonly WORK="${WORK:-/run/throwaway/check}"
readonly SUBJECT="Notes on the engine"

step="start"
step() { step="$1"; echo; echo "== $1"; }
fail() { echo "FAILED at: $step: $*" >&2; exit 1; }
trap 'status=$?; ((status <= 1)) || fail "unexpected end ($status)"' EXIT
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

# shellcheck source=person.sh
source "$here/person.sh"

mkdir -p "$WORK"
chmod 0700 "$WORK"
[[ -e $WORK/key ]] || ssh-keygen -q -t ed25519 -N "" -C "ada@laptop" -f "$WORK/key"

step "the sign-up page in browsers without JavaScript"
lynx -dump "$WEB/signup" >"$WORK/lynx"
grep -qi 'password' "$WORK/lynx" || fail "lynx shows no password field: $(cat "$WORK/lynx")"
w3m -dump "$WEB/signup" >"$WORK/w3m"
grep -qi 'password' "$WORK/w3m" || fail "w3m shows no password field: $(cat "$WORK/w3m")"
sed 's/^/   /' "$WORK/lynx" | head -n 25

step "the name is free"
get "$WEB/api/auth/status/check-username/$NAME"
echo

step "register over HTTP"
register displayName "Ada Lovelace"
echo
head -n 1 "$WORK/headers" | grep -q ' 201' || fail "expected 201: $(head -n 1 "$WORK/headers")"
grep -i '^location:' "$WORK/headers" || fail "no Location"

step "statuses up to the verification mail"
follow_until VERIFICATION_SENT

step "before the address is proven: no login, no mail"
refused_by key
refused_by password
mail_refused

step "read the verification mail"
find_mail "$TOKEN"
sed 's/^/   /' "$WORK/mail"
token="$(verification_token)"

step "verify the address"
get "$WEB/verify-email?token=$token" -H 'Accept: text/html' >"$WORK/page"
grep -qiE '<button|type="submit"' "$WORK/page" || fail "the link's page has no button"
verify_address "$token"
echo
follow_until VERIFIED

step "log in over SSH with the key"
by_key 'echo "\$ id"; id; echo "\$ ls -la"; ls -la --time-style=+' | sed 's/^/   /'
[[ "$(by_key 'id -un')" == "$NAME" ]] || fail "somebody else was logged in"
[[ "$(by_key "stat -c '%a %U %G' . Maildir Maildir/new .neomuttrc" | tr '\n' ';')" == \
  "711 $NAME $NAME;700 $NAME $NAME;700 $NAME $NAME;600 $NAME $NAME;" ]] ||
  fail "owners or modes differ: $(by_key "stat -c '%n %a %U %G' . Maildir Maildir/new .neomuttrc")"

step "log in over SSH with the password"
[[ "$(by_password 'id -un')" == "$NAME" ]] || fail "the password was not taken"
echo "   $(by_password 'echo "$USER in $PWD on $(hostname)"')"

step "the welcome came, after it was shown that the owner gets in and can read mail"
# Others look for the token in the mail that was found last.
mv "$WORK/mail" "$WORK/verification"
find_mail 'is ready; we have tried it'
mv "$WORK/mail" "$WORK/welcome"
mv "$WORK/verification" "$WORK/mail"
sed 's/^/   /' "$WORK/welcome"
grep -qE "^ *ssh( -p $SSH_PORT)? $NAME@" "$WORK/welcome" || fail "the welcome does not say how to log in"
greetings="$(by_key 'ls Maildir/new Maildir/cur | grep -cF .greeting.')" || true
[[ $greetings == 1 ]] || fail "$greetings greetings in the Maildir: $(by_key 'ls Maildir/new Maildir/cur')"
# As if it were read, so that neomutt shows what comes next first.
by_key 'for mail in Maildir/new/*.greeting.*; do mv "$mail" "Maildir/cur/${mail##*/}:2,S"; done'

step "send a mail through Postfix"
mail_to_member | grep -E '^(<-  250 2.0.0|<-  250 2.1.5)' | sed 's/^/   /' || fail "Postfix refused the mail"
for _ in {1..100}; do
  arrived="$(by_key 'ls Maildir/new')"
  [[ -z $arrived ]] || break
  sleep 0.1
done
[[ -n $arrived ]] || fail "the mail did not reach the Maildir: $(tail -n 20 /var/log/mail.log)"
echo "   in ~/Maildir/new: $arrived"

step "open it with neomutt"
by_key "tmux -f /dev/null -u new-session -d -s mail -x 100 -y 24 neomutt"
shown=""
for _ in {1..100}; do
  by_key 'tmux capture-pane -p -t mail' >"$WORK/index" || fail "neomutt ended: it does not take .neomuttrc"
  ! grep -qF "$SUBJECT" "$WORK/index" || { shown=1; break; }
  sleep 0.1
done
[[ -n $shown ]] || fail "neomutt does not list the mail: $(cat "$WORK/index")"
by_key 'tmux send-keys -t mail Enter'
shown=""
for _ in {1..100}; do
  by_key 'tmux capture-pane -p -t mail' >"$WORK/pager" || fail "neomutt ended when the mail was opened"
  ! grep -qF "your notes have arrived" "$WORK/pager" || { shown=1; break; }
  sleep 0.1
done
[[ -n $shown ]] || fail "neomutt does not open the mail: $(cat "$WORK/pager")"
sed 's/^/   |/' "$WORK/pager" | grep -vE '[|]~?$'
by_key 'tmux kill-server' || true

# On a booted host the whole journal is searched instead (tests/host/inside/secrets.sh).
if [[ -n ${LOGS:-} ]]; then
  step "no log of it has a secret"
  "$here/secrets.sh" "$WORK" "$NAME" "$PASSWORD" "$token"
fi

echo
echo "demo: the whole way works: sign-up, mail, verification, ssh by key and password, mail in neomutt"
