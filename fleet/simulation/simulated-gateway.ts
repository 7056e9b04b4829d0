import { randomBytes } from 'node:crypto';
import { sealBatch } from '#wire/batch.js';
import type { Reading } from '#wire/readings.js';
import type { GatewayFolder } from './gateway-folder.js';
import type { Link } from './link.js';
import type { Outbox } from './outbox.js';
import { columnsOf, readingsOf } from './readings-of.js';
import { isOffline, type RunSettings } from './schedule.js';
import { SimulationError, type Shape } from './settings.js';

/** The fleet may be away for this long before a run gives up, ms. */
const SILENCE_MS = 300_000;

export interface GatewayTask {
  readonly shape: Shape;
  readonly settings: RunSettings;
  readonly gateway: GatewayFolder;
  readonly outbox: Outbox;
  readonly link: Link;
  readonly firstTick: number;
  /** Not included. */
  readonly endTick: number;
  /** Resolves when the readings up to this time may be there, UTC ms. */
  readonly reach: (time: number, signal: AbortSignal) => Promise<void>;
  readonly sealed: (readings: number) => void;
  readonly signal: AbortSignal;
}

/** Reads, seals and sends the ticks of a run; resolves when the fleet has answered for all of it. */
export const runGateway = async (task: GatewayTask): Promise<void> => {
  const { link, signal } = task;
  await Promise.race([link.failed, readAll(task)]);
  link.setOnline(true);
  if (!signal.aborted) await Promise.race([link.failed, drain(task)]);
};

const lateTicks = ({ shape, settings }: GatewayTask): number =>
  Math.max(1, Math.round(settings.lateByMs / shape.intervalMs));

const readAll = async (task: GatewayTask): Promise<void> => {
  const { shape, settings, gateway, firstTick, endTick, signal } = task;
  const lateness = { share: settings.late, ticks: lateTicks(task) };
  const readings = readingsOf(shape, gateway.number, lateness);
  const batch = new OpenBatch(task, readings.points);
  const sealTicks = Math.max(1, Math.floor(settings.sealMs / shape.intervalMs));
  for (let tick = firstTick; tick < endTick && !signal.aborted; tick += 1) {
    batch.fill((ordinal, columns) => readings.at(tick, firstTick, ordinal, columns));
    const due = (tick + 1 - firstTick) % sealTicks === 0 || tick + 1 === endTick;
    if (due || batch.readings + readings.points > settings.batch) await batch.seal(tick + 1);
  }
  // what is late at the end comes at the end
  for (
    let tick = Math.max(firstTick, endTick - lateness.ticks);
    tick < endTick && !signal.aborted;
    tick += 1
  ) {
    batch.fill((ordinal, columns) => readings.late(tick, ordinal, columns));
    if (batch.readings + readings.points > settings.batch) await batch.seal(endTick);
  }
  if (!signal.aborted) await batch.seal(endTick);
};

/** Readings of a gateway until they are sealed. */
class OpenBatch {
  readonly #task: GatewayTask;
  readonly #columns: Reading[][];
  #ordinal: number;
  readings = 0;

  constructor(task: GatewayTask, points: number) {
    this.#task = task;
    this.#columns = Array.from({ length: points }, () => []);
    const { spool } = task.gateway;
    this.#ordinal = spool.last === 0 ? 1 : spool.note(spool.last).lastOrdinal + 1;
  }

  fill(take: (ordinal: number, columns: Reading[][]) => number): void {
    const next = take(this.#ordinal, this.#columns);
    this.readings += next - this.#ordinal;
    this.#ordinal = next;
  }

  /** Seals what there is once its time has come, and hands it to the line, or keeps it while there is none. */
  async seal(nextTick: number): Promise<void> {
    const { readings } = this;
    if (readings === 0) return;
    const { shape, settings, gateway, outbox, link, reach, sealed, signal } = this.#task;
    const time = nextTick * shape.intervalMs;
    await reach(time, signal);
    if (signal.aborted) return;
    const offline = isOffline(shape, settings, gateway.number, time);
    link.setOnline(!offline);
    const seq = gateway.spool.last + 1;
    const lane = offline ? 'backfill' : 'live';
    const { message } = sealBatch(
      {
        epoch: gateway.identity.epoch,
        seq,
        lane,
        directory: gateway.directory.hash,
        heldBack: 0,
        seed: randomBytes(16),
        content: 'readings',
        columns: columnsOf(this.#columns),
      },
      gateway.signer,
    );
    gateway.spool.append({ lane, readings, lastOrdinal: this.#ordinal - 1, nextTick }, message);
    for (const column of this.#columns) column.length = 0;
    this.readings = 0;
    outbox.add(seq, lane);
    sealed(readings);
    link.pump();
    // faster than the fleet takes them, readings would pile up
    if (!offline && settings.speed === Infinity) await this.#untilRoom();
  }

  async #untilRoom(): Promise<void> {
    const { outbox, link, settings, signal } = this.#task;
    while (outbox.owed > 2 * settings.window && !signal.aborted) {
      requireAnswers(outbox.silentMs);
      await link.changed();
    }
  }
}

const requireAnswers = (silentMs: number): void => {
  if (silentMs <= SILENCE_MS) return;
  throw new SimulationError(
    'fleet',
    `The fleet has not answered for ${SILENCE_MS / 60_000} minutes: what it lacks goes when the simulation runs again.`,
  );
};

/** What is owed is known once the fleet has said what it lacks: one that was restored lacks what it had acked. */
const drain = async ({ outbox, link, signal }: GatewayTask): Promise<void> => {
  const start = performance.now();
  while ((outbox.owed > 0 || !link.greeted) && !signal.aborted) {
    requireAnswers(link.greeted ? outbox.silentMs : performance.now() - start);
    await link.changed();
  }
};
