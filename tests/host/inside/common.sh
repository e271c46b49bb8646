# shellcheck shell=bash
# What the checks on a booted host share. Sourced by each of them; they run as root inside the host.

inside="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
DOMAIN="$(cat /etc/mailname)"
readonly inside DOMAIN
readonly OUTSIDE=outside.test OUTBOX=/var/mail/outside
readonly WEB_PORT=3000 SSH_PORT=22 SMTP_PORT=25 WEB=http://127.0.0.1:3000
readonly UNITS=(registrar-web.service registrar-web-admin.socket registrar-web-join.socket provisiond.service provisiond.socket provisiond-admin.socket)
# What later phases need: passwords and tokens used, request ids, keys. Lives as long as the host.
readonly KEPT=/root/kept
export DOMAIN OUTSIDE OUTBOX WEB_PORT SSH_PORT SMTP_PORT LC_ALL=C.UTF-8
mkdir -p -m 0700 "$KEPT"

step="start"
# step TEXT: ends the one before it with ok.
step() {
  [[ $step == start ]] || echo "ok      $step"
  step="$1"
}
fail() { echo "FAILED  $step: $*" >&2; exit 1; }
finish() { step ""; trap - EXIT; }
trap 'status=$?; ((status <= 1)) || fail "unexpected end ($status)"' EXIT
trap 'fail "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
set -E

# shellcheck source=../../throwaway-host/person.sh
source "$inside/../../throwaway-host/person.sh"

# is WHAT WANTED GOT
is() { [[ $2 == "$3" ]] || fail "$1: expected «$2», found «$3»"; }

# person NAME: from here on person.sh speaks for this one; makes a key and a password where missing.
person() {
  NAME="$1" ADDRESS="$1@$OUTSIDE" WORK="$KEPT/$1" SUBJECT="To $1" seen=0
  mkdir -p -m 0700 "$WORK"
  [[ -e $WORK/key ]] || ssh-keygen -q -t ed25519 -N "" -C "$NAME@laptop" -f "$WORK/key"
  [[ -e $WORK/password ]] || echo "Secret of $NAME $(head -c 6 /dev/urandom | base64)" >"$WORK/password"
  PASSWORD="$(cat "$WORK/password")"
}

# sign_up NAME: from the form to the active account, without a look at what lies between.
sign_up() {
  person "$1"
  register displayName "$1 of $DOMAIN" >/dev/null
  follow_until VERIFICATION_SENT >/dev/null
  find_mail "$TOKEN"
  verification_token >"$WORK/token"
  verify_address "$(cat "$WORK/token")" >/dev/null
  follow_until VERIFIED >/dev/null
}

# until_true SECONDS COMMAND…: fails when it is not true in that time.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "in vain: $*"
    sleep 0.1
  done
}

web_is_ready() { curl -fsS -o /dev/null "$WEB/health/ready"; }
pid_of() { systemctl show -P MainPID "$1"; }
uuid() { cat /proc/sys/kernel/random/uuid; }

# provisiond METHOD PARAMETERS…: a call on admin.sock as root; prints the replies.
provisiond() { "$inside/varlink.pl" /run/provisiond/admin.sock "$@"; }
# on_account METHOD NAME: with a request id of its own.
on_account() { provisiond "$1" requestId "$(uuid)" username "$2"; }

# member_of_staff NAME [GROUPS]: a login that the host's admin made, with the key in KEPT/NAME.
# Outside provisiond's uids: by itself useradd goes on after the highest uid there is.
member_of_staff() {
  person "$1"
  id "$1" >/dev/null 2>&1 || useradd -m -s /bin/bash -K UID_MAX=9999 ${2:+-G "$2"} "$1"
  install -d -o "$1" -g "$1" -m 0700 "/home/$1/.ssh"
  install -o "$1" -g "$1" -m 0600 "$WORK/key.pub" "/home/$1/.ssh/authorized_keys"
}

# as USER COMMAND…: with the user's groups, and none of root's power.
as() {
  local user="$1"
  shift
  setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --inh-caps=-all "$@"
}

# set_in FILE KEY VALUE: an existing setting of a TOML file, wherever it stands.
set_in() {
  grep -qE "^$2 = " "$1" || fail "$1 has no $2"
  sed -i -E "s|^$2 = .*|$2 = $3|" "$1"
}
readonly WEB_TOML=/etc/registrar/registrar.toml PROVISIOND_TOML=/etc/registrar/provisiond.toml
