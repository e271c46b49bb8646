#!/usr/bin/env bash
# The journal of the whole run, searched for every secret that was used.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"

step "the journal as JSON, whole and with every field"
# A field with bytes that are no text is a list of numbers there: made text again.
journal() {
  journalctl -q --all -o json |
    perl -ne 'no warnings "utf8"; s/\[((?:\d{1,3},?)+)\]/join "", map { chr } split ",", $1/ge; s/\\u([0-9a-f]{4})/chr hex $1/gei; s/\\(["\\\/])/$1/g; print'
}
journal >/run/journal
journalctl -q --all -o export >/run/journal.export
(($(wc -l </run/journal) > 500)) || fail "only $(wc -l </run/journal) entries"
for unit in registrar-web provisiond ssh postfix; do grep -q "$unit" /run/journal || fail "no entries of $unit"; done

step "every password, hash, token and code used"
{
  cat "$KEPT"/*/password
  cat "$KEPT"/*/token
  getent shadow | cut -d: -f2 | grep '^\$'
  cat /etc/registrar/credentials/*
  # The codes of the mails, written as there.
  cat "$OUTBOX"/new/* | grep -oE 'verify-email\?token=3D[A-Za-z0-9_.~-]+|verify-email\?token=[A-Za-z0-9_.~-]+' | sed 's/.*token=\(3D\)\{0,1\}//'
} | grep -E '.{8}' | sort -u >/run/secrets
(($(wc -l </run/secrets) > 20)) || fail "only $(wc -l </run/secrets) secrets"

step "a secret in the journal would be found"
canary="canary-$(head -c 12 /dev/urandom | base64)"
printf 'MESSAGE=told %s\nBINARY=\001%s\n' "$canary" "$canary" | logger --journald
until_true 5 eval "journalctl -q -o cat -n 50 | grep -qF '$canary'"
journal | tail -n 20 | grep -qF "$canary" || fail "the canary was not found"

step "no secret is in the journal, as it is or as base64"
! grep -aFf /run/secrets -o /run/journal /run/journal.export >"$KEPT/answer" || fail "found: $(sort "$KEPT/answer" | uniq -c | head -n 5)"
while IFS= read -r secret; do printf %s "$secret" | base64 -w0 | sed 's/=*$//; s/.$//'; echo; done </run/secrets >/run/secrets.base64
! grep -aFf /run/secrets.base64 -o /run/journal >"$KEPT/answer" || fail "found as base64: $(head -n 3 "$KEPT/answer")"
step "no secret is in a log file or on a command line"
! grep -raFlf /run/secrets /var/log --exclude-dir=journal >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"
! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -aFf /run/secrets >/dev/null || fail "a command line has a secret"
echo "        $(wc -l </run/secrets) secrets, $(wc -l </run/journal) entries"
finish
