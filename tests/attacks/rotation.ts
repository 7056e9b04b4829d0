import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claimOnce, queueClaim } from '../../agent/identity/enrol.js';
import type { Service } from '../../fleet/service.js';
import type { Attack, AttackSettings } from './attack.js';
import { withFleet } from './attacked-fleet.js';
import { createRandom } from './random.js';

const GATEWAY = fileURLToPath(new URL('rotating-gateway.js', import.meta.url));
/** A gateway that is not welcomed within this, on whatever machine, is locked out. */
const LOCKED_OUT_MS = 60_000;
/** A renewal takes a few ms here: kills fall before it, into it and behind it. */
const KILL_WITHIN_MS = 120;

const enrol = async (fleetUrl: string, token: string, dataFolder: string): Promise<string> => {
  const queued = await queueClaim({ fleetUrl, token, name: 'rotating' }, dataFolder);
  return (await claimOnce(queued, dataFolder, new AbortController().signal)).gatewayId;
};

/** Starts the gateway, waits for its welcome, kills it `afterMs` later; `false`: no welcome came. */
const startAndKill = async (dataFolder: string, afterMs: number): Promise<boolean> => {
  const child = spawn(process.execPath, [GATEWAY, dataFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const late = AbortSignal.timeout(LOCKED_OUT_MS);
  const welcomed = await once(child.stdout, 'data', { signal: late }).then(
    () => true,
    () => false,
  );
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill('SIGKILL');
  await ended;
  return welcomed;
};

const kill = async (service: Service, token: string, { folder, count, seed, progress }: AttackSettings) => {
  const dataFolder = join(folder, 'gateway');
  const gatewayId = await enrol(`http://127.0.0.1:${service.httpPort}`, token, dataFolder);
  const random = createRandom(seed);
  const faults: string[] = [];
  for (let round = 0; round < count && faults.length === 0; round += 1) {
    const welcomed = await startAndKill(dataFolder, random.below(KILL_WITHIN_MS));
    if (!welcomed) faults.push(`locked out after ${round} kills`);
    if (round % 10 === 9) progress(round + 1, `${faults.length} faults`);
  }
  const certificates = service.registry.certificatesOf(gatewayId);
  const good = certificates.filter(({ supersededAt }) => supersededAt === undefined).length;
  if (good > 2) faults.push(`${good} certificates of the gateway are good`);
  return { faults, figures: { certificates: certificates.length } };
};

/** A gateway that renews without end is killed at random moments, and must be welcomed after each. */
export const rotation: Attack = {
  tries:
    'kill -9 at random moments of a renewal that goes on without end; after each the gateway must be welcomed',
  count: 200,
  run: (settings) => withFleet(settings.folder, (service, newToken) => kill(service, newToken(), settings)),
};
