import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBuffer } from '../../agent/buffer/open-buffer.js';
import type { Clock } from '../../agent/clock/clock.js';
import { createClock } from '../../agent/clock/gateway-clock.js';
import { systemTime } from '../../agent/clock/system-time.js';
import { pause } from '../../agent/clock/timers.js';
import { loadIdentity } from '../../agent/identity/stored-identity.js';
import { DataBudget } from '../../agent/uplink/data-budget.js';
import { createMqttConnect } from '../../agent/uplink/mqtt-connection.js';
import { startUplink, type Uplink } from '../../agent/uplink/uplink.js';

/*
 * A thousand gateways in one process: the uplink and the buffer of the agent, each with an identity of its own, and
 * no devices. Run with a file that lists their data folders; says each half second how many are connected.
 */

const SEAL_MS = 10_000;
const HEALTH_MS = 60_000;
const KEEPALIVE_S = 60;
/** The usual one: how a crowd comes back is what is tested. */
const RETRY_MS = 5_000;
const TELL_MS = 500;
/** A thousand reserves of the usual size would fill the disk of the test. */
const RESERVE_BYTES = 65_536;

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

const startGateway = async (folder: string, clock: Clock): Promise<Uplink> => {
  const identity = loadIdentity(folder);
  if (identity === undefined) throw new Error(`${folder} holds no identity`);
  const { gatewayId: source, thumbprint: certificate, privateKey } = identity;
  const buffer = await openBuffer({ path: join(folder, 'buffer.db'), reserveBytes: RESERVE_BYTES });
  await buffer.setSigner({ source, certificate, privateKey });
  const now = () => clock.now();
  const budget = new DataBudget({ bytesPerMonth: 0, now, load: () => undefined, save: () => undefined });
  return startUplink({
    buffer,
    clock,
    log: silent,
    pause,
    random: Math.random,
    sealMs: SEAL_MS,
    healthMs: HEALTH_MS,
    retryMs: RETRY_MS,
    configVersion: 'herd',
    agentVersion: 'herd',
    budget,
    command: async ({ id }) => ({ id, outcome: 'refused', detail: 'one of a herd' }),
    connect: createMqttConnect({
      identity,
      keepaliveS: () => KEEPALIVE_S,
      knownTime: () => (clock.now().state === 'unsynced' ? undefined : clock.now().time),
      now: () => clock.monotonic(),
      count: () => undefined,
    }),
    health: async () => ({
      time: clock.now().time,
      uptimeS: 1,
      rssBytes: 1,
      buffer: { bytes: 1, unsealed: 0, unackedBatches: 0, quarantined: 0 },
      buses: [],
    }),
  });
};

const folders = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as readonly string[];
const clock = createClock(systemTime());
const uplinks: Uplink[] = [];
for (const folder of folders) uplinks.push(await startGateway(folder, clock));
setInterval(() => {
  const connected = uplinks.filter((uplink) => uplink.view().state === 'connected').length;
  process.stdout.write(`${JSON.stringify({ connected })}\n`);
}, TELL_MS);
