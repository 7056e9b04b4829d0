#!/bin/bash
# Installs the packed agent and the fleet under a systemd of their own, as their READMEs say, and looks at what the units
# promise. Wants root, systemd, util-linux and iproute2, after `npm run pack:agent`; changes nothing outside.
set -euo pipefail
project=$(readlink -f "$(dirname "$0")/../..")
archive=$(ls "$project"/dist/packages/terroir-agent-*.tar.gz)
work=$(mktemp -d)
mkdir "$work/files"
pid=
terminal=

finish() {
  code=$?
  trap - EXIT
  [ "$code" = 0 ] || [ -z "$pid" ] || box journalctl --no-pager -n 40 >&2 || true
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
  kill -KILL "$terminal" 2>/dev/null || true
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

fail() {
  echo "not so: $1" >&2
  exit 1
}
said() { echo "ok  $1"; }
# Inside; the network alone is this machine's.
box() { nsenter --target "$pid" --mount --pid --uts --ipc --cgroup --root --wd -- "$@"; }
# Asks again until it is so, for as many seconds.
until_so() {
  local seconds=$1 what=$2
  shift 2
  local end=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt "$end" ] || fail "$what"
    read -rt 0.2 <> <(:) || true
  done
}
property() { box systemctl show --value --property "$2" "$1"; }
is() { [ "$(property "$1" "$2")" = "$3" ]; }
is_not() { ! is "$@"; }
port() { node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })'; }

script --quiet --flush --return --command \
  "unshare --mount --pid --fork --uts --ipc --cgroup --kill-child '$project/tests/systemd/boot.sh' '$work' '$project'" \
  "$work/console" >/dev/null 2>&1 < <(exec tail -f /dev/null --pid $$) &
terminal=$!
for _ in {1..300}; do
  [ -s "$work/pid" ] && break
  read -rt 0.1 <> <(:) || true
done
[ -s "$work/pid" ] || fail 'systemd did not start'
pid=$(cat "$work/pid")
until_so 60 'systemd did not come up' box systemctl is-active multi-user.target
said "$(box systemctl --version | head -1) has started"

http=$(port)
url=http://127.0.0.1:$http
box mkdir -p /etc/terroir-fleet
echo "TERROIR_FLEET_OPTIONS=\"--http-port $http --mqtt-host 127.0.0.1 --mqtt-port $(port)\"" >"$work/options"
box tee /etc/terroir-fleet/options <"$work/options" >/dev/null
box cp /opt/terroir/fleet/packaging/terroir-fleet.service /etc/systemd/system/
box systemctl enable --now terroir-fleet
until_so 120 'the fleet answers' node -e "fetch('$url/api/v1/health').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"
login=/var/lib/terroir-fleet/first-administrator.json
[ "$(box stat -Lc %a $login)" = 600 ] || fail 'the first login is its owner’s alone'
said 'the fleet runs as its unit says, and answers'

token=$(box node /opt/terroir/dist/terroir-fleet/main.js token create --data /var/lib/terroir-fleet --json | node -pe 'JSON.parse(require("fs").readFileSync(0)).token')
modbus=$(port)
box systemd-run --quiet --unit device node /opt/terroir/dist/terroir-agent/main.js simulate terroir/weather-station --tcp "127.0.0.1:$modbus"

# the five lines of the README, with a description for a scan
box sh -c "cd /tmp && cp /opt/terroir/dist/packages/* . && sha256sum --check --quiet *.sha256 && tar xzf $(basename "$archive")"
box sh -c '/tmp/terroir-agent-*/install.sh' >/dev/null
cat >"$work/gateway.yaml" <<CONFIGURATION
gateway: { name: Box }
buses:
  roof: { tcp: '127.0.0.1:$modbus' }
devices:
  station: { bus: roof, address: 1, profile: terroir/weather-station, interval: 1s }
CONFIGURATION
box tee /etc/terroir-agent/gateway.yaml <"$work/gateway.yaml" >/dev/null
box terroir-agent enrol --config /etc/terroir-agent/gateway.yaml --fleet "$url" --token "$token" >/dev/null
box systemctl enable --now terroir-agent
box terroir-agent status --config /etc/terroir-agent/gateway.yaml >/dev/null
said 'the five lines install, enrol and start the agent'

agent() { property terroir-agent MainPID; }
delivered() { box terroir-agent status --config /etc/terroir-agent/gateway.yaml --json | node -e '
  const { buffer } = JSON.parse(require("fs").readFileSync(0));
  process.exit(buffer.unackedBatches <= 1 && buffer.lastSealed > 0 ? 0 : 1)'; }
until_so 90 'what it measures is acked' delivered
said 'what it measures is acked by the fleet'

[ "$(box ps -o user:20= -p "$(agent)")" = terroir-agent ] || fail 'the agent has a user of its own'
box ss -Hlntup >"$work/ports"
grep -q "pid=$(property terroir-fleet MainPID)," "$work/ports" || fail 'the fleet listens'
! grep -q "pid=$(agent)," "$work/ports" || fail 'the agent listens on no port'
[ -z "$(box find /var/lib/terroir-agent /var/lib/private/terroir-fleet -not -type s -perm /077)" ] || fail 'files are their owner’s alone'
said 'a user of its own, no port, files of their owner alone'

before=$(agent)
box kill -KILL "$before"
until_so 60 'killed, it comes back' is_not terroir-agent MainPID "$before"
until_so 60 'killed, it is ready again' is terroir-agent SubState running
until_so 90 'killed, it delivers again' delivered
said 'killed, it comes back and delivers'

box mkdir -p /run/systemd/system/terroir-agent.service.d
printf '[Service]\nWatchdogSec=6s\n' | box tee /run/systemd/system/terroir-agent.service.d/short.conf >/dev/null
box systemctl daemon-reload
box systemctl restart terroir-agent
restarts=$(property terroir-agent NRestarts)
box kill -STOP "$(agent)"
until_so 90 'hung, the watchdog ends it' is_not terroir-agent NRestarts "$restarts"
box journalctl --no-pager -u terroir-agent >"$work/journal"
grep -q "result 'watchdog'" "$work/journal" || fail 'it was the watchdog'
until_so 60 'after the watchdog it is ready again' is terroir-agent SubState running
said 'hung, the watchdog ends it and it comes back'

box journalctl --no-pager -b -o cat >"$work/journal"
secrets=("$token" "$(box node -p "JSON.parse(require('fs').readFileSync('$login')).password")" 'PRIVATE KEY' "$(box cat /var/lib/private/terroir-fleet/authority/passphrase)")
for secret in "${secrets[@]}"; do
  ! grep -qF -- "$secret" "$work/journal" || fail 'no secret is in the journal'
done
[ "$(wc -l <"$work/journal")" -gt 20 ] || fail 'the journal was read'
said 'no secret is in the journal'

for unit in terroir-agent terroir-fleet; do
  box systemd-analyze --no-pager --threshold=20 security $unit >"$work/exposure" || fail "$unit exposes at most 2"
  said "$(tail -1 "$work/exposure" | sed 's/[^ -~]//g; s/^ *//')"
done

identity() { box find /var/lib/terroir-agent -path '*identity*' -type f -exec sha256sum {} +; }
before=$(identity)
[ -n "$before" ] || fail 'there is an identity'
box sh -c '/tmp/terroir-agent-*/install.sh' >/dev/null
until_so 60 'installed again, it runs' is terroir-agent SubState running
[ "$before" = "$(identity)" ] || fail 'an upgrade keeps the identity'
until_so 90 'installed again, it delivers' delivered
box systemctl stop terroir-agent terroir-fleet
is terroir-agent Result success && is terroir-fleet Result success || fail 'both stop in order'
box sh -c '/opt/terroir-agent/current/install.sh uninstall --purge' >/dev/null
! box sh -c 'ls -d /opt/terroir-agent /etc/terroir-agent /var/lib/terroir-agent' 2>/dev/null || fail 'nothing stays'
said 'upgraded, stopped, and removed without a trace'
