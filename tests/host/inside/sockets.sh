#!/usr/bin/env bash
# Who may speak to provisiond, and by which socket.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
readonly RUN=/run/provisiond
member_of_staff keeper registrar-admin
member_of_staff visitor
# Where everybody can run it.
install -m 0755 "$inside/varlink.pl" /usr/local/bin/varlink

step "the sockets' owners and modes"
is submit.sock "root:registrar-web 660" "$(stat -c '%U:%G %a' $RUN/submit.sock)"
is admin.sock "root:registrar-admin 660" "$(stat -c '%U:%G %a' $RUN/admin.sock)"

# answers USER SOCKET METHOD [PARAMETERS…]
answers() {
  local user="$1" socket="$2"
  shift 2
  as "$user" varlink "$RUN/$socket.sock" "$@" >"$KEPT/answer" 2>&1 || fail "$user on $socket: $(cat "$KEPT/answer")"
}
shut() { # USER SOCKET: the kernel refuses the connection
  ! as "$1" varlink "$RUN/$2.sock" Health requestId "$(uuid)" >"$KEPT/answer" 2>&1 || fail "$1 on $2 was answered"
  grep -q "Permission denied" "$KEPT/answer" || fail "$1 on $2: $(cat "$KEPT/answer")"
}

step "admin.sock answers root and registrar-admin"
for user in root keeper; do
  answers "$user" admin Health requestId "$(uuid)"
  answers "$user" admin ListAccounts requestId "$(uuid)" limit =10
  grep -q '"username":"ada"' "$KEPT/answer" || fail "no ada in $(cat "$KEPT/answer")"
done
step "admin.sock is shut for registrar-web, members and everybody else"
for user in registrar-web ada visitor nobody; do shut "$user" admin; done
step "submit.sock answers registrar-web"
answers registrar-web submit Health requestId "$(uuid)"
step "submit.sock is shut for registrar-admin, members and everybody else"
for user in keeper ada visitor nobody; do shut "$user" submit; done

step "submit.sock offers nothing that harms an account"
for method in SuspendAccount ResumeAccount ArchiveAccount RemoveAccount; do
  ! as registrar-web varlink $RUN/submit.sock $method requestId "$(uuid)" username ada >"$KEPT/answer" 2>&1 || fail "$method was done"
  grep -q 'Provision.NotPermitted' "$KEPT/answer" || fail "$method: $(cat "$KEPT/answer")"
done
step "a mode that is too wide is not enough: provisiond asks the kernel who calls"
chmod 0666 $RUN/admin.sock $RUN/submit.sock
for user in ada visitor; do
  for socket in admin submit; do
    ! as "$user" varlink $RUN/$socket.sock Health requestId "$(uuid)" >"$KEPT/answer" 2>&1 || fail "$user was answered on $socket"
    grep -q 'Provision.NotPermitted' "$KEPT/answer" || fail "$user on $socket: $(cat "$KEPT/answer")"
  done
done
chmod 0660 $RUN/admin.sock $RUN/submit.sock

step "registrar-web's admin socket is root's and the admins'"
is admin.sock "root:registrar-admin 660" "$(stat -c '%U:%G %a' /run/registrar-web/admin.sock)"
step "registrarctl serves root and registrar-admin, under their names"
for user in root keeper; do
  as "$user" registrarctl status >"$KEPT/answer" || fail "status for $user: $(cat "$KEPT/answer")"
  as "$user" registrarctl users show ada >"$KEPT/answer" || fail "ada for $user: $(cat "$KEPT/answer")"
  as "$user" registrarctl keys rotate >/dev/null
  registrarctl audit --actor "$user" --limit 1 | grep -q keys-rotated || fail "the log does not name $user: $(registrarctl audit)"
done
registrarctl audit --verify >"$KEPT/answer" || fail "$(cat "$KEPT/answer")"
step "registrarctl serves nobody else"
for user in registrar-web ada visitor nobody; do
  code=0
  as "$user" registrarctl keys rotate >"$KEPT/answer" 2>&1 || code=$?
  is "how it ends for $user" 4 "$code"
done
step "a mode of the admin socket that is too wide lets nobody else in"
chmod 0666 /run/registrar-web/admin.sock
for user in ada visitor; do
  code=0
  as "$user" registrarctl keys rotate >"$KEPT/answer" 2>&1 || code=$?
  is "how it ends for $user" 4 "$code"
done
as root registrarctl keys rotate >/dev/null || fail "root was refused"
chmod 0660 /run/registrar-web/admin.sock
step "manual pages and completions are installed"
for file in /usr/share/man/man1/registrarctl.1.gz /usr/share/bash-completion/completions/registrarctl; do
  [[ -s $file ]] || fail "no $file"
done

if command -v varlinkctl >/dev/null; then
  step "systemd's own client reads the interface and calls it"
  varlinkctl introspect unix:$RUN/admin.sock org.cosmicregistrar.Provision >"$KEPT/interface"
  grep -q 'method SuspendAccount' "$KEPT/interface" || fail "$(cat "$KEPT/interface")"
  varlinkctl call unix:$RUN/admin.sock org.cosmicregistrar.Provision.Health "{\"requestId\":\"$(uuid)\"}" | grep -q '"ready".*true' ||
    fail "Health by varlinkctl"
else
  echo "skipped varlinkctl: systemd $(systemctl --version | awk 'NR == 1 { print $2 }') has none"
fi
finish
