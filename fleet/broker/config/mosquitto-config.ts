import { clientOf, fleetRole, gatewayRole } from '../external/dynamic-security.js';
import { INGEST_FILTER } from '../external/external-broker.js';
import {
  MAX_CONNECTIONS,
  MAX_IN_FLIGHT,
  MAX_KEEPALIVE_S,
  MAX_PACKET_BYTES,
  MAX_QUEUED,
  MAX_QUEUED_BYTES,
  type BrokerConfigSettings,
  type BrokerFile,
} from './broker-files.js';

export interface MosquittoSettings extends BrokerConfigSettings {
  /** Its dynamic security plugin. */
  readonly plugin: string;
  /** File of the lists of revoked certificates, where it reads one: then of each issuer there must be a list. */
  readonly crl: string | undefined;
}

/** Files for mosquitto 2.0.11 or newer. */
export const mosquittoFiles = (settings: MosquittoSettings): readonly BrokerFile[] => [
  { name: 'mosquitto.conf', text: mosquittoConf(settings), secret: false },
  // the plugin writes into it while it runs
  { name: 'dynamic-security.json', text: dynamicSecurity(settings), secret: true },
  ...(settings.crl === undefined ? [] : reloadUnits(settings.folder, settings.crl)),
];

const mosquittoConf = ({ folder, host, port, plugin, crl }: MosquittoSettings): string =>
  `# Written by "terroir-fleet broker-config mosquitto"; written anew by it, so change the command rather than this file.

# Who connects is who its certificate says, whatever it says of itself: user name and client id are both taken from
# there, so that no gateway can take another's session.
listener ${port} ${host}
cafile ${folder}/ca.pem
certfile ${folder}/broker.pem
keyfile ${folder}/broker.key
${crl === undefined ? '' : `# read again on SIGHUP\ncrlfile ${crl}\n`}tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
max_connections ${MAX_CONNECTIONS}

# Who may do what. Access control lists in files would grant any subscription, and so let a gateway join the fleet's
# shared one and swallow other gateways' messages. The fleet keeps this list in step while it is connected.
plugin ${plugin}
plugin_opt_config_file ${folder}/dynamic-security.json

# All state is in the databases of fleet and gateways; what is lost here is sent again.
persistence false
retain_available false
sys_interval 0

max_packet_size ${MAX_PACKET_BYTES}
max_keepalive ${MAX_KEEPALIVE_S}
max_inflight_messages ${MAX_IN_FLIGHT}
max_queued_messages ${MAX_QUEUED}
max_queued_bytes ${MAX_QUEUED_BYTES}
set_tcp_nodelay true

pid_file ${folder}/mosquitto.pid
connection_messages true
log_dest stderr
log_type error
log_type warning
log_type notice
`;

/** systemd: a new list of revoked certificates is read when it is there. */
const reloadUnits = (folder: string, crl: string): readonly BrokerFile[] => [
  {
    name: 'terroir-broker-reload.path',
    text: `[Unit]
Description=The broker's list of revoked certificates changes

[Path]
PathChanged=${crl}

[Install]
WantedBy=multi-user.target
`,
    secret: false,
  },
  {
    name: 'terroir-broker-reload.service',
    text: `[Unit]
Description=Has the broker read its list of revoked certificates again

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'kill -HUP "$$(cat ${folder}/mosquitto.pid)"'
`,
    secret: false,
  },
];

const dynamicSecurity = ({ fleetClients, gateways }: BrokerConfigSettings): string =>
  `${JSON.stringify(
    {
      defaultACLAccess: {
        publishClientSend: false,
        publishClientReceive: false,
        subscribe: false,
        unsubscribe: true,
      },
      clients: [
        ...fleetClients.map((name) => clientOf(name, FLEET_ROLE)),
        ...gateways.map((id) => clientOf(id, id)),
      ],
      groups: [],
      roles: [fleetRole(FLEET_ROLE, INGEST_FILTER), ...gateways.map(gatewayRole)],
    },
    undefined,
    1,
  )}\n`;

const FLEET_ROLE = 'terroir-fleet';
