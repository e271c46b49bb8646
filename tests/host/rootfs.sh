# shellcheck shell=bash
# The root file system that booted hosts start from: made once for each Debian suite by mmdebstrap
# and kept in the cache. Sourced by machine.sh.
#
# The archive's address is a property of the machine: it is read from apt at run time and written
# nowhere but into a scratch file that is removed.

readonly RECIPE=1 # raise when configure_root changes: the cache is then made anew

ROOT_PACKAGES=systemd,systemd-sysv,dbus,polkitd,libpam-systemd,libnss-systemd,ca-certificates
ROOT_PACKAGES+=,postfix,openssh-server,openssh-client,neomutt,cron,locales,procps,iproute2,sudo
# What the checks themselves use.
ROOT_PACKAGES+=,tmux,less,curl,perl,swaks,sshpass,lynx,w3m
readonly ROOT_PACKAGES

# root_path: where the cached file system of HOST_SUITE is, or will be.
root_path() {
  local key
  key="$(printf '%s\n' "$RECIPE" "$HOST_SUITE" "$ROOT_PACKAGES" | sha256sum | cut -c1-12)"
  echo "$HOST_CACHE/roots/$HOST_SUITE-$key"
}

# As this machine has it, with the name of the suite exchanged.
apt_lines() {
  local here
  here="$(. /etc/os-release && echo "$VERSION_CODENAME")"
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
    sort -u | while read -r uri release component; do
      case $release in
        "$here" | "$here"-updates | "$here"-security)
          echo "deb $uri $HOST_SUITE${release#"$here"} $component" ;;
      esac
    done
}

configure_root() {
  local root="$1" unit
  : >"$root/etc/machine-id" # a fresh one each boot
  rm -f "$root/var/lib/dbus/machine-id" "$root/etc/apt/apt.conf.d/99mmdebstrap"
  rm -f "$root/etc/apt/sources.list.d/"* "$root/etc/hostname"
  : >"$root/etc/apt/sources.list"
  rm -rf "$root/var/lib/apt/lists/"*
  : >"$root/etc/resolv.conf"
  chroot "$root" postconf -e 'mydestination = $myhostname, localhost' 'inet_interfaces = loopback-only'
  chroot "$root" postconf -X myhostname
  # What only a machine with hardware or a network needs.
  for unit in systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
    dpkg-db-backup.timer fstrim.timer getty@tty1.service console-getty.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
}

# build_root: makes the file system unless the cache has it. One at a time.
build_root() {
  local root scratch started=$SECONDS
  root="$(root_path)"
  mkdir -p "$HOST_CACHE/roots"
  exec {lock}>"$HOST_CACHE/roots/.lock"
  flock "$lock"
  if [[ -e $root.ok ]]; then
    exec {lock}>&-
    return 0
  fi
  say "building Debian $HOST_SUITE (once; about a minute)"
  rm -rf --one-file-system -- "$root" "$HOST_CACHE"/roots/.new.*
  scratch="$(mktemp -d "$HOST_CACHE/roots/.new.XXXXXX")"
  # shellcheck disable=SC2064
  trap "rm -rf --one-file-system -- '$scratch'" EXIT
  [[ -n "$(apt_lines)" ]] || apt-get -qq -o DPkg::Lock::Timeout=300 update
  apt_lines >"$scratch/sources.list"
  [[ -s $scratch/sources.list ]] || die "apt here names no Debian archive"
  apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|Retries|http|https|ForceIPv4)' >"$scratch/apt.conf" || true
  chmod 755 "$scratch"
  if ! mmdebstrap --quiet --mode=root --variant=minbase --include="$ROOT_PACKAGES" \
    --aptopt="$scratch/apt.conf" "$HOST_SUITE" "$scratch/root" "$scratch/sources.list" >"$scratch/log" 2>&1; then
    sed -E 's#(https?|ftp)://[^/ ]+#ARCHIVE#g' "$scratch/log" >&2
    die "mmdebstrap failed"
  fi
  configure_root "$scratch/root"
  mv "$scratch/root" "$root"
  touch "$root.ok"
  rm -rf --one-file-system -- "$scratch"
  trap - EXIT
  exec {lock}>&-
  say "built Debian $HOST_SUITE in $((SECONDS - started)) s, $(du -sm "$root" | cut -f1) MB"
}
