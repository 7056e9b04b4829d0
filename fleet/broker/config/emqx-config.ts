import {
  MAX_CONNECTIONS,
  MAX_IN_FLIGHT,
  MAX_PACKET_BYTES,
  MAX_QUEUED,
  type BrokerConfigSettings,
  type BrokerFile,
} from './broker-files.js';
import { DEFAULT_LIMITS } from '../limits.js';

/** Files for EMQX 5.8 or newer. Its rules know placeholders, so that no list of gateways is needed. */
export const emqxFiles = (settings: BrokerConfigSettings): readonly BrokerFile[] => [
  { name: 'terroir.hocon', text: hocon(settings), secret: false },
  { name: 'acl.conf', text: accessRules(settings), secret: false },
];

const hocon = ({ folder, host, port }: BrokerConfigSettings): string =>
  `## Written by "terroir-fleet broker-config emqx"; name it in emqx.conf: include "${folder}/terroir.hocon"

## Who connects is who its certificate says, whatever it says of itself.
mqtt {
  peer_cert_as_username = cn
  peer_cert_as_clientid = cn
  retain_available = false
  max_qos_allowed = 1
  max_packet_size = "${MAX_PACKET_BYTES}B"
  max_inflight = ${MAX_IN_FLIGHT}
  max_mqueue_len = ${MAX_QUEUED}
  session_expiry_interval = "0s"
  idle_timeout = "10s"
  shared_subscription = true
}

listeners.ssl.default {
  bind = "${host}:${port}"
  max_connections = ${MAX_CONNECTIONS}
  messages_rate = "${DEFAULT_LIMITS.packetsPerSecond}/s"
  bytes_rate = "${DEFAULT_LIMITS.bytesPerSecond / 1024 / 1024}MB/s"
  ssl_options {
    cacertfile = "${folder}/ca.pem"
    certfile = "${folder}/broker.pem"
    keyfile = "${folder}/broker.key"
    verify = verify_peer
    fail_if_no_peer_cert = true
    versions = ["tlsv1.3", "tlsv1.2"]
    handshake_timeout = "10s"
    reuse_sessions = false
  }
}
listeners.tcp.default.enable = false
listeners.ws.default.enable = false
listeners.wss.default.enable = false
## it comes with a password that everybody knows
dashboard.listeners.http.bind = "127.0.0.1:18083"

authorization {
  no_match = deny
  deny_action = ignore
  sources = [{ type = file, enable = true, path = "${folder}/acl.conf" }]
}

retainer.enable = false
delayed.enable = false
sys_topics { sys_msg_interval = disabled, sys_heartbeat_interval = disabled }
`;

/**
 * A shared subscription is judged by the filter behind its group (EMQX strips `$share/<group>/`), so that a gateway can
 * share but its own topics. No wildcard matches a topic with `$` in front: for those, `no_match` is what denies.
 */
const accessRules = ({ fleetClients }: BrokerConfigSettings): string =>
  `%% Written by "terroir-fleet broker-config emqx".
${fleetClients
  .map(
    (name) => `{allow, {username, "${name}"}, subscribe, [{eq, "terroir/1/+/up/#"}]}.
{allow, {username, "${name}"}, {publish, [{qos, 1}, {retain, false}]}, ["terroir/1/+/down/+"]}.
{deny, {username, "${name}"}, all, ["#"]}.`,
  )
  .join('\n')}
{allow, all, {publish, [{qos, 1}, {retain, false}]}, ["terroir/1/\${username}/up/+"]}.
{allow, all, {subscribe, [{qos, 1}]}, ["terroir/1/\${username}/down/+"]}.
{deny, all}.
`;
