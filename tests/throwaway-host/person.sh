# shellcheck shell=bash
# What a person does at a host: asks the web, logs in by ssh, gets mail. Sourced by the checks.
#
# The sourcing script has NAME, ADDRESS, PASSWORD, a private directory WORK with the ssh key in
# WORK/key, WEB, WEB_PORT, SSH_PORT, SMTP_PORT, DOMAIN, OUTSIDE, and OUTBOX (the Maildir of all mail
# to OUTSIDE); and a function fail MESSAGE that ends it.

person_sh="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

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

# with_ssh_options COMMAND…: calls it with the options that every login has, then those in `login`.
with_ssh_options() {
  "$@" -F /dev/null -p "$SSH_PORT" -o UserKnownHostsFile="$WORK/known_hosts" -o StrictHostKeyChecking=accept-new \
    -o IdentityAgent=none -o IdentitiesOnly=yes -o ConnectTimeout=10 -o LogLevel="${SSH_SAYS:-ERROR}" "${login[@]}"
}
by_key() {
  local login=(-o BatchMode=yes -o PreferredAuthentications=publickey -i "$WORK/key" "$NAME@127.0.0.1" "$@")
  with_ssh_options ssh
}
by_password() {
  local login=(-o PubkeyAuthentication=no -o PreferredAuthentications=password,keyboard-interactive
    -o NumberOfPasswordPrompts=1 "$NAME@127.0.0.1" "$@")
  SSHPASS="$PASSWORD" with_ssh_options sshpass -e ssh
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

# register [KEY VALUE…]: signs NAME up, with more fields where given; prints the answer.
register() {
  perl -e 'my %h = @ARGV; sub q1 { my $s = shift; $s =~ s/([\\"])/\\$1/g; qq("$s") }
    print "{", join(",", map { q1($_) . ":" . ($_ eq "sshKeys" ? "[" . q1($h{$_}) . "]" : q1($h{$_})) } sort keys %h), "}"' \
    username "$NAME" personalEmail "$ADDRESS" password "$PASSWORD" sshKeys "$(cat "$WORK/key.pub")" "$@" >"$WORK/request"
  get "$WEB/api/auth/register" -H 'Content-Type: application/json' --data-binary "@$WORK/request"
}

# find_mail PATTERN: waits for a mail to ADDRESS whose text has the pattern; leaves it in WORK/mail.
find_mail() {
  local mail
  for _ in {1..300}; do
    while IFS= read -r mail; do
      "$person_sh/show-mail.pl" "$mail" >"$WORK/mail"
      ! grep -qE "$1" "$WORK/mail" || return 0
    done < <(grep -rlFx "Delivered-To: $ADDRESS" "$OUTBOX/new" 2>/dev/null)
    sleep 0.1
  done
  fail "no mail with $1 arrived for $ADDRESS"
}

readonly TOKEN='verify-email\?token=[A-Za-z0-9_.~-]+'
# verification_token: from the mail that find_mail "$TOKEN" found.
verification_token() { grep -oE "$TOKEN" "$WORK/mail" | head -n 1 | cut -d= -f2; }

verify_address() { get "$WEB/api/auth/verify-email" -H 'Content-Type: application/json' --data-binary "{\"token\":\"$1\"}"; }

# refused_by key|password: that sshd refuses NAME, and does not fail in some other way.
refused_by() {
  local status=0
  SSH_SAYS=INFO "by_$1" true 2>"$WORK/refusal" || status=$?
  ((status != 0)) || fail "ssh by $1 was let in"
  # sshpass(1): 5 is a password that was not taken.
  if [[ $1 == password && $status == 5 ]]; then echo "   ssh by password: not taken"; return; fi
  grep -E 'Permission denied|Connection (closed|reset)' "$WORK/refusal" | tail -n 1 | sed "s/^/   ssh by $1:      /" ||
    fail "ssh by $1 ended otherwise: $(cat "$WORK/refusal")"
}

# mail_refused: that Postfix answers mail to NAME with 550.
mail_refused() {
  mail_to_member >"$WORK/swaks" && fail "Postfix took mail: $(cat "$WORK/swaks")"
  grep -m 1 -E '^<\*\* +550' "$WORK/swaks" | sed 's/^/   SMTP: /' || fail "expected 550: $(cat "$WORK/swaks")"
}
