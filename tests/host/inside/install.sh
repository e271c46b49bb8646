#!/usr/bin/env bash
# The package on a fresh host, up to a web service that says it is ready.
#   install.sh PACKAGE [UID]   members' first uid, instead of the package's
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
readonly PACKAGE="$1" FIRST_UID="${2:-}"

step "a host with sshd and Postfix that takes mail for its domain"
# All mail to the rest of the world ends in one Maildir on this host.
install -d -o mail -g mail "$OUTBOX"
postconf -e "myhostname = $DOMAIN" "default_transport = virtual" \
  "virtual_mailbox_domains = $OUTSIDE" "virtual_mailbox_base = $OUTBOX" "virtual_mailbox_maps = static:./" \
  "virtual_uid_maps = static:$(id -u mail)" "virtual_gid_maps = static:$(id -g mail)" "virtual_minimum_uid = 1"
systemctl restart postfix
until_true 10 eval "ss -Hltn 'sport = :25' | grep -q ."
# From 9.8 on sshd shuts out for a while whoever fails too often, and here all come from one address.
if sshd -T | grep -qi '^persourcepenalties '; then
  echo "PerSourcePenaltyExemptList 127.0.0.0/8" >/etc/ssh/sshd_config.d/tests.conf
  systemctl restart ssh
fi
# A journal that outlives a reboot, and that drops nothing of a busy minute.
mkdir -p /var/log/journal /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n' >/etc/systemd/journald.conf.d/tests.conf
systemctl restart systemd-journald

step "the package installs and asks nothing"
apt-get install -y -q -o Dpkg::Use-Pty=0 --no-install-recommends "$PACKAGE" </dev/null >"$KEPT/apt.log" 2>&1 ||
  fail "$(tail -n 30 "$KEPT/apt.log")"
! grep -iE 'warning|error|fail' "$KEPT/apt.log" || fail "apt complained: $(cat "$KEPT/apt.log")"
getent passwd registrar-web >/dev/null || fail "no user registrar-web"
getent group registrar-admin >/dev/null || fail "no group registrar-admin"

step "nobody but root reads, and so traces, the program that delivers notices as a member"
is "provisiond's mode" "root:root 711" "$(stat -c '%U:%G %a' /usr/sbin/provisiond)"

step "the units are enabled and active with nothing edited"
for unit in "${UNITS[@]}"; do
  until_true 10 systemctl --quiet is-active "$unit"
  until_true 1 systemctl --quiet is-enabled "$unit"
done
is "how registrar-web says that it is up" notify "$(systemctl show -P Type registrar-web.service)"
is "how provisiond says that it is up" notify "$(systemctl show -P Type provisiond.service)"
journalctl -q -u provisiond -o json | grep -q '"ORIGIN":"Activated"' ||
  fail "provisiond made its sockets itself"
until_true 10 web_is_ready

step "the package has set up Postfix and sshd"
is "home_mailbox" Maildir/ "$(postconf -h home_mailbox)"
postconf -hx smtpd_recipient_restrictions | tr '\n' ' ' | grep -q '^ *check_recipient_access hash:/etc/postfix/registrar/refused_recipients' ||
  fail "$(postconf smtpd_recipient_restrictions)"
is "relocated_maps" hash:/etc/postfix/registrar/suspended/refused_recipients "$(postconf -h relocated_maps)"
registrar-setup-postfix --check
postfix check
sshd -t
sshd -T | grep -qi '^authorizedkeysfile .*/etc/ssh/registrar_keys/%u' || fail "$(sshd -T | grep -i authorizedkeysfile)"

step "Postfix's settings are taken out and put back beside others, and stay as they are the second time"
postconf -e "relocated_maps = inline:{ gone=elsewhere }" \
  "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination"
! registrar-setup-postfix --check 2>"$KEPT/missing" || fail "nothing is missed"
for setting in smtpd_recipient_restrictions relocated_maps; do
  grep -q "main.cf lacks .*$setting" "$KEPT/missing" || fail "$setting is not named: $(cat "$KEPT/missing")"
done
! grep -q home_mailbox "$KEPT/missing" || fail "what is there is missed: $(cat "$KEPT/missing")"
cp /etc/postfix/main.cf "$KEPT/others.cf"
for _ in once twice; do
  registrar-setup-postfix
  registrar-setup-postfix --check
  is "relocated_maps" "hash:/etc/postfix/registrar/suspended/refused_recipients, inline:{ gone=elsewhere }" "$(postconf -h relocated_maps)"
done
registrar-setup-postfix --undo
diff "$KEPT/others.cf" /etc/postfix/main.cf || fail "--undo left something"
postconf -X relocated_maps smtpd_recipient_restrictions
registrar-setup-postfix

step "a host whose mail something else delivers is told so, and lacks nothing"
postconf -e "mailbox_transport = lmtp:unix:private/lmtp"
postconf -X home_mailbox
registrar-setup-postfix
registrar-setup-postfix --check 2>"$KEPT/otherwise" || fail "$(cat "$KEPT/otherwise")"
grep -q "mailbox_transport = lmtp:unix:private/lmtp, which is left" "$KEPT/otherwise" || fail "it is not told: $(cat "$KEPT/otherwise")"
is "home_mailbox" "" "$(postconf -h home_mailbox)"
postconf -X mailbox_transport
! registrar-setup-postfix --check 2>"$KEPT/missing" || fail "home_mailbox is not missed"
grep -q "lacks home_mailbox" "$KEPT/missing" || fail "home_mailbox is not named: $(cat "$KEPT/missing")"
registrar-setup-postfix
is "home_mailbox" Maildir/ "$(postconf -h home_mailbox)"

if [[ -n $FIRST_UID ]]; then
  step "members' first uid: $FIRST_UID"
  set_in "$PROVISIOND_TOML" uid_min "$FIRST_UID"
  systemctl restart provisiond.service
fi

step "two edited lines make it live"
cp "$WEB_TOML" "$KEPT/as-packaged.toml"
sed -i -e "s|^domain = .*|domain = \"$DOMAIN\"|" -e "s|^public_url = .*|public_url = \"http://$DOMAIN:$WEB_PORT\"|" "$WEB_TOML"
is "lines that differ from the package's" 2 "$({ diff "$KEPT/as-packaged.toml" "$WEB_TOML" || true; } | grep -c '^>')"
systemctl restart registrar-web.service
until_true 10 web_is_ready
finish
