import { pause } from '../../agent/clock/timers.js';
import { openCertificateKeeper } from '../../agent/identity/certificate-keeper.js';
import { postToFleet } from '../../agent/identity/fleet-request.js';
import { certifiedConnect } from '../../agent/uplink/certified-connect.js';
import { createMqttConnect } from '../../agent/uplink/mqtt-connection.js';
import { encodeMessage } from '../../agent/wire/message-codec.js';

/**
 * A gateway to be killed: for it every certificate is beyond two thirds of its time, so that it renews without end.
 * Prints a line at each welcome.
 */
const [dataFolder = ''] = process.argv.slice(2);
const AHEAD_MS = 61 * 86_400_000;
const HELLO = encodeMessage('hello', {
  epoch: '00112233445566ff',
  firstUnacked: 1,
  lastSealed: 0,
  lastOrdinal: 0,
  directory: new Uint8Array(0),
  configVersion: '1',
  agentVersion: '1',
  clock: 'synced',
  time: Date.now(),
});
const stopping = new AbortController();
const quiet = (): void => undefined;
const monotonic = (): number => performance.now();

const keeper = openCertificateKeeper({
  dataFolder,
  post: postToFleet,
  log: { info: quiet, warn: quiet, error: quiet },
  knownTime: () => Date.now() + AHEAD_MS,
  monotonic,
  random: () => 0,
  pause: (_ms, signal) => pause(5, signal),
  renewed: quiet,
  adopted: async () => undefined,
});
void keeper.run(stopping.signal);

const { connect, welcomed } = certifiedConnect(keeper, (identity) =>
  createMqttConnect({
    identity,
    keepaliveS: () => 60,
    knownTime: Date.now,
    now: monotonic,
    count: quiet,
  }),
);

const visit = async (): Promise<void> => {
  let hear = quiet;
  const answered = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const onMessage = (kind: string): void => {
    if (kind === 'welcome') hear();
  };
  const connection = await connect({ onMessage, signal: stopping.signal });
  await connection.publish('hello', HELLO);
  await Promise.race([answered, connection.ended]);
  welcomed();
  process.stdout.write('welcomed\n');
  await connection.close();
};

for (;;) await visit().catch(() => pause(20, stopping.signal));
