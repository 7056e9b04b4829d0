import { Turns } from '../channel/turns.js';
import type { Bus, BusDeps, BusSettings, ReadRequest, UnitSettings } from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import { isFieldPoint, type FieldPoint } from '../profile.js';
import { createAskingBus, faultySamples } from '../telegram/asking-bus.js';
import { placeOf } from './fields.js';
import { createIdentityGuard } from './identity-guard.js';
import { createOperations, type Sdi12Operations } from './operations.js';
import { readUnit, type Talk } from './read-unit.js';

/** One SDI-12 line, and what a technician does on it. */
export interface Sdi12Bus extends Bus, Sdi12Operations {}

const isFault = (result: object): result is Fault => 'code' in result && 'detail' in result;

const isConcurrent = ({ field }: FieldPoint): boolean => {
  const place = placeOf(field);
  return place !== undefined && 'measurement' in place && place.measurement.kind === 'C';
};

/**
 * Makes the bus. A sensor is read by one caller at a time; while its concurrent measurement runs, others have the line.
 */
export const createSdi12Bus = (settings: BusSettings, deps: BusDeps): Sdi12Bus => {
  const closing = new AbortController();
  const turns = new Map<string, Turns>();
  const guard = createIdentityGuard();

  const turnsOf = (address: string): Turns => {
    const known = turns.get(address) ?? new Turns();
    turns.set(address, known);
    return known;
  };

  const asking = createAskingBus(settings, deps, async (exchange, unit, points) => {
    const wrong = await guard.check(exchange, unit);
    if (wrong !== undefined) return faultySamples(points, wrong, deps.now());
    const talk: Talk = (task) => task(exchange);
    return readUnit({ unit, talk, now: deps.now, wait: (ms) => exchange.delay(ms) }, points);
  });

  const readConcurrently = async (
    unit: UnitSettings,
    points: readonly FieldPoint[],
    signal: AbortSignal,
  ): Promise<readonly Sample[]> => {
    const talk: Talk = (task) => asking.talk(unit.address, task, signal);
    const checked = await talk(async (exchange) => ({ wrong: await guard.check(exchange, unit) }));
    const wrong = isFault(checked) ? checked : checked.wrong;
    if (wrong !== undefined) return faultySamples(points, wrong, deps.now());
    const scope = AbortSignal.any([signal, closing.signal]);
    try {
      return await readUnit({ unit, talk, now: deps.now, wait: (ms) => deps.delay(ms, scope) }, points);
    } catch (error) {
      signal.throwIfAborted();
      if (!closing.signal.aborted) throw error;
      return faultySamples(points, { code: 'closed', detail: 'the bus was closed' }, deps.now());
    }
  };

  const read = async ({ unit, points }: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> => {
    const fields = points.filter(isFieldPoint);
    const concurrent = fields.filter(isConcurrent);
    const others = fields.filter((point) => !isConcurrent(point));
    const first = others.length === 0 ? [] : await asking.read({ unit, points: others }, signal);
    return concurrent.length === 0
      ? first
      : [...first, ...(await readConcurrently(unit, concurrent, signal))];
  };

  return {
    ...asking,
    read: (request, signal) => turnsOf(request.unit.address).take(() => read(request, signal), signal),
    leavesLine: ({ points }) => points.filter(isFieldPoint).some(isConcurrent),
    ...createOperations(asking),
    close: async () => {
      closing.abort();
      await asking.close();
      await Promise.all([...turns.values()].map((each) => each.idle()));
    },
  };
};
