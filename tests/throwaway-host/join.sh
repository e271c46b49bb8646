#!/usr/bin/env bash
# Sign-up by `ssh join@host` on the running throw-away host or a booted one, in a terminal of 80×24, up to the
# new member's own login; then every way out of there that ssh(1) knows, each of which must be shut.
#
# NAME, PASSWORD and WORK as in check.sh.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly WEB="http://127.0.0.1:$WEB_PORT" NAME="${NAME:-joan}"
readonly ADDRESS="$NAME@$OUTSIDE"
readonly PASSWORD="${PASSWORD:-Compiler-No-0 links lunar}"
readonly WORK="${WORK:-/run/throwaway/join-check}"
readonly SHOWN_NAME="Zoë 猫 of $NAME"

step="start"
step() { step="$1"; echo; echo "== $1"; }
fail() { echo "FAILED at: $step: $*" >&2; exit 1; }
clients=()
end() {
  local status=$?
  close_terminal
  ((${#clients[@]} == 0)) || kill "${clients[@]}" 2>/dev/null || true
  ((status <= 1)) || echo "FAILED at: $step: unexpected end ($status)" >&2
}
trap end EXIT
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

# shellcheck source=person.sh
source "$here/person.sh"

mkdir -p "$WORK"
chmod 0700 "$WORK"
[[ -e $WORK/key ]] || ssh-keygen -q -t ed25519 -N "" -C "$NAME@laptop" -f "$WORK/key"
fingerprint="$(ssh-keygen -lf "$WORK/key.pub" | cut -d' ' -f2)"

# as_join [ssh arguments…]: ssh join@host.
as_join() {
  local login=(-o BatchMode=yes "$@" join@127.0.0.1)
  with_ssh_options ssh
}
# What as_join does, as text for the shell of tmux.
command_line() { # [ssh arguments…]
  local login=("$@" join@127.0.0.1)
  with_ssh_options printf 'ssh'; with_ssh_options printf ' %q'
}

# A terminal as small as they come, without colours and with a locale that says nothing.
terminals=0
terminal() { tmux -S "$WORK/tmux$terminals" "$@"; }
in_terminal() { # COMMAND
  close_terminal
  # A server that was told to go takes its time.
  terminals=$((terminals + 1))
  TERM=dumb terminal -f /dev/null -u new-session -d -s join -x 80 -y 24 "$1; echo ended with \$?; sleep 60"
}
close_terminal() { terminal kill-server 2>/dev/null || true; }
screen() { terminal capture-pane -p -J -S -500 -t join; }
sees() { # TEXT [SECONDS]
  local deadline=$((SECONDS + ${2:-20}))
  until screen | grep -qF -- "$1"; do
    ((SECONDS < deadline)) || fail "not on the screen: «$1»"$'\n'"$(screen)"
    sleep 0.1
  done
}
# types PROMPT TEXT: once the last line of the screen is that prompt.
types() {
  local deadline=$((SECONDS + 20))
  until screen | grep . | tail -n 1 | grep -qF -- "$1"; do
    ((SECONDS < deadline)) || fail "no prompt «$1»"$'\n'"$(screen)"
    sleep 0.1
  done
  terminal send-keys -t join -l -- "$2"
  terminal send-keys -t join Enter
}
# The process of the visitor who is there.
visitor() { pgrep -u join -x registrar-join; }
gone() {
  local deadline=$((SECONDS + 10))
  while visitor >/dev/null; do
    ((SECONDS < deadline)) || fail "registrar-join goes on: $(ps -u join -f)"
    sleep 0.1
  done
}

step "ssh join@host with a key, in a terminal of 80×24"
in_terminal "$(command_line -i "$WORK/key")"
sees "Registration is open to everyone."
sees "Question 1 of 5, required: Username"

step "the process there can start nothing, write nothing, gain nothing"
pid="$(visitor)"
grep -E '^Max (processes|file size|core file size) +0 +0 ' "/proc/$pid/limits" | sed 's/^/   /'
[[ $(grep -cE '^Max (processes|file size|core file size) +0 +0 ' "/proc/$pid/limits") == 3 ]] || fail "$(cat "/proc/$pid/limits")"
grep -qE '^NoNewPrivs:\s+1' "/proc/$pid/status" || fail "it may gain privileges"
grep -qE '^Seccomp:\s+2' "/proc/$pid/status" || fail "its system calls are not filtered"
[[ -z "$(pgrep -P "$pid" || true)" ]] || fail "it has children"
# Of sshd's process for this visitor; pam_limits(8) has set it.
sshd="$(ps -o ppid= -p "$pid" | tr -d ' ')"
grep -qE '^Max processes +80 +80 ' "/proc/$sshd/limits" || fail "visitors are not bounded: $(grep processes "/proc/$sshd/limits")"

step "a name that breaks a rule, one that is reserved, one that is free"
types "Username: " "No Good"
sees "That can't be taken:"
types "Username: " "postmaster"
sees "postmaster is not available"
types "Username: " "$NAME"
sees "$NAME is available."

step "the other questions; a display name in any script, a password that is not shown"
types "Name to show: " "$SHOWN_NAME"
types "Your e-mail address: " "nonsense"
types "Password: " "$PASSWORD"
types "The same once more: " "$PASSWORD"
step "the key of the connection is offered"
sees "$fingerprint"
types "Is your account to have it?" "yes"
types "Key: " ""

step "all is shown; what the service refuses is asked for again, and nothing else is lost"
sees "2. Name to show: $SHOWN_NAME"
sees "4. Password: given, not shown"
types "or no to leave: " "yes"
sees "Your e-mail address: an address has the form"
types "Your e-mail address: " "$ADDRESS"
sees "3. Your e-mail address: $ADDRESS"
types "or no to leave: " "yes"
sees "Your registration is taken in."
sees "Its page, which shows how it goes on:"

step "the status is followed; the code of the mail is typed right there"
sees "The mail goes to $ADDRESS." 60
find_mail "$TOKEN"
code="$(grep -oE '^ *[0-9]{3} [0-9]{3}$' "$WORK/mail" | tr -d ' ')"
wrong="$(printf '%06d' $(((10#$code + 1) % 1000000)))"
types "Code: " "$wrong"
sees "4 more tries"
types "Code: " "${code:0:3} ${code:3}"
sees "ssh $NAME@$DOMAIN" 60
sees "ended with 0"
screen | grep . | tail -n 30 | sed 's/^/   |/'
! screen | grep -qF "$PASSWORD" || fail "the password was shown"
gone

step "the new member logs in, with the key of the sign-up and with the password"
[[ "$(by_key 'id -un')" == "$NAME" ]] || fail "not by key"
[[ "$(by_password 'id -un')" == "$NAME" ]] || fail "not by password"
[[ "$(getent passwd "$NAME" | cut -d: -f5)" == *"$SHOWN_NAME"* ]] || fail "the name to show: $(getent passwd "$NAME")"

step "without a key one comes in as well, and is asked for one"
in_terminal "$(command_line -o PubkeyAuthentication=no)"
types "Username: " "keyless"
types "Name to show: " ""
types "Your e-mail address: " "keyless@$OUTSIDE"
types "Password: " "$PASSWORD"
types "The same once more: " "another"
sees "These two differ."
step "Control-C ends it, and nothing was sent"
terminal send-keys -t join C-c
sees "Ended. Nothing was sent."
sees "ended with 1"
step "arrow keys are no letters, a line of 5,000 letters is none, Control-Z and Control-S stop nothing"
in_terminal "$(command_line -i "$WORK/key")"
sees "Username: "
terminal send-keys -t join C-z C-s C-q
sleep 0.3
terminal send-keys -t join "ab" Left Left Enter
sees "Arrow keys and the like do not work"
types "Username: " "$(printf 'a%.0s' {1..5000})"
sees "That line is too long."
types "Username: " "?"
sees "Question 1 of 5"
step "Control-D ends it"
terminal send-keys -t join C-d
sees "Ended. Nothing was sent."
step "a client that is killed leaves no process and no registration"
in_terminal "$(command_line -i "$WORK/key")"
types "Username: " "hungup"
sees "Question 2 of 5"
close_terminal
gone
for name in keyless hungup; do
  [[ "$(curl -sS -o /dev/null -w '%{http_code}' "$WEB/api/auth/status/registration/$name")" == 404 ]] || fail "$name is registered"
done

# shut WORDS COMMAND…: fails, with those words; with «silence», without any.
shut() {
  local words="$1" status=0
  shift
  timeout 20 "$@" >"$WORK/said" 2>&1 </dev/null || status=$?
  ((status != 0 && status != 124)) || fail "$* ended with $status: $(cat "$WORK/said")"
  if [[ $words == silence ]]; then
    [[ ! -s $WORK/said ]] || fail "$*: $(cat "$WORK/said")"
  else
    grep -qE -- "$words" "$WORK/said" || fail "$*: $(cat "$WORK/said")"
  fi
  echo "   $(head -n 1 "$WORK/said")"
}
readonly NOTHING="Nothing can be run or copied here"
export -f as_join with_ssh_options shut
export WORK SSH_PORT

step "no command, no shell, no subsystem, no copy"
run_there() {
  local login=(-o BatchMode=yes -i "$WORK/key" join@127.0.0.1 "$@")
  with_ssh_options ssh
}
subsystem() {
  local login=(-o BatchMode=yes -i "$WORK/key" -s join@127.0.0.1 "$1")
  with_ssh_options ssh
}
copy() {
  local program="$1"
  shift
  "$program" -q -F /dev/null -o Port="$SSH_PORT" -o UserKnownHostsFile="$WORK/known_hosts" -o IdentityAgent=none \
    -o BatchMode=yes -i "$WORK/key" "$@"
}
export -f run_there subsystem copy
for command in /bin/sh "sh -i" id "registrar-join; id" '$(id)'; do
  shut "$NOTHING" bash -c 'run_there "$1"' - "$command"
done
# The words go to a stream that sshd does not pass on from subsystems.
shut silence bash -c 'subsystem sftp'
shut "subsystem request failed|$NOTHING" bash -c 'subsystem netconf'
shut . bash -c 'copy sftp -b /dev/stdin join@127.0.0.1 <<<"ls /"'
shut . bash -c 'copy scp join@127.0.0.1:/etc/passwd "$WORK/stolen"'
shut . bash -c 'copy scp -O join@127.0.0.1:/etc/passwd "$WORK/stolen"'
shut . bash -c 'copy scp -O "$WORK/key.pub" join@127.0.0.1:/tmp/left'
[[ ! -e $WORK/stolen && ! -e /tmp/left ]] || fail "something was copied"
step "without a terminal it says that it takes one"
shut "takes a terminal" bash -c 'run_there'

step "nothing is forwarded: ports both ways, sockets, standard output, agent, X11, tunnels"
# forwards NAME ARGUMENT…: a client that holds a connection without a session.
forwards() {
  local login=(-v -N -o BatchMode=yes -o ExitOnForwardFailure=no -i "$WORK/key" "${@:2}" join@127.0.0.1)
  with_ssh_options ssh >"$WORK/$1.log" 2>&1 </dev/null &
  clients+=("$!")
  local deadline=$((SECONDS + 10))
  until grep -q 'Entering interactive session' "$WORK/$1.log"; do
    ((SECONDS < deadline)) || fail "no connection: $(cat "$WORK/$1.log")"
    sleep 0.1
  done
}
SSH_SAYS=DEBUG1 forwards local -L "127.0.0.1:22999:127.0.0.1:$WEB_PORT"
! curl -sS -m 5 -o /dev/null http://127.0.0.1:22999/ 2>"$WORK/said" || fail "a port of the host was reached"
grep -E 'administratively prohibited|open failed' "$WORK/local.log" | head -n 1 | sed 's/^/   /' || fail "$(cat "$WORK/local.log")"
SSH_SAYS=DEBUG1 forwards dynamic -D 127.0.0.1:22998
! curl -sS -m 5 -o /dev/null --socks5 127.0.0.1:22998 "$WEB/" 2>"$WORK/said" || fail "a port was reached by SOCKS"
SSH_SAYS=DEBUG1 forwards unix -L "$WORK/forward.sock:/run/provisiond/submit.sock"
! curl -sS -m 5 -o /dev/null --unix-socket "$WORK/forward.sock" http://x/ 2>"$WORK/said" || fail "a socket of the host was reached"
grep -qE 'administratively prohibited|open failed' "$WORK/unix.log" || fail "$(cat "$WORK/unix.log")"
SSH_SAYS=DEBUG1 forwards remote -R 127.0.0.1:22997:127.0.0.1:1
for _ in {1..50}; do ! grep -q 'remote forward failure' "$WORK/remote.log" || break; sleep 0.1; done
grep -E 'remote forward failure|remote port forwarding failed' "$WORK/remote.log" | head -n 1 | sed 's/^/   /' || fail "$(cat "$WORK/remote.log")"
[[ -z "$(ss -Hltn 'sport = :22997')" ]] || fail "a port was opened on the host"
forward_stdio() {
  local login=(-o BatchMode=yes -i "$WORK/key" -W "127.0.0.1:$WEB_PORT" join@127.0.0.1)
  with_ssh_options ssh
}
export -f forward_stdio
export WEB_PORT
shut "administratively prohibited|forwarding failed" bash -c forward_stdio
kill "${clients[@]}" 2>/dev/null || true
clients=()
# A terminal with agent, X11 and variables asked for: what reaches the process?
cat >"$WORK/xauth" <<<'#!/bin/sh'
chmod 755 "$WORK/xauth"
in_terminal "DISPLAY=:7 LANG=C.UTF-8 LC_ALL=C LD_PRELOAD=/nowhere.so $(command_line -A -X -o SendEnv='L* LD_PRELOAD' -o SetEnv='LC_EVIL=1 SSH_CONNECTION=1.2.3.4' -i "$WORK/key")"
sees "Username: "
pid="$(visitor)"
tr '\0' '\n' <"/proc/$pid/environ" | sed 's/=.*//' | sort | paste -sd' ' | sed 's/^/   /'
! tr '\0' '\n' <"/proc/$pid/environ" | grep -E '^(SSH_AUTH_SOCK|DISPLAY|LD_|LC_EVIL)' || fail "that reached it"
tr '\0' '\n' <"/proc/$pid/environ" | grep -q '^SSH_CONNECTION=127.0.0.1 ' || fail "another address was believed"

step "a second session over the same connection is refused"
# Without a way to a connection of its own.
shared() {
  local login=(-o BatchMode=yes -o ControlPath="$WORK/shared" -o ProxyCommand=false -i "$WORK/key" "$@" join@127.0.0.1)
  with_ssh_options timeout 20 ssh
}
close_terminal
gone
in_terminal "$(command_line -M -o ControlPath="$WORK/shared" -i "$WORK/key")"
sees "Username: "
! shared -tt >"$WORK/said" 2>&1 </dev/null || fail "a second session was opened"
grep -iE 'refused|failed|prohibited' "$WORK/said" | head -n 1 | sed 's/^/   /' || fail "$(cat "$WORK/said")"
[[ "$(visitor | wc -l)" == 1 ]] || fail "a second process runs"
close_terminal
gone

step "a flood of letters and of noise ends as everything else does"
flood() {
  local login=(-tt -o BatchMode=yes -i "$WORK/key" join@127.0.0.1)
  with_ssh_options timeout 60 ssh >"$WORK/said" 2>&1 || true
  gone
  ! grep -aqiE 'panicked|RUST_BACKTRACE|core dumped' "$WORK/said" || fail "$(tail -c 500 "$WORK/said")"
}
{ head -c 1000000 /dev/zero | tr '\0' a; printf '\n\003'; sleep 3; } | flood
# It may end at any byte.
{ head -c 200000 /dev/urandom || true; } | flood
{ for _ in {1..300}; do printf '\033[A\033]0;x\007\n'; done; printf '\003'; sleep 3; } | flood

step "other logins are as they were: no key of a stranger, no name without a password"
ssh-keygen -q -t ed25519 -N "" -f "$WORK/stranger" <<<y >/dev/null
as_other() {
  local login=(-o BatchMode=yes -i "$WORK/stranger" "$NAME@127.0.0.1" true)
  with_ssh_options ssh
}
export -f as_other
export NAME
shut "Permission denied" bash -c as_other
without_key() {
  local login=(-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 "$NAME@127.0.0.1" true)
  with_ssh_options sshpass -p wrong ssh
}
export -f without_key
! timeout 20 bash -c without_key >"$WORK/said" 2>&1 || fail "$NAME was let in without a password"

step "no secret is in a log"
if [[ -n ${LOGS:-} ]]; then
  ! grep -lF -- "$PASSWORD" "$LOGS"/*.log || fail "the password is in a log"
  grep -q 'X-Registrar-Client\|CLIENT=127.0.0.1' "$LOGS/registrar-web.log" || fail "no request by the join socket: where did they come from?"
fi
echo
echo "join: sign-up by ssh, code typed there, login of the new member; every way out is shut"
