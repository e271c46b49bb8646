#!/usr/bin/env bash
# What the services can't do, even taken over: a probe runs in the shipped units' own sandboxes.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
# An address that is neither loopback's nor anybody else's.
readonly ELSEWHERE=192.0.2.7
install -m 0755 "$inside/probe.pl" /usr/local/bin/probe
ip address replace "$ELSEWHERE/32" dev lo
id ada >/dev/null

# From 257 on /home can't be opened alone by what systemd-analyze counts; see decision 13.
threshold=15
(($(systemctl --version | awk 'NR == 1 { print $2 }') < 257)) || threshold=16
step "systemd judges provisiond at most ${threshold:0:1}.${threshold:1} and registrar-web at most 0.9"
systemd-analyze security --threshold=$threshold --no-pager provisiond.service >"$KEPT/answer" || fail "$(tail -n 1 "$KEPT/answer")"
systemd-analyze security --threshold=9 --no-pager registrar-web.service >"$KEPT/answer" || fail "$(tail -n 1 "$KEPT/answer")"
step "a threshold below the score is missed, so it can be"
! systemd-analyze security --threshold=1 --no-pager provisiond.service >/dev/null 2>&1 || fail "0.1 was reached"

# in_sandbox UNIT PROBE…: runs the probes under every directive of the unit but what it starts.
in_sandbox() {
  local unit="$1" copy="probe-of-$1"
  shift
  systemctl cat "$unit" | grep -vE '^(#|Type|Exec|Sockets|Restart|Watchdog|Requires|Wants|After|PartOf|WantedBy|Timeout|RestartPrevent)|^\[Install\]' |
    sed "s|^\[Service\]|&\nType=oneshot\nStandardOutput=file:/run/probe.out\nExecStart=/usr/local/bin/probe $*|" >"/run/systemd/system/$copy"
  rm -f /run/probe.out
  systemctl daemon-reload
  systemctl start "$copy" || fail "$(journalctl -q -u "$copy" -o cat -n 10)"
  rm "/run/systemd/system/$copy"
}
# all yes|no: of what was probed
all() {
  [[ -s /run/probe.out ]] || fail "the probe said nothing"
  ! grep -vP "\t$1\$" /run/probe.out >"$KEPT/answer" || fail "not «$1»: $(tr '\n' ' ' <"$KEPT/answer")"
}

DAEMON_MAY=(write:/home write:/etc write:/etc/ssh/registrar_keys write:/etc/postfix/registrar write:/var/lib/provisiond
  unix:/run/provisiond/admin.sock)
DAEMON_NOT=(tcp:127.0.0.1,25 tcp:127.0.0.1,3000 tcp:$ELSEWHERE,22 family:16 family:17
  write:/usr/local write:/usr/sbin write:/boot write:/opt list:/root write:/var/lib write:/var/lib/registrar-web write:/var/log
  write:/etc/systemd/system write:/etc/ssh write:/etc/ssh/sshd_config.d write:/etc/polkit-1 write:/etc/sudoers.d write:/etc/pam.d
  write:/etc/cron.d write:/etc/profile.d write:/etc/ld.so.conf.d write:/etc/skel write:/etc/registrar write:/etc/postfix
  change:/proc/sys/kernel/hostname change:/sys/fs/cgroup/cgroup.procs setgid_bit:/home
  call:unshare call:sethostname call:mount call:mknod call:keyctl)
WEB_MAY=(write:/var/lib/registrar-web tcp:127.0.0.1,25 unix:/run/provisiond/submit.sock)
WEB_NOT=(unix:/run/provisiond/admin.sock tcp:$ELSEWHERE,22 family:16 family:17 setuid:0 setuid:65534
  read:/etc/shadow read:/etc/registrar/credentials/admin-token list:/home list:/home/ada list:/var/lib/provisiond list:/root
  write:/etc write:/etc/registrar write:/home write:/usr/local write:/var/lib write:/var/lib/provisiond write:/var/log
  change:/proc/sys/kernel/hostname change:/sys/fs/cgroup/cgroup.procs setgid_bit:/var/lib/registrar-web
  call:unshare call:sethostname call:mount call:mknod call:keyctl)

step "the same probes succeed for root outside the sandbox, so they can"
# What no process in a container may do says nothing here.
filtered() { printf '%s\n' "$@" | grep -vE '^(call:(mknod|keyctl|sethostname)|family:17|change:/proc/sys|unix:.*admin|setuid:0)'; }
mapfile -t both < <(filtered "${DAEMON_NOT[@]}" "${WEB_NOT[@]}")
unshare --mount probe "${both[@]}" >/run/probe.out
all yes

step "provisiond may do its work: homes, accounts, key files, Postfix's map, its own state"
in_sandbox provisiond.service "${DAEMON_MAY[@]}"; all yes
step "provisiond can't reach a network, write elsewhere, or change the system"
in_sandbox provisiond.service "${DAEMON_NOT[@]}"; all no
step "registrar-web may do its work: its own state, SMTP on this host, submit.sock"
in_sandbox registrar-web.service "${WEB_MAY[@]}"; all yes
step "registrar-web can't reach another address, admin.sock, secrets or homes, or change the system"
in_sandbox registrar-web.service "${WEB_NOT[@]}"; all no

step "neither holds a capability that its unit does not name"
capabilities() { awk '/^Cap(Prm|Eff|Bnd|Amb)/ { print $2 }' "/proc/$(pid_of "$1")/status" | sort -u | tr '\n' ' '; }
is "registrar-web's capabilities" "0000000000000000 " "$(capabilities registrar-web.service)"
# Of the six at most: CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, KILL 5, SETGID 6, SETUID 7.
held="$(awk '/^CapBnd/ { print $2 }' "/proc/$(pid_of provisiond.service)/status")"
(( (16#$held & ~16#eb) == 0 )) || fail "provisiond may hold $held"

step "homes elsewhere than the unit allows: provisiond does not start and says how to widen it"
mkdir -p /srv/home
set_in "$PROVISIOND_TOML" home_root '"/srv/home"'
! systemctl restart provisiond.service 2>/dev/null || fail "it started"
journalctl -q -u provisiond.service -n 20 -o cat >"$KEPT/answer"
grep -q '/srv/home' "$KEPT/answer" || fail "the log does not name it: $(cat "$KEPT/answer")"
grep -q 'home-root.conf' "$KEPT/answer" || fail "the log does not name the drop-in: $(cat "$KEPT/answer")"
step "with the shipped drop-in they work"
mkdir -p /etc/systemd/system/provisiond.service.d
cp "$inside/../../../systemd/examples/home-root.conf" /etc/systemd/system/provisiond.service.d/
systemctl daemon-reload
systemctl reset-failed
systemctl restart provisiond.service registrar-web.service
until_true 10 web_is_ready
sign_up srvhome
is "the home" "srvhome:srvhome 711" "$(stat -c '%U:%G %a' /srv/home/srvhome)"
is "who is logged in" srvhome "$(by_key id -un)"
rm -r /etc/systemd/system/provisiond.service.d
set_in "$PROVISIOND_TOML" home_root '"/home"'
systemctl daemon-reload
systemctl restart provisiond.service
finish
