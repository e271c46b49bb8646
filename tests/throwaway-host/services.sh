# shellcheck shell=bash
# Set-up, start and stop of the throw-away host's services. Sourced by inside.sh.

declare -A PIDS=()

prepare_host() {
  hostname "$DOMAIN"
  echo "$DOMAIN" >/etc/mailname
  echo "127.0.0.1 localhost $DOMAIN" >/etc/hosts
  mkdir -p "$LOGS"
  getent group registrar-admin >/dev/null || groupadd --system registrar-admin
  getent passwd registrar-web >/dev/null ||
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin registrar-web
  ((${BENCH_ACCOUNTS:-0} == 0)) || add_members "$BENCH_ACCOUNTS"
  prepare_registrar
  prepare_sshd
  prepare_postfix
}

# add_members COUNT: so many accounts that the host has had all along, as the account tools would have
# left them. Their numbers are above those that provisiond gives out.
add_members() {
  local first=100000
  seq -f '%.0f' "$first" $((first + $1 - 1)) | awk '{
    print "member" $1 ":x:" $1 ":" $1 ":Member:/home/member" $1 ":/bin/bash" >>"/etc/passwd"
    print "member" $1 ":!:20000:0:99999:7:::" >>"/etc/shadow"
    print "member" $1 ":x:" $1 ":" >>"/etc/group"
    print "member" $1 ":!::" >>"/etc/gshadow"
  }'
}

# The commented defaults as a host gets them; what differs here is said by environment variables.
prepare_registrar() {
  mkdir -p /etc/registrar /var/lib/provisiond /etc/ssh/registrar_keys
  install -d -m 2711 /home/groups
  chmod 0700 /var/lib/provisiond
  cp "$HOST_SOURCE/etc/registrar.toml" "$HOST_SOURCE/etc/provisiond.toml" /etc/registrar/
  chmod 0644 /etc/registrar/*
  # For who is in registrar-admin and logs in.
  echo "PATH=\$PATH:$HOST_PROGRAMS" >/etc/profile.d/throwaway.sh
  install -d -o registrar-web -g registrar-web -m 0700 /var/lib/registrar-web
  install -d -o registrar-web -g registrar-web -m 0755 /run/registrar-web
}

prepare_sshd() {
  local keys=/run/throwaway/sshd
  mkdir -p -m 0700 "$keys"
  ssh-keygen -q -t ed25519 -N "" -f "$keys/host_key"
  # The one whose fingerprint members are shown.
  rm -f /etc/ssh/ssh_host_*_key.pub
  cp "$keys/host_key.pub" /etc/ssh/ssh_host_ed25519_key.pub
  {
    echo "Port $SSH_PORT"
    echo "ListenAddress 127.0.0.1"
    echo "HostKey $keys/host_key"
    echo "PidFile none"
    # As Debian has it.
    echo "AcceptEnv LANG LC_*"
    cat "$HOST_SOURCE/etc/sshd_config.d/50-registrar.conf"
    echo "PermitRootLogin no"
    echo "UsePAM yes"
    echo "Subsystem sftp /usr/lib/openssh/sftp-server"
    # What would be open to join if the drop-in left it.
    printf '%s yes\n' AllowTcpForwarding AllowStreamLocalForwarding AllowAgentForwarding X11Forwarding PermitTunnel GatewayPorts
    prepare_join "$keys"
  } >"$keys/sshd_config"
  /usr/sbin/sshd -t -f "$keys/sshd_config" || fail "sshd refuses etc/sshd_config.d/50-registrar.conf"
  # In its usual place as well: there provisiond asks sshd whether it would let somebody in.
  install -m 0644 "$keys/sshd_config" /etc/ssh/sshd_config
}

# prepare_join DIRECTORY: the user of `ssh join@host`, as the package makes it and registrar-setup-join lets
# it in; prints what sshd_config needs. The program is where it was built.
prepare_join() {
  local program="$HOST_PROGRAMS/registrar-join" line
  install -d -m 0755 /run/throwaway/join
  cp "$HOST_SOURCE/etc/join-home/.hushlogin" /run/throwaway/join/
  cp "$HOST_SOURCE/etc/limits.d/60-registrar-join.conf" /etc/security/limits.d/
  getent passwd join >/dev/null ||
    useradd --system --user-group --no-create-home --home-dir /run/throwaway/join --shell "$program" join
  sed "s|/usr/libexec/registrar-join|$program|" "$HOST_SOURCE/etc/sshd_config.d/60-registrar-join.conf" >"$1/join.conf"
  line="$(sed -n "s/^line='\(.*\)'\$/\1/p" "$HOST_SOURCE/debian/registrar-setup-join")"
  [[ -n $line ]] || fail "registrar-setup-join has no line for /etc/pam.d/sshd"
  sed -i "1i $line" /etc/pam.d/sshd
  echo "Include $1/join.conf"
}

# A Postfix of its own, set up by the lines that etc/postfix tells admins to use.
prepare_postfix() {
  mkdir -p /var/spool/postfix /etc/postfix/registrar /var/lib/postfix "$OUTBOX"
  chown postfix: /var/lib/postfix
  : >/etc/postfix/main.cf
  postconf -e "compatibility_level = 3.6" "myhostname = $DOMAIN" "myorigin = $DOMAIN" \
    "mydestination = $DOMAIN, localhost" "inet_interfaces = loopback-only" "inet_protocols = ipv4" \
    "mynetworks = 127.0.0.0/8" "maillog_file = /var/log/mail.log" "recipient_delimiter = +" \
    "alias_maps = hash:/etc/aliases" "alias_database = hash:/etc/aliases" "biff = no" \
    "default_transport = virtual" \
    "virtual_mailbox_domains = $OUTSIDE" "virtual_mailbox_base = $OUTBOX" \
    "virtual_mailbox_maps = static:./" "virtual_uid_maps = static:$(id -u mail)" \
    "virtual_gid_maps = static:$(id -g mail)" "virtual_minimum_uid = 1"
  local line
  grep -E '^[a-z]' "$HOST_SOURCE/etc/postfix/main.cf.snippet" |
    while IFS= read -r line; do postconf -e "$line"; done
  chown mail:mail "$OUTBOX"
  cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf 2>/dev/null || true
  postconf -F '*/*/chroot=n'
  postconf -MX smtp/inet
  postconf -Me "127.0.0.1:$SMTP_PORT/inet=127.0.0.1:$SMTP_PORT inet n - n - - smtpd"
  [[ -e /etc/aliases ]] || echo "postmaster: root" >/etc/aliases
  postalias /etc/aliases
  local map
  for map in refused_recipients suspended/refused_recipients; do
    install -d -m 0755 "$(dirname "/etc/postfix/registrar/$map")"
    touch "/etc/postfix/registrar/$map"
    postmap "hash:/etc/postfix/registrar/$map"
  done
  postfix check 2>"$LOGS/postfix-check.log" || fail "postfix check: $(cat "$LOGS/postfix-check.log")"
}

make_admin_token() {
  (umask 077 && openssl rand -hex 32 >/etc/registrar/admin.token)
  chown registrar-web: /etc/registrar/admin.token
}

start_services() {
  # More than one address may do in an hour, as all come from this one.
  local requests=10000 registrations=50 accounts=60
  local -a more=()
  if [[ $HOST_MODE == bench ]]; then requests=100000000 registrations=1000000 accounts=1000000; fi
  # Each request is to be judged by what it asks, not by how many came before.
  if [[ $HOST_MODE == contract ]]; then
    requests=100000000 registrations=1000000 accounts=1000000
    make_admin_token
    more=(REGISTRAR__SERVER__ADMIN_TOKEN_FILE=/etc/registrar/admin.token REGISTRAR__ACCOUNTS__BCRYPT_COST=10
      REGISTRAR__AUTH__FAILED_LOGINS=1000000 REGISTRAR__LOG__FILTER=warn)
  fi
  if [[ $HOST_MODE == live ]]; then
    make_admin_token
    more=(REGISTRAR__SERVER__ADMIN_TOKEN_FILE=/etc/registrar/admin.token REGISTRAR__ACCOUNTS__BCRYPT_COST=10
      "REGISTRAR__AUTH__ACCESS_TTL=${ACCESS_SECONDS}s" REGISTRAR__LOG__FILTER=warn)
  fi
  if [[ $HOST_MODE == @(browser|screenshots) ]]; then
    make_admin_token
    registrations=1000 accounts=1000
    # Some journeys begin with a wrong password, and all come from one address.
    more=(REGISTRAR__SERVER__ADMIN_TOKEN_FILE=/etc/registrar/admin.token REGISTRAR__ACCOUNTS__BCRYPT_COST=10
      REGISTRAR__AUTH__FAILED_LOGINS=1000 REGISTRAR__INVITES__MEMBERS_MAY_INVITE=5)
  fi
  # The demo is there to try things.
  if [[ $HOST_MODE == @(serve|check) ]]; then
    more=(REGISTRAR__INVITES__MEMBERS_MAY_INVITE=3 "REGISTRAR__REGISTRATION__MODE=$MODE")
  fi
  # A check searches the logs for secrets, so they are to say as much as they can.
  local talk=info
  if [[ $HOST_MODE == @(check|join) ]]; then talk=trace; fi
  start postfix postfix start-fg
  await "Postfix" 20 listens "$SMTP_PORT"
  start sshd /usr/sbin/sshd -D -e -f /run/throwaway/sshd/sshd_config
  await "sshd" 10 listens "$SSH_PORT"
  start provisiond env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin RUST_BACKTRACE=1 \
    "PROVISIOND__LOG__LEVEL=$talk" \
    "PROVISIOND__MAIL__DOMAIN=$DOMAIN" "PROVISIOND__ACCOUNTS__CREATE_LIMIT_PER_HOUR=$accounts" \
    "PROVISIOND__ACCOUNTS__WRITER=${BENCH_WRITER:-shadow-utils}" \
    "$HOST_PROGRAMS/provisiond" --config /etc/registrar/provisiond.toml
  await "provisiond" 10 test -S /run/provisiond/submit.sock
  # No capability, none to be had, and none of this script's environment.
  start registrar-web setpriv --reuid registrar-web --regid registrar-web --init-groups \
    --no-new-privs --inh-caps=-all --bounding-set=-all \
    env -i PATH=/usr/bin:/bin RUST_BACKTRACE=1 \
    "REGISTRAR__LOG__FILTER=$talk" "REGISTRAR__SERVER__LISTEN=127.0.0.1:$WEB_PORT" \
    "REGISTRAR__SERVER__PUBLIC_URL=http://127.0.0.1:$WEB_PORT" \
    "REGISTRAR__COMMUNITY__NAME=Throw-away Tilde" "REGISTRAR__COMMUNITY__DOMAIN=$DOMAIN" \
    "REGISTRAR__COMMUNITY__SSH_PORT=$SSH_PORT" \
    "REGISTRAR__MAIL__PORT=$SMTP_PORT" \
    REGISTRAR__SERVER__ADMIN_SOCKET=/run/registrar-web/admin.sock \
    REGISTRAR__SERVER__JOIN_SOCKET=/run/registrar-web/join.sock \
    "REGISTRAR__LIMITS__REQUESTS=$requests" "REGISTRAR__LIMITS__REGISTRATIONS=$registrations" "${more[@]}" \
    "$HOST_PROGRAMS/registrar-web" --config /etc/registrar/registrar.toml
  await "registrar-web" 20 curl -fsS -o /dev/null "http://127.0.0.1:$WEB_PORT/health/ready"
}

start() {
  local name="$1"
  shift
  "$@" >"$LOGS/$name.log" 2>&1 </dev/null &
  PIDS[$name]=$!
}

# await NAME SECONDS COMMAND…: until the command succeeds.
await() {
  local name="$1" deadline=$((SECONDS + $2)) service
  shift 2
  until "$@" >/dev/null 2>&1; do
    for service in "${!PIDS[@]}"; do
      kill -0 "${PIDS[$service]}" 2>/dev/null || { tail -n 20 "$LOGS/$service.log" >&2; fail "$service ended while starting"; }
    done
    ((SECONDS < deadline)) || { show_logs; fail "$name is not ready in time"; }
    sleep 0.1
  done
  echo "demo: $name is up"
}

listens() { [[ -n "$(ss -Hltn "sport = :$1")" ]]; }

# Until a service ends by itself; signals are served by inside.sh's trap.
wait_for_the_end() {
  local name
  wait -n "${PIDS[@]}" || true
  for name in "${!PIDS[@]}"; do
    kill -0 "${PIDS[$name]}" 2>/dev/null || { tail -n 20 "$LOGS/$name.log" >&2; fail "$name ended by itself"; }
  done
}

# In the order in which they depend on each other; what does not end in time ends with the
# process namespace.
stop_services() {
  local name
  trap '' INT TERM HUP
  for name in registrar-web provisiond sshd postfix; do
    [[ -n ${PIDS[$name]:-} ]] || continue
    kill -TERM "${PIDS[$name]}" 2>/dev/null || continue
    for _ in {1..50}; do
      kill -0 "${PIDS[$name]}" 2>/dev/null || break
      sleep 0.1
    done
  done
  PIDS=()
}

show_logs() {
  local log
  for log in "$LOGS"/*.log /var/log/mail.log; do
    [[ -s $log ]] || continue
    echo "--- the last lines of ${log##*/}" >&2
    tail -n 25 "$log" >&2
  done
}
