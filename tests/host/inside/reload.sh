#!/usr/bin/env bash
# New settings without a stop; wrong ones change nothing.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"

title_has() { curl -fsS "$WEB/" | grep -qF "$1"; }

step "registrar-web takes a changed setting on reload, in the same process"
before="$(pid_of registrar-web.service)"
set_in "$WEB_TOML" name '"Tilde of Reloads"'
! title_has "Tilde of Reloads" || fail "it is there before the reload"
systemctl reload registrar-web.service
until_true 5 title_has "Tilde of Reloads"
is "pid" "$before" "$(pid_of registrar-web.service)"

step "a broken file fails the reload, is named in the log, and changes nothing"
cp -p "$WEB_TOML" "$KEPT/registrar.toml"
set_in "$WEB_TOML" name '"Tilde of Mistakes"'
sed -i 's/^listen = /lisen = /' "$WEB_TOML"
! systemctl reload registrar-web.service 2>/dev/null || fail "the reload went well"
journalctl -q -u registrar-web.service -n 20 -o cat >"$KEPT/answer"
for word in lisen listen registrar.toml; do grep -q "$word" "$KEPT/answer" || fail "the log does not say $word: $(cat "$KEPT/answer")"; done
until_true 5 systemctl --quiet is-active registrar-web.service
title_has "Tilde of Reloads" || fail "another page"
is "pid" "$before" "$(pid_of registrar-web.service)"

step "mended, it reloads again"
cp -p "$KEPT/registrar.toml" "$WEB_TOML"
systemctl reload registrar-web.service
web_is_ready

step "provisiond reloads, and goes on with what it has when the file is broken"
before="$(pid_of provisiond.service)"
systemctl reload provisiond.service
cp -p "$PROVISIOND_TOML" "$KEPT/provisiond.toml"
sed -i 's/^uid_min = .*/uid_min = "many"/' "$PROVISIOND_TOML"
! systemctl reload provisiond.service 2>/dev/null || fail "the reload went well"
cp -p "$KEPT/provisiond.toml" "$PROVISIOND_TOML"
is "pid" "$before" "$(pid_of provisiond.service)"
provisiond Health requestId "$(uuid)" | grep -q '"ready":true' || fail "not ready"
systemctl reload provisiond.service
finish
