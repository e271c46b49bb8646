#!/usr/bin/env bash
# Installs what the project's commands need and this machine lacks (Debian 12 and 13).
#
#   tests/bootstrap.sh build     what compiles the workspace
#   tests/bootstrap.sh host      what the throw-away host and the privileged tests run
#   tests/bootstrap.sh nspawn    what boots whole Debian hosts (tests/host)
#   tests/bootstrap.sh deb       what builds and judges the Debian package
#   tests/bootstrap.sh mongodb   the MongoDB-protocol test server, compiled once into the cache
#   tests/bootstrap.sh deny      cargo-deny, compiled once into the cache
#   tests/bootstrap.sh fuzz      cargo-fuzz, compiled once into the cache
#   tests/bootstrap.sh contract  schemathesis from PyPI, once into the cache, in an environment of its own
#   tests/bootstrap.sh browser   Chromium, and from npm what drives it (tests/browser)
#   tests/bootstrap.sh screenshots  what makes pictures of the pages small
#   tests/bootstrap.sh live      the Socket.IO client from npm (tests/live)
#   tests/bootstrap.sh paths     prints the paths of the compiled tools as shell assignments
#
# Packages that bring a daemon are installed without it being started, now or at the next boot.
# Compiled tools go to ${XDG_CACHE_HOME:-~/.cache}/cosmic-registrar/tools/NAME-VERSION.
set -euo pipefail

readonly TOOLS="${XDG_CACHE_HOME:-$HOME/.cache}/cosmic-registrar/tools"
# Speaks MongoDB's protocol; a separate test process, never linked, never shipped (GPL-2.0).
readonly MONGODB=secantus-mdb MONGODB_VERSION=0.5.3-beta.196
readonly DENY=cargo-deny DENY_VERSION=0.20.2
readonly FUZZ=cargo-fuzz FUZZ_VERSION=0.13.2
readonly CONTRACT=schemathesis CONTRACT_VERSION=4.32.5

readonly BUILD_PACKAGES=(gcc libc6-dev libcrypt-dev pkg-config ca-certificates)
readonly HOST_PACKAGES=(postfix openssh-server openssh-client neomutt lynx w3m swaks sshpass tmux curl
  passwd libc-bin util-linux iproute2 procps perl openssl)
readonly FUZZ_PACKAGES=(g++)
readonly NODE_PACKAGES=(nodejs npm)
readonly BROWSER_PACKAGES=(chromium fonts-dejavu-core)
readonly CONTRACT_PACKAGES=(python3-venv)
readonly NSPAWN_PACKAGES=(mmdebstrap util-linux procps)
readonly DEB_PACKAGES=(debhelper lintian)
readonly MONGODB_PACKAGES=(g++ make cmake zlib1g-dev)

die() { echo "bootstrap: $*" >&2; exit 1; }

missing_of() {
  local package
  for package in "$@"; do
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || echo "$package"
  done
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_of "$@")
  ((${#missing[@]})) || return 0
  [[ $EUID == 0 ]] || die "needs root to install: ${missing[*]}"
  echo "bootstrap: installing ${missing[*]}"
  if [[ " ${missing[*]} " == *" postfix "* ]]; then
    echo "postfix postfix/main_mailer_type select Local only" | debconf-set-selections
  fi
  export DEBIAN_FRONTEND=noninteractive
  without_starting_daemons apt_install "${missing[@]}"
}

apt_install() {
  # The lists may be missing or older than the archive: only then are they fetched.
  local log
  log="$(mktemp)"
  if ! apt-get install -y -q --no-install-recommends "$@" >"$log" 2>&1; then
    apt-get update -q >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; die "apt-get update failed"; }
    apt-get install -y -q --no-install-recommends "$@" >"$log" 2>&1 ||
      { cat "$log" >&2; rm -f "$log"; die "apt-get install failed: $*"; }
  fi
  rm -f "$log"
}

# invoke-rc.d asks policy-rc.d before it starts anything. Under systemd, what was not there before
# is disabled too, so that the next boot does not start it.
without_starting_daemons() {
  local policy=/usr/sbin/policy-rc.d saved="" had_postfix had_ssh status=0
  had_postfix="$(missing_of postfix)" had_ssh="$(missing_of openssh-server)"
  if [[ -e $policy ]]; then
    saved="$(mktemp "$policy.XXXXXX")"
    mv "$policy" "$saved"
  fi
  restore_policy() { if [[ -n $saved ]]; then mv "$saved" "$policy"; else rm -f "$policy"; fi; }
  trap restore_policy EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  "$@" || status=$?
  restore_policy
  trap - EXIT
  if [[ -d /run/systemd/system ]]; then
    [[ -z $had_postfix ]] || systemctl --quiet disable postfix.service 2>/dev/null || true
    [[ -z $had_ssh ]] || systemctl --quiet disable ssh.service ssh.socket 2>/dev/null || true
  fi
  return "$status"
}

# systemd-container must be of systemd's own version. The installed one is asked for first, so that
# systemd itself stays as it is.
install_nspawn() {
  local version
  [[ -n "$(missing_of systemd-container)" ]] || return 0
  version="$(dpkg-query -W -f='${Version}' systemd 2>/dev/null || true)"
  if [[ -n $version && $EUID == 0 ]] && (install_packages "systemd-container=$version") 2>/dev/null; then return 0; fi
  install_packages systemd-container
}

# Any will do: who has another one than Debian's keeps it.
install_node() {
  if command -v node >/dev/null && command -v npm >/dev/null; then return 0; fi
  install_packages "${NODE_PACKAGES[@]}"
}

# install_modules NAME: from npm, what tests/NAME/package-lock.json lists; again when that has changed.
install_modules() {
  local modules
  modules="$(cd "$(dirname "${BASH_SOURCE[0]}")/$1" && pwd)"
  if cmp -s "$modules/package-lock.json" "$modules/node_modules/.installed"; then return 0; fi
  (cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) || die "npm ci failed: tests/$1"
  cp "$modules/package-lock.json" "$modules/node_modules/.installed"
}

tool_path() { echo "$TOOLS/$1-$2/bin/$3"; }

# Compiles a crate's program unless the cache has it. In a target directory of its own, which is
# removed afterwards. Unoptimised: that takes a third of the time, and none of them has much to do.
compile_tool() {
  local crate="$1" version="$2" program="$3" root
  shift 3
  root="$TOOLS/$crate-$version"
  [[ -x "$root/bin/$program" ]] && return 0
  command -v cargo >/dev/null || die "cargo is missing: install rustup first (https://rustup.rs)"
  echo "bootstrap: compiling $crate $version into $root (once; some minutes)"
  mkdir -p "$TOOLS"
  CARGO_TARGET_DIR="$root.building" cargo install "$crate" --version "$version" --locked --debug --quiet --root "$root" "$@"
  rm -rf "$root.building"
}

for part in "$@"; do
  case "$part" in
    build) install_packages "${BUILD_PACKAGES[@]}" ;;
    host) install_packages "${HOST_PACKAGES[@]}" ;;
    nspawn)
      install_packages "${NSPAWN_PACKAGES[@]}"
      install_nspawn
      ;;
    deb) install_packages "${BUILD_PACKAGES[@]}" "${DEB_PACKAGES[@]}" ;;
    mongodb)
      [[ -x "$(tool_path $MONGODB $MONGODB_VERSION secantusd-rs)" ]] ||
        install_packages "${BUILD_PACKAGES[@]}" "${MONGODB_PACKAGES[@]}"
      # Its manifest asks for a newer compiler than it needs.
      compile_tool $MONGODB $MONGODB_VERSION secantusd-rs --ignore-rust-version
      ;;
    deny) compile_tool $DENY $DENY_VERSION cargo-deny ;;
    fuzz)
      # Without root there may be a C++ compiler all the same; who needs it says so.
      [[ $EUID != 0 ]] || install_packages "${BUILD_PACKAGES[@]}" "${FUZZ_PACKAGES[@]}"
      compile_tool $FUZZ $FUZZ_VERSION cargo-fuzz
      ;;
    contract)
      program="$(tool_path $CONTRACT $CONTRACT_VERSION st)"
      if [[ ! -x $program ]]; then
        install_packages "${CONTRACT_PACKAGES[@]}"
        echo "bootstrap: installing $CONTRACT $CONTRACT_VERSION (once)"
        root="$TOOLS/$CONTRACT-$CONTRACT_VERSION"
        rm -rf "$root"
        # Debian's, whatever else is on the path.
        /usr/bin/python3 -m venv "$root"
        # A half-installed one is made anew next time.
        "$root/bin/pip" install --quiet --disable-pip-version-check "$CONTRACT==$CONTRACT_VERSION" || { rm -rf "$root"; die "pip install failed: $CONTRACT"; }
      fi
      ;;
    browser)
      install_packages "${BROWSER_PACKAGES[@]}"
      install_node
      install_modules browser
      ;;
    screenshots) install_packages pngquant ;;
    live)
      install_node
      install_modules live
      ;;
    paths)
      echo "REGISTRAR_TEST_MONGODB_SERVER=$(tool_path $MONGODB $MONGODB_VERSION secantusd-rs)"
      echo "CARGO_DENY=$(tool_path $DENY $DENY_VERSION cargo-deny)"
      echo "SCHEMATHESIS=$(tool_path $CONTRACT $CONTRACT_VERSION st)"
      echo "CARGO_FUZZ=$(tool_path $FUZZ $FUZZ_VERSION cargo-fuzz)"
      ;;
    *) die "unknown part: $part" ;;
  esac
done
