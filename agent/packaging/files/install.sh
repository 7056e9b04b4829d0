#!/bin/sh
# Installs, upgrades or removes the agent. Run it as root, as often as you like: see usage().
set -eu

usage() {
  cat <<'USAGE'
usage: install.sh [--root DIR]                      install, or upgrade what is installed
       install.sh uninstall [--purge] [--root DIR]  remove the program; --purge: configuration, key and readings too

An upgrade keeps configuration and data, and the version before it in /opt/terroir-agent: its own install.sh returns to it.
--root DIR: into the file system of a card image that is mounted there; nothing is started.
USAGE
}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

action=install
purge=no
root=
while [ $# -gt 0 ]; do
  case $1 in
    uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    --root) root=${2:?--root needs a folder}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || { usage >&2; exit 2; }
[ -z "$root" ] || [ -d "$root" ] || fail "$root is no folder"
[ "$(id -u)" = 0 ] || fail 'run it as root: sudo ./install.sh'

here=$(dirname "$(readlink -f "$0")")
programs=$root/opt/terroir-agent
settings=$root/etc/terroir-agent
data=$root/var/lib/terroir-agent
link=$root/usr/local/bin/terroir-agent
unit=$root/etc/systemd/system/terroir-agent.service
rules=$root/etc/udev/rules.d/60-terroir-agent.rules
users=$root/etc/sysusers.d/terroir-agent.conf

# Only the running system has services, and devices.
service() { [ -n "$root" ] || ! [ -d /run/systemd/system ] || systemctl "$@"; }
devices() {
  if [ -z "$root" ] && [ -S /run/udev/control ]; then
    udevadm control --reload
    udevadm trigger --subsystem-match=tty --subsystem-match=gpio --subsystem-match=usb-serial
  fi
}

uninstall() {
  [ ! -e "$unit" ] || service disable --now terroir-agent
  rm -rf "$programs"
  rm -f "$link" "$unit" "$rules" "$users"
  service daemon-reload
  devices
  if [ "$purge" = yes ]; then
    rm -rf "$settings" "$data"
    echo 'The agent, its configuration, its key and its readings are gone.'
  else
    echo "The agent is gone. Configuration and data stay in $settings and $data."
  fi
}

check_node() {
  wants=$(cat "$here/node-abi")
  [ -z "$root" ] || return 0
  command -v node >/dev/null || fail "Node.js is not installed: apt-get install nodejs (this package wants $wants)"
  # JavaScript's signs, not the shell's.
  # shellcheck disable=SC2016
  has=$(node -p '`${process.platform}-${process.arch}, Node ${process.versions.node.split(".")[0]}`')
  [ "$has" = "$wants" ] || fail "this package is for $wants; here is $has"
}

# Beside what runs, then in its place at once: a power cut leaves the old version or the new one.
install_program() {
  version=$(cat "$here/version")
  before=$(readlink "$programs/current" || true)
  mkdir -p "$programs" "$(dirname "$link")"
  if ! diff -rq "$here" "$programs/$version" >/dev/null 2>&1; then
    rm -rf "$programs/$version.new"
    cp -R "$here" "$programs/$version.new"
    chown -R 0:0 "$programs/$version.new"
    chmod -R u=rwX,go=rX "$programs/$version.new"
    sync
    rm -rf "${programs:?}/$version"
    mv "$programs/$version.new" "$programs/$version"
  fi
  ln -sfn "$version" "$programs/current.new"
  mv -T "$programs/current.new" "$programs/current"
  ln -sfn /opt/terroir-agent/current/bin/terroir-agent "$link"
  sync
  for old in "$programs"/*; do
    case ${old##*/} in
      current | "$version" | "$before") ;;
      *) rm -rf "$old" ;;
    esac
  done
}

# What lies beside a configuration as ./data is what the service may write.
install_folders() {
  mkdir -p "$settings" "$data"
  chmod 0750 "$settings"
  chmod 0700 "$data"
  [ -e "$settings/data" ] || [ -L "$settings/data" ] || ln -s /var/lib/terroir-agent "$settings/data"
  owner=$(sed -n 's/^terroir-agent:[^:]*:\([0-9]*:[0-9]*\):.*/\1/p' "$root/etc/passwd")
  chown "0:${owner#*:}" "$settings"
  chown "$owner" "$data"
}

install() {
  check_node
  install_program
  mkdir -p "$(dirname "$unit")" "$(dirname "$rules")" "$(dirname "$users")"
  cp "$here/terroir-agent.sysusers" "$users"
  systemd-sysusers ${root:+--root="$root"} terroir-agent.conf
  install_folders
  cp "$here/60-terroir-agent.rules" "$rules"
  cp "$here/terroir-agent.service" "$unit"
  chmod 0644 "$unit" "$rules" "$users"
  service daemon-reload
  devices
  service try-restart terroir-agent
  cat <<NEXT
terroir-agent $version is installed.
  sudo terroir-agent scan --bus serial:/dev/serial/by-id/... | sudo tee /etc/terroir-agent/gateway.yaml
  sudo terroir-agent enrol --config /etc/terroir-agent/gateway.yaml --fleet https://... --token tt1...
  sudo systemctl enable --now terroir-agent
NEXT
}

"$action"
