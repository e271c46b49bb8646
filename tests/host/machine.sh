#!/usr/bin/env bash
# A throw-away booted Debian host: systemd as PID 1 in namespaces of its own.
#
#   machine.sh build               make the root file system (cached)
#   machine.sh boot                start a fresh host from it; wait till it is up
#   machine.sh exec COMMAND…       run a command as root in it, started by its own PID 1
#   machine.sh copy-in SRC… DIR    copy files or folders into folder DIR, owned by root
#   machine.sh copy-out PATH DIR   copy one path of the host into folder DIR here
#   machine.sh reboot              reboot it (its files stay) and wait till it is up again
#   machine.sh logs                print its journal
#   machine.sh status              print up or down; exit 0 when up
#   machine.sh down                power it off and remove all it left (no error when down)
#   machine.sh purge               down, and remove the cached root file system
#
# Settings, all by environment:
#   HOST_SUITE    bookworm or trixie                        (this machine's own)
#   HOST_NAME     name of this host; two may run at a time  (the suite)
#   HOST_CACHE    where root file systems and state live    (~/.cache/cosmic-registrar/hosts)
#   HOST_TMPFS    size of the writable layer                (2g)
#   HOST_TIMEOUT  seconds to wait for the boot              (90)
#
# Each boot has its own mount, pid, ipc, uts, cgroup and network namespaces; the network is loopback
# alone. The writable layer is a tmpfs inside the boot's mount namespace, so nothing of it survives
# the host's end. Needs root.
#
# What it can't show, because kernel and limits are this machine's: MemoryMax=, TasksMax= and
# CPUQuota= where the controllers sit on cgroup v1, file system quotas, AppArmor, raising a hard
# rlimit or a negative OOMScoreAdjust= where CAP_SYS_RESOURCE is missing.
set -euo pipefail

HOST_SUITE="${HOST_SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}"
HOST_NAME="${HOST_NAME:-$HOST_SUITE}"
HOST_CACHE="${HOST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cosmic-registrar/hosts}"
HOST_TMPFS="${HOST_TMPFS:-2g}"
HOST_TIMEOUT="${HOST_TIMEOUT:-90}"

say() { echo "host: $*" >&2; }
die() { say "$*"; exit 1; }

# shellcheck source=rootfs.sh
source "$(dirname "${BASH_SOURCE[0]}")/rootfs.sh"

STATE="$HOST_CACHE/state/$HOST_NAME" CGROUP="cosmic-registrar-$HOST_NAME" LOWER="$(root_path)"
export STATE CGROUP LOWER HOST_NAME HOST_TMPFS

# Start time of a process; nothing for one that has ended, reaped or not.
start_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" && $1 != "X" { print $20 }'; }

# The supervisor's pid while the one on record runs. Pid and start time, so that a pid which was
# given out again is not taken for it.
supervisor() {
  local pid start
  [[ -r $STATE/pid ]] || return 1
  read -r pid start <"$STATE/pid" || return 1
  [[ -n $start && "$(start_of "$pid")" == "$start" ]] || return 1
  echo "$pid"
}

# The host's PID 1 as it is numbered here: supervisor > systemd-nspawn > it.
leader() {
  local supervisor nspawn child
  supervisor="$(supervisor)" || return 1
  for nspawn in $(pgrep -P "$supervisor"); do
    for child in $(pgrep -P "$nspawn"); do
      if [[ "$(awk '$1 == "NSpid:" { print $NF; exit }' "/proc/$child/status" 2>/dev/null)" == 1 ]]; then
        echo "$child"
        return 0
      fi
    done
  done
  return 1
}

need_leader() { leader || die "host '$HOST_NAME' is not up"; }

# in_host LEADER COMMAND…: joins the namespaces only, not the cgroup nor the capability bounds.
in_host() {
  local leader="$1"
  shift
  nsenter -t "$leader" -m -u -i -n -p -C -- "$@"
}

# Ends whatever is left in the host's cgroup (a host outlives a supervisor that was killed).
remove_cgroup() {
  unshare -m --propagation private bash -c '
    mkdir -p "$2" && mount -t cgroup2 none "$2" || exit 0
    group=$2/$1
    [ -d "$group" ] || exit 0
    echo 1 >"$group/cgroup.kill"
    for i in {1..100}; do
      grep -q "^populated 0" "$group/cgroup.events" && break
      sleep 0.1
    done
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
    [ ! -d "$group" ]' _ "$CGROUP" "$STATE/cgroup" || say "cgroup $CGROUP is still there"
}

# The supervisor: makes all mounts in a mount namespace of its own, so that they go when it goes.
# A unified cgroup hierarchy (this machine may have v1 there), a tmpfs for the writable layer, one
# for nspawn's files below /run. systemd-nspawn exits with 133 when the host reboots.
readonly SUPERVISE='
  set -e
  echo "$$ $(sed "s/.*) //" /proc/$$/stat | cut -d" " -f20)" >"$STATE/pid.new"
  mv "$STATE/pid.new" "$STATE/pid"
  umount -R /sys/fs/cgroup
  mount -t cgroup2 none /sys/fs/cgroup
  mkdir -p "/sys/fs/cgroup/$CGROUP"
  echo $$ >"/sys/fs/cgroup/$CGROUP/cgroup.procs"
  mkdir -p /run/systemd/nspawn
  mount -t tmpfs -o mode=755 none /run/systemd/nspawn
  mount -t tmpfs -o "mode=755,size=$HOST_TMPFS" none "$STATE/layer"
  mkdir "$STATE/layer/upper" "$STATE/layer/work"
  chmod 755 "$STATE/layer/upper"
  mount -t overlay -o "redirect_dir=on,lowerdir=$LOWER,upperdir=$STATE/layer/upper,workdir=$STATE/layer/work" none "$STATE/root"
  echo "$HOST_NAME.test" >"$STATE/root/etc/hostname"
  echo "$HOST_NAME.test" >"$STATE/root/etc/mailname"
  printf "127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 %s.test %s\n" \
    "$HOST_NAME" "$HOST_NAME" >"$STATE/root/etc/hosts"
  export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
  nspawn=
  trap "kill -TERM \$nspawn 2>/dev/null" TERM
  ended=133
  while [ $ended = 133 ]; do
    # --register=no --keep-unit: there is no systemd here to register with. bpf: without it
    # IPAddressDeny= and DevicePolicy= are silently not enforced.
    systemd-nspawn --quiet --boot --settings=no --register=no --keep-unit \
      --private-network --private-users=no --link-journal=no --resolv-conf=off --timezone=off \
      --machine="$HOST_NAME" --hostname="$HOST_NAME.test" --directory="$STATE/root" \
      --capability=CAP_BPF,CAP_PERFMON --system-call-filter=bpf --console=read-only &
    nspawn=$!
    while :; do
      ended=0
      wait $nspawn || ended=$?
      kill -0 $nspawn 2>/dev/null || break
    done
  done
  exit $ended'

boot() {
  local started
  build_root
  down
  mkdir -p "$STATE/layer" "$STATE/root"
  started="$(date +%s%N)"
  setsid unshare -m --propagation private bash -c "$SUPERVISE" </dev/null >"$STATE/console.log" 2>&1 &
  wait_up "$started"
}

# wait_up STARTED: until systemd says running or degraded. STARTED in nanoseconds.
wait_up() {
  local started="$1" elapsed=0 state='' leader=''
  while :; do
    elapsed=$((($(date +%s%N) - started) / 1000000))
    if ((elapsed > HOST_TIMEOUT * 1000)); then
      not_up "not up after $HOST_TIMEOUT s (last state: ${state:-none})"
    fi
    if [[ -e $STATE/pid ]] && ! supervisor >/dev/null; then
      not_up "systemd-nspawn ended during the boot"
    fi
    if leader="$(leader)"; then
      state="$(in_host "$leader" systemctl is-system-running 2>/dev/null || true)"
      case $state in running | degraded) break ;; esac
    fi
    sleep 0.1
  done
  say "Debian $HOST_SUITE is $state after $elapsed ms"
  [[ $state == running ]] || in_host "$leader" systemctl --failed --no-legend --plain >&2 || true
}

not_up() {
  tail -n 20 "$STATE/console.log" >&2
  down
  die "$1"
}

reboot_host() {
  local before started i
  before="$(need_leader)"
  started="$(date +%s%N)"
  in_host "$before" systemctl --no-block reboot
  for ((i = 0; i < HOST_TIMEOUT * 10; i++)); do
    [[ "$(leader || true)" == "$before" ]] || break
    sleep 0.1
  done
  wait_up "$started"
}

down() {
  local supervisor i
  if supervisor="$(supervisor)"; then
    kill -TERM "$supervisor" 2>/dev/null || true # systemd-nspawn turns it into an orderly power-off
    for ((i = 0; i < 200; i++)); do
      supervisor >/dev/null || break
      sleep 0.1
    done
    ! supervisor >/dev/null || say "no orderly end in 20 s: killed"
  fi
  mkdir -p "$STATE"
  remove_cgroup
  rm -rf --one-file-system -- "$STATE"
}

# As a transient unit, so that PID 1 starts it like any service. systemd-run expands $ in the
# command: $$ is a plain one.
exec_in() {
  local leader
  (($#)) || die "exec: which command?"
  leader="$(need_leader)"
  in_host "$leader" systemd-run --quiet --collect --wait --pipe --service-type=exec \
    --setenv=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --setenv=LANG=C.UTF-8 --setenv=TERM=dumb --setenv=HOME=/root --working-directory=/root \
    -- "${@//\$/\$\$}"
}

copy_in() {
  local leader into="${*: -1}" source
  (($# > 1)) || die "copy-in SRC… DIR"
  leader="$(need_leader)"
  nsenter -t "$leader" -m -- mkdir -p "$into"
  for source in "${@:1:$#-1}"; do
    source="$(realpath "$source")"
    tar -C "$(dirname "$source")" --owner=0 --group=0 -cf - "$(basename "$source")" |
      nsenter -t "$leader" -m -- tar -C "$into" -xpf -
  done
}

copy_out() {
  local leader
  (($# == 2)) || die "copy-out PATH DIR"
  leader="$(need_leader)"
  mkdir -p "$2"
  nsenter -t "$leader" -m -- tar -C "$(dirname "$1")" -cf - "$(basename "$1")" | tar -C "$2" --no-same-owner -xpf -
}

[[ $EUID == 0 ]] || die "needs root"
command="${1:-help}"
shift || true
case $command in
  build) build_root ;;
  boot) boot ;;
  exec) exec_in "$@" ;;
  copy-in) copy_in "$@" ;;
  copy-out) copy_out "$@" ;;
  status) if leader >/dev/null; then echo up; else echo down; exit 3; fi ;;
  logs) exec_in journalctl --no-pager -b "$@" ;;
  reboot) reboot_host ;;
  down) down ;;
  purge) down; rm -rf --one-file-system -- "$LOWER" "$LOWER.ok" ;;
  *) sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' "$0" ;;
esac
