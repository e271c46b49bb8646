#!/usr/bin/env bash
# One whole sign-up on the running throw-away host, as a person does it: form, mail, link, ssh, mail.
# Prints each step; ends with 0, or with 1 and the name of the step that failed.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly WEB="http://127.0.0.1:$WEB_PORT" NAME=ada
# The local part of the name: mail to it elsewhere must go out while the account here is locked.
readonly ADDRESS="$NAME@$OUTSIDE"
# Only ever valid on a host that lives for a minute.
readonly PASSWORD='Engine-No-9 weaves algebra'
readonly WORK=/run/throwaway/check
readonly SUBJECT="Notes on the engine"

step="start"
step() { step="$1"; echo; echo "== $1"; }
fail() { echo "FAILED at: $step: $*" >&2; exit 1; }
trap 'status=$?; ((status <= 1)) || fail "unexpected end ($status)"' EXIT
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

# get URL [curl arguments…]: prints the body; fails on 4xx and 5xx with what was answered.
get() {
  local url="$1" code
  shift
  code="$(curl -sS -o "$WORK/body" -D "$WORK/headers" -w '%{http_code}' "$@" "$url")" || fail "no answer from $url"
  [[ $code == 2* ]] || fail "$url answered $code: $(cat "$WORK/body")"
  cat "$WORK/body"
}

# value KEY: of a flat JSON object on standard input.
value() { perl -0777 -ne 'print $1 if /"\Q'"$1"'\E"\s*:\s*"?((?:[^",}\\]|\\.)*)/'; }

ssh_options=(-F /dev/null -p "$SSH_PORT" -o UserKnownHostsFile="$WORK/known_hosts" -o StrictHostKeyChecking=accept-new
  -o IdentityAgent=none -o IdentitiesOnly=yes -o ConnectTimeout=10 -o LogLevel=ERROR)
by_key() { ssh "${ssh_options[@]}" -o BatchMode=yes -o PreferredAuthentications=publickey -i "$WORK/key" "$NAME@127.0.0.1" "$@"; }
by_password() {
  SSHPASS="$PASSWORD" sshpass -e ssh "${ssh_options[@]}" -o PubkeyAuthentication=no \
    -o PreferredAuthentications=password,keyboard-interactive -o NumberOfPasswordPrompts=1 "$NAME@127.0.0.1" "$@"
}
# A refusal, not some other trouble.
show_refusal() {
  grep -E 'Permission denied|Connection (closed|reset)' "$WORK/refusal" | tail -n 1 | sed "s/^/   ssh by $1:      /" ||
    fail "ssh by $1 ended otherwise: $(cat "$WORK/refusal")"
}
mail_to_member() {
  swaks --server "127.0.0.1:$SMTP_PORT" --helo localhost --from "charles@$OUTSIDE" --to "$NAME@$DOMAIN" \
    --header "Subject: $SUBJECT" --body "Dear Ada, your notes have arrived." 2>&1
}

# Prints each status as it passes until the wanted one. The history in the answer has those that
# passed between two looks.
seen=0
follow_until() {
  local wanted="$1" deadline=$((SECONDS + 90)) status history
  while :; do
    get "$WEB/api/auth/status/registration/$NAME" >"$WORK/status"
    status="$(value status <"$WORK/status")"
    mapfile -t history < <(perl -0777 -ne 'print "$2  $1\n" while /"status":"(\w+)","at":"[^"]*T([^"]+?)\d{3,6}Z"/g' "$WORK/status")
    for ((; seen < ${#history[@]}; seen++)); do echo "   ${history[seen]}"; done
    if [[ $status == "$wanted" ]]; then
      echo "   progress $(value progress <"$WORK/status") %: $(value message <"$WORK/status")"
      return 0
    fi
    [[ $status != FAILED ]] || fail "the registration failed: $(cat "$WORK/status")"
    ((SECONDS < deadline)) || fail "still $status: $(cat "$WORK/status")"
    sleep 0.05
  done
}

mkdir -p "$WORK"
chmod 0700 "$WORK"
ssh-keygen -q -t ed25519 -N "" -C "ada@laptop" -f "$WORK/key"

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
perl -e 'my %h = @ARGV; sub q1 { my $s = shift; $s =~ s/([\\"])/\\$1/g; qq("$s") }
  print "{", join(",", map { q1($_) . ":" . ($_ eq "sshKeys" ? "[" . q1($h{$_}) . "]" : q1($h{$_})) } sort keys %h), "}"' \
  username "$NAME" displayName "Ada Lovelace" personalEmail "$ADDRESS" password "$PASSWORD" \
  sshKeys "$(cat "$WORK/key.pub")" >"$WORK/request"
get "$WEB/api/auth/register" -H 'Content-Type: application/json' --data-binary "@$WORK/request"
echo
head -n 1 "$WORK/headers" | grep -q ' 201' || fail "expected 201: $(head -n 1 "$WORK/headers")"
grep -i '^location:' "$WORK/headers" || fail "no Location"

step "statuses up to the verification mail"
follow_until VERIFICATION_SENT

step "before the address is proven: no login, no mail"
if by_key true 2>"$WORK/refusal"; then fail "ssh by key was let in"; fi
show_refusal key
refused=0
by_password true 2>"$WORK/refusal" || refused=$?
# sshpass(1): 5 is a password that was not taken.
case "$refused" in
  0) fail "ssh by password was let in" ;;
  5) echo "   ssh by password: not taken" ;;
  *) show_refusal password ;;
esac
mail_to_member >"$WORK/swaks" && fail "Postfix took mail: $(cat "$WORK/swaks")"
grep -m 1 -E '^<\*\* +550' "$WORK/swaks" | sed 's/^/   SMTP: /' || fail "expected 550: $(cat "$WORK/swaks")"

step "read the verification mail"
mail=""
for _ in {1..300}; do
  mail="$(find "$OUTBOX/new" -type f 2>/dev/null | head -n 1)"
  [[ -z $mail ]] || break
  sleep 0.1
done
[[ -n $mail ]] || fail "no mail arrived for $ADDRESS"
"$here/show-mail.pl" "$mail" | tee "$WORK/mail" | sed 's/^/   /'
token="$(grep -oE 'verify-email\?token=[A-Za-z0-9_.~-]+' "$WORK/mail" | head -n 1 | cut -d= -f2)" || true
[[ -n $token ]] || fail "the mail has no verification link"

step "verify the address"
get "$WEB/verify-email?token=$token" -H 'Accept: text/html' >"$WORK/page"
grep -qiE '<button|type="submit"' "$WORK/page" || fail "the link's page has no button"
get "$WEB/api/auth/verify-email" -H 'Content-Type: application/json' --data-binary "{\"token\":\"$token\"}"
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

echo
echo "demo: the whole way works: sign-up, mail, verification, ssh by key and password, mail in neomutt"
