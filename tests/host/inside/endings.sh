#!/usr/bin/env bash
# A member's end over admin.sock: suspension, resumption, archive, restoration, removal,
# tombstone.
#   endings.sh begin   all of it; leaves ada suspended and cron to be looked at after a minute
#   endings.sh cron    cron ran for grace and not for ada, who then comes back
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
readonly PERIOD=61 ARCHIVE=/var/lib/provisiond/archive

cron_writes() { echo "* * * * * date +\%s >>\$HOME/cron.log" | crontab -u "$1" -; }
no_process_of() { ! pgrep -u "$1" >/dev/null; }
mail_from_here() { printf 'Subject: from here\n\nThe disk is full.\n' | sendmail "ada@$DOMAIN"; }
state_is() { on_account GetAccount "$1" | grep -q "\"state\":\"$2\""; }
# Runs on after the login, as a member's bot does.
start_bot() {
  by_key 'setsid nohup sleep 4711 >/dev/null 2>&1 </dev/null & tmux -f /dev/null new-session -d -s bot "sleep 4712"'
  until_true 5 pgrep -u "$NAME" -f 'sleep 4711'
  until_true 5 pgrep -u "$NAME" -f 'sleep 4712'
}
shut_out() {
  refused_by key
  refused_by password
  mail_refused
}

begin() {
  step "ada and grace have processes, cron jobs and mail"
  person grace; cron_writes grace
  person ada; cron_writes ada
  loginctl enable-linger ada
  by_key 'printf "\"|/usr/bin/touch %s/forwarded\"\n" "$HOME" >.forward'
  start_bot

  step "suspension ends ada's processes"
  on_account SuspendAccount ada >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"
  state_is ada suspended || fail "$(on_account GetAccount ada)"
  until_true 5 no_process_of ada
  date +%s >"$KEPT/suspended"
  ! crontab -u ada -l >/dev/null 2>&1 || fail "her crontab is in the spool"
  [[ ! -e /var/lib/systemd/linger/ada ]] || fail "she may linger"
  step "a suspended member is refused by ssh with key and password, and mail with 550"
  shut_out >/dev/null
  step "her home, mail and password are as they were"
  [[ -n "$(find /home/ada/Maildir -type f)" ]] || fail "her mail is gone"
  is "home" "ada:ada 711" "$(stat -c '%U:%G %a' /home/ada)"
  step "others are not touched"
  person grace
  is "who is logged in" grace "$(by_key id -un)"
  mail_to_member >/dev/null || fail "mail for grace was refused"

  step "an active member can't be archived or removed"
  for method in ArchiveAccount RemoveAccount; do
    ! on_account "$method" grace >"$KEPT/answer" || fail "$method was done"
    grep -q 'Provision.WrongState' "$KEPT/answer" || fail "$(cat "$KEPT/answer")"
  done

  step "archive: the Linux user is gone, the home is packed where root alone can read"
  sign_up packed
  start_bot
  by_key 'echo precious >precious.txt'
  local uid
  uid="$(id -u packed)"
  on_account SuspendAccount packed >/dev/null
  on_account ArchiveAccount packed >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"
  state_is packed archived || fail "$(on_account GetAccount packed)"
  ! id packed >/dev/null 2>&1 || fail "the user is still there"
  [[ ! -e /home/packed && ! -e /etc/ssh/registrar_keys/packed ]] || fail "home or keys are still there"
  is "files of the uid outside the archive" "" "$(find /home /var/mail /var/spool/cron -uid "$uid" -not -path '/home/.registrar/*')"
  is "files of the archive" "packed.json root:root 600,packed.tar root:root 600," \
    "$(find "$ARCHIVE" -mindepth 1 -printf '%f %u:%g %m\n' | sort | tr '\n' ,)"
  tar -xOf "$ARCHIVE/packed.tar" ./precious.txt | grep -qx precious || fail "no precious.txt in the archive"
  is "who may read below the archive" "" "$(as nobody find /var/lib/provisiond /home -path '*packed*' 2>/dev/null)"
  shut_out >/dev/null

  step "restored, it is suspended, with the uid and the files of before"
  on_account RestoreAccount packed >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"
  state_is packed suspended || fail "$(on_account GetAccount packed)"
  is "uid" "$uid" "$(id -u packed)"
  is "precious.txt" "packed:packed precious" "$(stat -c %U:%G /home/packed/precious.txt) $(cat /home/packed/precious.txt)"
  is "archives" "" "$(ls -A "$ARCHIVE")"
  shut_out >/dev/null
  step "resumed, it logs in by key; the password was not kept"
  on_account ResumeAccount packed >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"
  is "who is logged in" packed "$(by_key id -un)"
  refused_by password >/dev/null
  on_account SuspendAccount packed >/dev/null
  on_account ArchiveAccount packed >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"

  step "removal: nothing is left, and neither name nor uid comes back"
  on_account RemoveAccount packed >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"
  is "archives" "" "$(ls -A "$ARCHIVE")"
  is "what waits beside the homes" "" "$(find /home/.registrar -mindepth 2)"
  is "files of the uid" "" "$(find / -xdev -uid "$uid" -not -path '/tmp/*')"
  curl -fsS "$WEB/api/auth/status/check-username/packed" | grep -q '"available":false' || fail "the name is free again"
  ! (person packed; register displayName "Somebody else") >"$KEPT/answer" 2>&1 || fail "the name was given out again"
  grep -q ' answered 409' "$KEPT/answer" || fail "$(cat "$KEPT/answer")"
  sign_up later
  (($(id -u later) > uid)) || fail "later has uid $(id -u later), packed had $uid"
}

cron() {
  local until cron_since
  until=$(($(cat "$KEPT/suspended") + PERIOD))
  while (($(date +%s) < until)); do sleep 1; done
  cron_since() { awk -v since="$(cat "$KEPT/suspended")" '$1 > since' "/home/$1/cron.log" 2>/dev/null || true; }
  step "cron has run for grace, and not for ada while she is suspended"
  until_true 10 eval '[[ -n "$(cron_since grace)" ]]'
  is "ada's runs" "" "$(cron_since ada)"
  no_process_of ada || fail "ada has processes: $(pgrep -u ada -a)"

  step "mail from the host itself bounces, and starts nothing of her .forward"
  mail_from_here
  until_true 20 eval "journalctl -q -t postfix/error -o cat | grep -q 'to=<ada@$DOMAIN>.*status=bounced.*not active'"
  [[ ! -e /home/ada/forwarded ]] || fail "her .forward was followed"

  step "resumed, ada logs in by key and password, gets mail, and her cron job is back"
  on_account ResumeAccount ada >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"
  person ada
  is "who is logged in" ada "$(by_key id -un)"
  is "who is logged in by password" ada "$(by_password id -un)"
  # trivial-rewrite looks every ten seconds whether its map has changed (decision 12).
  sleep 11
  mail_to_member >"$KEPT/answer" || fail "mail for ada was refused: $(cat "$KEPT/answer")"
  mail_from_here
  until_true 10 test -e /home/ada/forwarded
  rm /home/ada/.forward
  crontab -u ada -l | grep -q cron.log || fail "no cron job"
  [[ -e /var/lib/systemd/linger/ada ]] || fail "she does not linger as before"
  loginctl disable-linger ada
  crontab -u ada -r
  crontab -u grace -r
}
"$1"
finish
