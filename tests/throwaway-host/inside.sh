#!/usr/bin/env bash
# The first process of the throw-away host: lays memory over the machine's files, starts the
# services, shows outgoing mail, stops all of it. Started by run.sh in namespaces of its own.
set -Eeuo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=layers.sh
source "$here/layers.sh"
# shellcheck source=services.sh
source "$here/services.sh"

readonly DOMAIN=tilde.test OUTSIDE=outside.test
readonly LOGS=/var/log/throwaway OUTBOX=/var/mail/outside
export DOMAIN OUTSIDE LOGS OUTBOX

[[ $$ == 1 ]] || { echo "inside.sh is started by run.sh" >&2; exit 1; }

fail() {
  echo "demo: $*" >&2
  stop_services
  exit 1
}
trap 'echo; echo "demo: stopping"; stop_services; echo "demo: ended; nothing is left"; exit 0' INT TERM HUP
trap 'echo "demo: failed in line $LINENO: $BASH_COMMAND" >&2' ERR

# The first admin of the demo. Nothing is secret on a host that only this machine reaches.
readonly ADMIN=grace ADMIN_PASSWORD="Nanoseconds are a foot long"

lay_over_the_machine
prepare_host
start_services
if [[ $HOST_MODE == @(serve|check) ]]; then
  NAME="$ADMIN" PASSWORD="$ADMIN_PASSWORD" "$here/admin.sh" || fail "there is no admin"
fi

# end_after COMMAND…: runs it, shows the logs when it fails, and ends the host with its status.
end_after() {
  local status=0
  "$@" || status=$?
  ((status == 0)) || show_logs
  stop_services
  exit "$status"
}
case "$HOST_MODE" in
  check) end_after "$here/check.sh" ;;
  browser) REGISTRAR_WEB_PID="${PIDS[registrar-web]}" end_after "$here/browser.sh" ;;
  screenshots) REGISTRAR_WEB_PID="${PIDS[registrar-web]}" end_after "$here/screenshots.sh" ;;
  join) end_after "$here/join.sh" ;;
  contract) end_after "$here/contract.sh" ;;
  live) end_after "$here/live.sh" ;;
  # 12 is the cost of registrar.toml.
  bench) end_after "$HOST_PROGRAMS/load" "127.0.0.1:$WEB_PORT" 12 "$BENCH_AT_ONCE" "${PIDS[registrar-web]}" "${PIDS[provisiond]}" ;;
esac

cat <<END

  The page         http://127.0.0.1:$WEB_PORT/signup
  Or sign up by    ssh -p $SSH_PORT join@127.0.0.1
  Then log in by   ssh -p $SSH_PORT NAME@127.0.0.1   and read mail by   neomutt
  Any address      takes mail here; each outgoing mail is shown below, with its link
  Mail to a member swaks --server 127.0.0.1:$SMTP_PORT --to NAME@$DOMAIN   (on this machine)
  The console      http://127.0.0.1:$WEB_PORT/admin   as $ADMIN, password: $ADMIN_PASSWORD
  registrarctl     ssh -p $SSH_PORT $ADMIN@127.0.0.1   with that password, then   registrarctl help
  Ctrl-C           ends the host; nothing of this machine was changed

END
# Waited for in the background, so that a signal is served at once.
"$here/show-mail.pl" --follow "$OUTBOX" &
wait_for_the_end
