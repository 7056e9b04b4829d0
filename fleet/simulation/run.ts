import { setMaxListeners } from 'node:events';
import { upTopic } from '#wire/topics.js';
import { encodeMessage } from '#wire/message-codec.js';
import { openBrokerSession } from '../broker/external/broker-session.js';
import { enrolGateway } from './enrol.js';
import { enrolledGateways, openGateway, type GatewayFolder } from './gateway-folder.js';
import { openLink, type Connect, type Link } from './link.js';
import { Outbox } from './outbox.js';
import { firstTickOf, requirePast, ticksOf, type RunSettings } from './schedule.js';
import { SimulationError, type Shape } from './settings.js';
import { runGateway } from './simulated-gateway.js';

/** Enrolments at once. */
const ENROL_AT_ONCE = 8;

export interface RunDeps {
  readonly folder: string;
  readonly shape: Shape;
  readonly settings: RunSettings;
  /** How gateways enrol that have not; absent: none may be lacking. */
  readonly enrolment?: {
    readonly url: string;
    readonly mqtt?: { readonly host: string; readonly port: number } | undefined;
    /** A claim token nobody has used. */
    readonly token: () => Promise<string>;
  };
  readonly connect: Connect;
  readonly now: () => number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** Of the run at hand. */
export interface Progress {
  readonly gateways: number;
  readonly enrolled: number;
  readonly batches: number;
  readonly readings: number;
  /** Readings that the run will have made. */
  readonly planned: number;
  /** Batches without an answer. */
  readonly owed: number;
  readonly resent: number;
  readonly quarantined: number;
  /** The last thing that went wrong. */
  readonly trouble: string | undefined;
}

/** Connects a gateway over mutual TLS, as gateways do: MQTT 3.1.1, a clean session, its will. */
export const connectOverTls: Connect = ({ identity, credentials }, handlers) =>
  openBrokerSession(
    {
      ...identity.broker,
      clientId: identity.gatewayId,
      protocolVersion: 4,
      will: {
        topic: upTopic(identity.gatewayId, 'status'),
        payload: encodeMessage('status', { online: false }),
      },
    },
    credentials,
    handlers,
  );

/** What a run counts while it goes. */
class Tally {
  enrolled = 0;
  batches = 0;
  readings = 0;
  planned = 0;
  quarantined = 0;
  trouble: string | undefined;
  readonly outboxes: Outbox[] = [];

  progress(gateways: number): Progress {
    const { enrolled, batches, readings, planned, quarantined, trouble } = this;
    const sum = (of: (outbox: Outbox) => number): number =>
      this.outboxes.reduce((all, outbox) => all + of(outbox), 0);
    const owed = sum((outbox) => outbox.owed);
    const resent = sum((outbox) => outbox.resent);
    return { gateways, enrolled, batches, readings, planned, owed, resent, quarantined, trouble };
  }
}

/**
 * Runs a simulation to its bound, or until `signal` aborts: then what is owed goes with the next run. Rejects with
 * `SimulationError`.
 */
export const runSimulation = async (deps: RunDeps): Promise<Progress> => {
  const { settings, folder, shape, progress } = deps;
  const tally = new Tally();
  const tell = (): void => progress(tally.progress(settings.gateways));
  await enrolMissing(deps, tally, tell);
  const numbers = enrolledGateways(folder).slice(0, settings.gateways);
  const gateways = numbers.map((number) => openGateway(folder, number, shape));
  const timer = setInterval(tell, 1_000);
  try {
    await runGateways(deps, gateways, tally);
    return tally.progress(settings.gateways);
  } finally {
    clearInterval(timer);
    for (const { spool } of gateways) spool.close();
    tell();
  }
};

const enrolMissing = async (deps: RunDeps, tally: Tally, tell: () => void): Promise<void> => {
  const { folder, settings, enrolment, signal } = deps;
  const known = new Set(enrolledGateways(folder));
  const lacking = Array.from({ length: settings.gateways }, (_, index) => index + 1).filter(
    (number) => !known.has(number),
  );
  tally.enrolled = settings.gateways - lacking.length;
  if (lacking.length === 0) return;
  if (enrolment === undefined) {
    throw new SimulationError(
      'enrolment',
      `${lacking.length} gateways are not enrolled yet: give --login-file, or --tokens with a claim token a line.`,
    );
  }
  const { url, mqtt, token } = enrolment;
  const next = async (): Promise<void> => {
    for (let number = lacking.shift(); number !== undefined; number = lacking.shift()) {
      if (signal.aborted) return;
      await enrolGateway({ folder, number, url, token: await token(), mqtt });
      tally.enrolled += 1;
      tell();
    }
  };
  await Promise.all(Array.from({ length: ENROL_AT_ONCE }, next));
};

const runGateways = async (
  deps: RunDeps,
  gateways: readonly GatewayFolder[],
  tally: Tally,
): Promise<void> => {
  const { shape, settings, now, signal } = deps;
  const start = now();
  const ticks = ticksOf(shape, settings);
  const reached = gateways.map(({ spool }) => (spool.last === 0 ? 0 : spool.note(spool.last).nextTick));
  const firstTick = Math.max(firstTickOf(shape, settings, ticks, start), ...reached);
  const endTick = firstTick + ticks;
  if (ticks > 0) requirePast(shape, settings, firstTick, endTick, start);
  tally.planned = ticks * shape.devices * shape.points * gateways.length;
  const reach = clockOf(firstTick * shape.intervalMs, settings.speed, now);
  const ending = new AbortController();
  // every gateway listens
  setMaxListeners(0, ending.signal);
  signal.addEventListener('abort', () => ending.abort(), { once: true });
  if (signal.aborted) ending.abort();
  const links: Link[] = [];
  const all = gateways.map((gateway) => {
    const outbox = outboxOf(gateway, settings.window, now);
    tally.outboxes.push(outbox);
    const link = openLink(linkDeps(deps, gateway, outbox, tally));
    links.push(link);
    const sealed = (readings: number): void => {
      tally.batches += 1;
      tally.readings += readings;
    };
    return runGateway({
      shape,
      settings,
      gateway,
      outbox,
      link,
      firstTick,
      endTick,
      reach,
      sealed,
      signal: ending.signal,
    });
  });
  try {
    await Promise.all(all);
  } finally {
    ending.abort();
    await Promise.allSettled(all);
    await Promise.all(links.map((link) => link.close()));
  }
};

const linkDeps = (
  { connect, now, random }: RunDeps,
  gateway: GatewayFolder,
  outbox: Outbox,
  tally: Tally,
): Parameters<typeof openLink>[0] => ({
  gateway,
  outbox,
  connect,
  now,
  random,
  trouble: (text) => {
    tally.trouble = text;
  },
  quarantined: (reason) => {
    tally.quarantined += 1;
    tally.trouble = reason;
  },
});

/** What a gateway owes from before goes first as it was sealed. */
const outboxOf = ({ spool, acked }: GatewayFolder, window: number, now: () => number): Outbox => {
  const outbox = new Outbox(acked, window, now);
  for (let seq = 1; seq <= spool.last; seq += 1) {
    const range = acked.find(([first, last]) => seq >= first && seq <= last);
    if (range === undefined) outbox.add(seq, spool.note(seq).lane);
    else seq = range[1];
  }
  return outbox;
};

/** The time of the readings, which begins at `from` now. */
const clockOf = (
  from: number,
  speed: number,
  now: () => number,
): ((time: number, signal: AbortSignal) => Promise<void>) => {
  const start = now();
  return async (time, signal) => {
    if (speed === Infinity) return;
    const wait = start + (time - from) / speed - now();
    if (wait > 0) await pause(wait, signal);
  };
};

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
