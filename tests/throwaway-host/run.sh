#!/usr/bin/env bash
# A throw-away host on this machine: provisiond, registrar-web, Postfix and sshd over the machine's
# own files, in namespaces of their own. Whatever they write lives in memory and ends with them.
#
#   tests/throwaway-host/run.sh           runs until Ctrl-C
#   tests/throwaway-host/run.sh --check   does one whole sign-up and ends; non-zero names the step
#   tests/throwaway-host/run.sh --join    signs up by ssh join@host, and tries to get out of there
#   tests/throwaway-host/run.sh --contract  asks the API all that its description allows, and more
#   tests/throwaway-host/run.sh --browser  uses the pages with a real browser
#   tests/throwaway-host/run.sh --screenshots  makes the pictures of docs/tour.md anew
#   tests/throwaway-host/run.sh --live    listens to live events with the real Socket.IO client
#   tests/throwaway-host/run.sh --bench   measures registrations with the optimised programs and ends:
#       BENCH_AT_ONCE=1,8,32,64 so many at once, on a host that had BENCH_ACCOUNTS=0 accounts before,
#       written by BENCH_WRITER=shadow-utils (accounts.writer of provisiond.toml)
#
# WEB_PORT, SSH_PORT and SMTP_PORT move the three ports (3000, 2222, 2525; 127.0.0.1 alone). MODE=approval
# lets admins decide who gets in.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
export HOST_MODE=serve HOST_SOURCE="$root"
profile=debug needed=(provisiond registrar-web registrar-join registrarctl)
export WEB_PORT="${WEB_PORT:-3000}" SSH_PORT="${SSH_PORT:-2222}" SMTP_PORT="${SMTP_PORT:-2525}"

# Who may register, as registration.mode has it.
export MODE="${MODE:-open}"

die() { echo "demo: $*" >&2; exit 1; }

case "${1:-}" in
  "") ;;
  --check) HOST_MODE=check ;;
  --join) HOST_MODE=join ;;
  --contract)
    HOST_MODE=contract
    SCHEMATHESIS="$(eval "$("$root/tests/bootstrap.sh" paths)"; echo "$SCHEMATHESIS")"
    export SCHEMATHESIS
    [[ -x $SCHEMATHESIS ]] || die "$SCHEMATHESIS is missing: tests/bootstrap.sh contract"
    ;;
  --browser)
    HOST_MODE=browser
    [[ -d $root/tests/browser/node_modules/playwright-core ]] || die "playwright-core is missing: tests/bootstrap.sh browser"
    ;;
  --screenshots)
    HOST_MODE=screenshots
    command -v pngquant >/dev/null || die "pngquant is missing: tests/bootstrap.sh screenshots"
    ;;
  --live)
    HOST_MODE=live
    # Access tokens are short, so that a test can wait for their end.
    export ACCESS_SECONDS=12
    [[ -d $root/tests/live/node_modules/socket.io-client ]] || die "socket.io-client is missing: tests/bootstrap.sh live"
    ;;
  --bench)
    HOST_MODE=bench profile=release needed+=(load)
    export BENCH_AT_ONCE="${BENCH_AT_ONCE:-1,8,32,64}" BENCH_ACCOUNTS="${BENCH_ACCOUNTS:-0}" BENCH_WRITER="${BENCH_WRITER:-shadow-utils}"
    echo "bench: $BENCH_ACCOUNTS accounts on the host before, written by $BENCH_WRITER"
    ;;
  *) die "unknown argument: $1" ;;
esac

[[ $MODE == @(open|approval) ]] || die "MODE must be open or approval"
[[ $EUID == 0 ]] || die "a host of its own needs root: run it as root (sudo make demo)"

programs="${CARGO_TARGET_DIR:-$root/target}"
HOST_PROGRAMS="$(cd "$programs" 2>/dev/null && pwd)/$profile"
export HOST_PROGRAMS
for program in "${needed[@]}"; do
  [[ -x $HOST_PROGRAMS/$program ]] || die "$HOST_PROGRAMS/$program is missing: start this by \`make demo\` or \`make bench\`"
done

for use in "WEB_PORT the page" "SSH_PORT sshd" "SMTP_PORT Postfix"; do
  read -r variable what <<<"$use"
  port="${!variable}"
  [[ $port =~ ^[0-9]{1,5}$ ]] || die "$variable must be a port number"
  if [[ -n "$(ss -Hltn "sport = :$port")" ]]; then
    die "port $port ($what) is in use: end what listens there, or choose another: make demo $variable=…"
  fi
done

# The process namespace ends with its first process: nothing outlives the host, even when this
# script is killed outright.
host=(setpriv --pdeathsig KILL unshare --mount --uts --ipc --pid --fork --kill-child=KILL --mount-proc --propagation private
  "$here/inside.sh")

# Accounts, homes and settings of the machine itself; after a check they must be what they were.
machine() {
  cat /etc/{passwd,group,shadow,gshadow} /etc/{postfix/main.cf,ssh/sshd_config} 2>/dev/null || true
  ls -A /home /etc/{registrar,postfix,ssh} /var/lib/{provisiond,registrar-web} 2>/dev/null || true
}
before="$(machine)"

# With job control the host gets a process group of its own. In a terminal it is in the foreground,
# so Ctrl-C reaches the host alone: it stops in order, and make sees a clean end.
set -m
status=0
if [[ -t 0 && $HOST_MODE == serve ]]; then
  "${host[@]}" || status=$?
else
  "${host[@]}" </dev/null &
  group=$!
  trap 'kill -TERM -- "-$group" 2>/dev/null || true' INT TERM HUP
  while kill -0 "$group" 2>/dev/null; do
    status=0
    wait "$group" || status=$?
  done
fi
if [[ $HOST_MODE == @(check|join) && "$(machine)" != "$before" ]]; then
  die "FAILED at: the end: accounts, homes or settings of the machine itself have changed"
fi
exit "$status"
