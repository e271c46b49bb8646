#!/usr/bin/env bash
# What `systemctl` does for a member of registrar-admin, and for others: polkit/expected.tsv, and
# every verb with every unit.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
readonly EXPECTED="$inside/../../../polkit/expected.tsv"
readonly REFUSED='Interactive authentication required|Access denied|Permission denied'

member_of_staff keeper registrar-admin
member_of_staff visitor

# Everything that a wrong yes could change.
picture() {
  local unit
  for unit in "${UNITS[@]}" postfix.service ssh.service; do
    systemctl show "$unit" -p Id,ActiveState,UnitFileState,LoadState,MainPID,InvocationID,TasksMax,DropInPaths
  done
  ls -l /etc/systemd/system /run/systemd/system* 2>/dev/null
}

# call WHO VERB UNIT: systemctl as them; its output in KEPT/answer.
call() {
  local command=(systemctl --no-ask-password "$2" "$3")
  case "$2" in
    kill) command+=(--signal=CONT) ;;
    set-property) command+=(TasksMax=100) ;;
    # It wants a terminal; this editor changes the file.
    edit) command=(script -qec "SYSTEMD_EDITOR='sed -i s/100/101/' systemctl --no-ask-password edit --full $3" /dev/null) ;;
    daemon-reload) command=(systemctl --no-ask-password daemon-reload) ;;
  esac
  as "$1" "${command[@]}" >"$KEPT/answer" 2>&1 </dev/null
}

allowed() { # WHO VERB UNIT: is done, and has its effect
  local before after
  before="$(pid_of "$3" 2>/dev/null)"
  call "$@" || fail "$1: $2 $3 was refused: $(cat "$KEPT/answer")"
  after="$(pid_of "$3" 2>/dev/null)"
  case "$2 $3" in
    "start "*) until_true 5 systemctl --quiet is-active "$3" ;;
    "stop "*) ! systemctl --quiet is-active "$3" || fail "$3 goes on" ;;
    "restart "*.service | "try-restart "*.service) [[ $before != "$after" ]] || fail "$2: $3 was not started again" ;;
    "reload "*.service | "reload-or-restart "*.service) is "pid of $3 after $2" "$before" "$after" ;;
  esac
}
refused() { # WHO VERB UNIT: is refused for want of power, and nothing has changed
  local before
  before="$(picture)"
  ! call "$@" || fail "$1: $2 $3 was done"
  grep -qE "$REFUSED" "$KEPT/answer" || fail "$1: $2 $3 ended otherwise: $(cat "$KEPT/answer")"
  [[ "$(picture)" == "$before" ]] || fail "$1: $2 $3 left a trace: $(diff <(echo "$before") <(picture))"
}
# Stopped by a line of the table, or started too often for systemd in this minute.
all_up() {
  systemctl reset-failed
  local socket
  for socket in registrar-web-admin.socket registrar-web-join.socket; do
    systemctl --quiet is-active "$socket" || systemctl stop registrar-web.service
  done
  systemctl start "${UNITS[@]}"
}

step "over ssh, an admin of the registrar restarts registrar-web without a password"
person keeper
before="$(pid_of registrar-web.service)"
by_key systemctl --no-ask-password restart registrar-web.service
[[ "$(pid_of registrar-web.service)" != "$before" ]] || fail "it was not restarted"

while IFS=$'\t' read -r who verb unit outcome; do
  [[ $who != \#* ]] || continue
  step "$who: $verb $unit: $outcome"
  case $who in admin) user=keeper ;; other) user=visitor ;; *) fail "unknown: $who" ;; esac
  case "$outcome" in
    yes)
      case "$verb" in
        start)
          systemctl stop "$unit" 2>/dev/null
          # systemd starts no socket whose service is running.
          [[ $unit != registrar-web-*.socket ]] || systemctl stop registrar-web.service
          ;;
        *) all_up ;;
      esac
      allowed "$user" "$verb" "$unit"
      # So many starts are more than systemd lets a unit have in ten seconds.
      systemctl reset-failed
      ;;
    no) all_up; refused "$user" "$verb" "$unit" ;;
    *) fail "unknown outcome: $outcome" ;;
  esac
done < <(grep . "$EXPECTED")
all_up

for unit in "${UNITS[@]}"; do
  step "an admin of the registrar can't mask, kill, set-property, enable, disable or edit $unit"
  for verb in mask kill set-property enable disable edit; do refused keeper "$verb" "$unit"; done
  step "others can't start, stop, restart or reload $unit"
  for verb in start stop restart try-restart reload-or-restart; do refused visitor "$verb" "$unit"; done
done
for verb in start stop restart reload; do
  step "an admin of the registrar can't $verb ssh.service, cron.service"
  refused keeper "$verb" ssh.service
  [[ $verb == reload ]] || refused keeper "$verb" cron.service
done
until_true 10 web_is_ready
finish
