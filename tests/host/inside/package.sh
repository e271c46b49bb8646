#!/usr/bin/env bash
# The package's later life.
#   package.sh upgrade PACKAGE   to a later version, with people at work
#   package.sh remove            removal, then purge
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"

apt() { DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 "$@" </dev/null >"$KEPT/apt.log" 2>&1 || fail "$(tail -n 30 "$KEPT/apt.log")"; }
accounts() { getent passwd; getent group; getent shadow; ls -la /home /etc/ssh/registrar_keys; }

# Asks provisiond without a pause; any refusal is written down.
keep_asking() {
  while [[ -e $KEPT/asking ]]; do
    "$inside/varlink.pl" /run/provisiond/submit.sock Health requestId "$(uuid)" >/dev/null 2>>"$KEPT/unanswered" ||
      echo "not answered" >>"$KEPT/unanswered"
    sleep 0.05
  done
}

upgrade() {
  local packed=/root/upgrade later version session
  step "a later version of the package"
  rm -rf "$packed"
  dpkg-deb -R "$1" "$packed"
  version="$(dpkg-query -W -f '${Version}' cosmic-registrar)+later"
  sed -i "s/^Version: .*/Version: $version/" "$packed/DEBIAN/control"
  later=/root/later.deb
  dpkg-deb --root-owner-group -Zgzip -z1 -b "$packed" "$later" >/dev/null

  step "before: ada in a session, somebody between sign-up and proof"
  person ada
  by_key 'tmux -f /dev/null new-session -d -s stay "sleep 4713"'
  session="$(pgrep -u ada -f 'tmux.*stay')"
  person between
  register displayName "Mid Way" >/dev/null
  follow_until VERIFICATION_SENT >/dev/null
  accounts >"$KEPT/before"
  cp -p "$WEB_TOML" "$KEPT/registrar.toml"
  touch "$KEPT/asking"
  rm -f "$KEPT/unanswered"
  keep_asking & local asking=$!

  step "the upgrade keeps settings, accounts, sessions and the sockets"
  apt install "$later"
  sleep 0.5
  rm "$KEPT/asking"
  wait "$asking"
  is "version" "$version" "$(dpkg-query -W -f '${Version}' cosmic-registrar)"
  [[ ! -s $KEPT/unanswered ]] || fail "calls without an answer: $(sort "$KEPT/unanswered" | uniq -c)"
  cmp "$KEPT/registrar.toml" "$WEB_TOML" || fail "settings have changed"
  accounts | diff "$KEPT/before" - || fail "accounts have changed"
  is "ada's session" "$session" "$(pgrep -u ada -f 'tmux.*stay')"
  for unit in "${UNITS[@]}"; do until_true 10 systemctl --quiet is-active "$unit"; done
  until_true 10 web_is_ready

  step "the registration that was between goes on"
  find_mail "$TOKEN"
  verification_token >"$WORK/token"
  verify_address "$(cat "$WORK/token")" >/dev/null
  follow_until VERIFIED >/dev/null
  is "who is logged in" between "$(by_key id -un)"
  sign_up upgraded
}

remove() {
  local homes
  step "removal ends the services and keeps all data"
  accounts >"$KEPT/before"
  find /home -printf '%p %u %g %m %s\n' | grep -vE '/(\.cache|\.ssh|Maildir/(new|cur|tmp))' | sort >"$KEPT/homes"
  apt remove cosmic-registrar
  for unit in registrar-web.service registrar-web-admin.socket registrar-web-join.socket provisiond.service provisiond.socket provisiond-admin.socket; do
    ! systemctl --quiet is-active "$unit" 2>/dev/null || fail "$unit is still active"
  done
  [[ ! -e /usr/sbin/provisiond && ! -e /run/provisiond/submit.sock ]] || fail "program or socket are still there"
  [[ -s /var/lib/provisiond/journal && -n "$(ls /var/lib/registrar-web)" && -e $WEB_TOML ]] || fail "data or settings are gone"
  accounts | diff "$KEPT/before" - || fail "accounts have changed"
  step "members still log in and get mail"
  person ada
  is "who is logged in" ada "$(by_key id -un)"
  is "who is logged in by password" ada "$(by_password id -un)"
  mail_to_member >/dev/null || fail "mail was refused"

  step "installed again, it goes on where it was"
  apt install /root/later.deb
  until_true 10 web_is_ready
  is "ada's registration" VERIFIED "$(curl -fsS "$WEB/api/auth/status/registration/ada" | value status)"

  step "purge removes what is ours"
  apt purge cosmic-registrar
  [[ ! -e /etc/registrar && ! -e /var/lib/registrar-web ]] || fail "settings or the store are still there: $(ls -d /etc/registrar/* /var/lib/registrar-web)"
  is "our unit files" "" "$(find /etc/systemd /lib/systemd -name '*provisiond*' -o -name '*registrar-web*')"
  ! postconf -h smtpd_recipient_restrictions relocated_maps | grep -q registrar || fail "Postfix still names our map"
  postfix check
  sshd -t
  step "and no member: accounts, homes, keys, logins and mail are as they were"
  accounts | grep -v registrar-web | diff <(grep -v registrar-web "$KEPT/before") - || fail "accounts have changed"
  find /home -printf '%p %u %g %m %s\n' | grep -vE '/(\.cache|\.ssh|Maildir/(new|cur|tmp))' | sort | diff "$KEPT/homes" - || fail "homes have changed"
  is "who is logged in" ada "$(by_key id -un)"
  is "who is logged in by password" ada "$(by_password id -un)"
  mail_to_member >/dev/null || fail "mail was refused"
}
"$@"
finish
