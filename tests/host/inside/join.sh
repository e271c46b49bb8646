#!/usr/bin/env bash
# ssh join@host: shut as the package is installed, opened by one command, used from sign-up to login, shut
# again. What its user may ask registrar-web for, and who else.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
readonly SOCKET=/run/registrar-web/join.sock FORM=http://localhost/api/auth/register/form

step "the user join has no password, no home that it can write, and no shell but the program"
is "shadow" '!' "$(getent shadow join | cut -d: -f2 | cut -c1)"
is "shell" /usr/libexec/registrar-join "$(getent passwd join | cut -d: -f7)"
home="$(getent passwd join | cut -d: -f6)"
is "home" "root:root 755" "$(stat -c '%U:%G %a' "$home")"
is "groups" join "$(id -nG join)"
step "its socket is root's and its own, and carries sign-up for it alone"
is join.sock "root:join 660" "$(stat -c '%U:%G %a' $SOCKET)"
asks() { # USER URL [curl arguments…]: prints the status
  local user="$1" url="$2"
  shift 2
  as "$user" curl -sS -o /dev/null -w '%{http_code}' --unix-socket $SOCKET -H 'X-Registrar-Client: 192.0.2.9' "$@" "$url" 2>&1 || true
}
is "the form" 200 "$(asks join $FORM)"
for path in api/users api/admin/audit internal/auth/validate metrics signup; do
  is "$path" 403 "$(asks join "http://localhost/$path")"
done
for user in ada nobody registrar-web; do
  ! asks "$user" $FORM | grep -q '^200$' || fail "$user is served"
done
is "root" 403 "$(asks root $FORM)"

step "as installed, nobody comes in as join"
person visitor-of-join
! registrar-setup-join --check 2>/dev/null || fail "it is open"
knock() {
  local login=(-o BatchMode=yes -i "$WORK/key" "$@" join@127.0.0.1)
  with_ssh_options timeout 20 ssh
}
! knock >"$KEPT/answer" 2>&1 || fail "came in"
grep -q "Permission denied" "$KEPT/answer" || fail "$(cat "$KEPT/answer")"

step "one command opens it, the second time it changes nothing"
before="$(sshd -T -C user=ada,host=x,addr=192.0.2.9,laddr=192.0.2.1,lport=22; cat /etc/pam.d/sshd)"
registrar-setup-join
registrar-setup-join --check
registrar-setup-join
is "lines for join" 1 "$(grep -c registrar-setup-join /etc/pam.d/sshd)"
is "what else sshd does" "$before" "$(sshd -T -C user=ada,host=x,addr=192.0.2.9,laddr=192.0.2.1,lport=22; grep -v registrar-setup-join /etc/pam.d/sshd)"

step "sign-up by ssh, login of the new member, and every way out shut"
person joan
NAME=joan PASSWORD="$PASSWORD" WORK="$WORK" "$inside/../../throwaway-host/join.sh" >"$WORK/log" 2>&1 </dev/null ||
  fail "$(tail -n 60 "$WORK/log")"
verification_token >"$WORK/token"

step "a user join that is somebody's is not opened"
cp -p /etc/passwd "$KEPT/passwd"
sed -i 's|^\(join:.*\):/usr/libexec/registrar-join$|\1:/bin/bash|' /etc/passwd
! registrar-setup-join 2>"$KEPT/answer" || fail "it was"
grep -q "is not this package's" "$KEPT/answer" || fail "$(cat "$KEPT/answer")"
cp -p "$KEPT/passwd" /etc/passwd

step "shut again, everything is as it was"
registrar-setup-join --undo
is "what sshd does" "$before" "$(sshd -T -C user=ada,host=x,addr=192.0.2.9,laddr=192.0.2.1,lport=22; cat /etc/pam.d/sshd)"
person visitor-of-join
! knock >"$KEPT/answer" 2>&1 || fail "came in"
registrar-setup-join
finish
