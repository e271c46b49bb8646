# shellcheck shell=bash
# The file system of the throw-away host. Sourced by inside.sh.

# Kept as they are below, with a layer in memory on top that takes the writes.
readonly LAYERED=(/etc /var/lib)
# Empty at first: the machine's own homes, mail and logs are not even seen.
readonly EMPTY=(/home /var/mail /var/spool /var/log /tmp)

lay_over_the_machine() {
  local directory layer source programs
  # Held open by a second name before /run, /home or /tmp covers it.
  exec {source_fd}<"$HOST_SOURCE" {programs_fd}<"$HOST_PROGRAMS"
  mount -t tmpfs -o mode=0755 throwaway /run
  mkdir -p /run/throwaway/{source,programs} /run/lock /run/sshd
  source="/proc/self/fd/$source_fd" programs="/proc/self/fd/$programs_fd"
  mount --bind "$source" /run/throwaway/source
  mount --bind "$programs" /run/throwaway/programs
  if [[ $HOST_MODE == screenshots ]]; then
    mkdir -p /run/throwaway/screenshots
    mount --bind "$source/docs/screenshots" /run/throwaway/screenshots
  fi
  exec {source_fd}<&- {programs_fd}<&-
  mount -o remount,bind,ro /run/throwaway/source
  mount -o remount,bind,ro /run/throwaway/programs
  here=/run/throwaway/source/tests/throwaway-host
  HOST_SOURCE=/run/throwaway/source HOST_PROGRAMS=/run/throwaway/programs

  for directory in "${LAYERED[@]}"; do
    layer="/run/throwaway/layers$directory"
    mkdir -p "$layer"/{upper,work}
    chmod 0700 "$layer"
    # Some kernels can't lay over an overlay: then a copy does.
    mount -t overlay overlay -o "lowerdir=$directory,upperdir=$layer/upper,workdir=$layer/work" "$directory" 2>/dev/null ||
      copy_over "$directory" "$layer/upper"
  done
  for directory in "${EMPTY[@]}"; do
    mkdir -p "$directory"
    mount -t tmpfs -o mode=0755 throwaway "$directory"
  done
  chmod 1777 /tmp
  chmod 1777 /var/mail
  cd /
}

copy_over() {
  [[ $1 == /etc ]] || { mount -t tmpfs -o mode=0755 throwaway "$1"; return; }
  cp -a /etc/. "$2/"
  mount --bind "$2" /etc
}
