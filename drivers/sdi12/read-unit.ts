import type { UnitSettings } from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import type { FieldPoint } from '../profile.js';
import { faultySamples, type Exchange } from '../telegram/asking-bus.js';
import { samplesOf } from '../telegram/samples-of.js';
import { askAtOnce, askLine, awaitService, fetchValues, start, type Started } from './exchanges.js';
import { identificationFields, placeOf, valueFields } from './fields.js';
import { alwaysBearsCrc, canAskForCrc, measurementName, type Measurement } from './measurements.js';
import { parseIdentification, type SensorValue } from './responses.js';
import { Sdi12Error } from './sdi12-error.js';
import { sdi12SectionOf, type Sdi12Section } from './section.js';

/** Runs a task alone on the line; gives a fault where the bus is closed. */
export type Talk = <T>(task: (exchange: Exchange) => Promise<T>) => Promise<T | Fault>;

/** Points that one question answers; without a measurement: the identification. */
interface Question {
  readonly measurement: Measurement | undefined;
  readonly points: readonly FieldPoint[];
}

interface Answer {
  readonly values: readonly SensorValue[];
  readonly at: number;
}

const questionsOf = (points: readonly FieldPoint[]): readonly Question[] => {
  const questions = new Map<string, { measurement: Measurement | undefined; points: FieldPoint[] }>();
  for (const point of points) {
    const place = placeOf(point.field);
    const measurement = place !== undefined && 'measurement' in place ? place.measurement : undefined;
    const name = measurement === undefined ? 'I' : measurementName(measurement);
    const question = questions.get(name) ?? { measurement, points: [] };
    question.points.push(point);
    questions.set(name, question);
  }
  return [...questions.values()];
};

const isFault = (result: object): result is Fault => 'code' in result && 'detail' in result;

const granted = <T extends object>(result: T | Fault): T => {
  if (isFault(result)) throw new Sdi12Error(result);
  return result;
};

/** A measurement during which the sensor has the line to itself, until its service request. */
const measureAlone = async (
  exchange: Exchange,
  address: string,
  measurement: Measurement,
  crc: boolean,
): Promise<Answer> => {
  if (measurement.kind === 'R' || measurement.kind === 'X')
    return askAtOnce(exchange, address, measurement, crc);
  const started = await start(exchange, address, measurement, crc);
  await awaitService(exchange, started);
  return { at: started.at, values: await fetchValues(exchange, measurement, started, crc) };
};

/** A measurement during which others have the line (4.4.7). */
const measureConcurrently = async (
  talk: Talk,
  wait: (ms: number) => Promise<void>,
  now: () => number,
  address: string,
  measurement: Measurement,
  crc: boolean,
): Promise<Answer> => {
  const started: Started = granted(await talk((exchange) => start(exchange, address, measurement, crc)));
  const readyAt = now() + started.seconds * 1000;
  while (now() < readyAt) await wait(readyAt - now());
  const values = granted(
    await talk(async (exchange) => ({ values: await fetchValues(exchange, measurement, started, crc) })),
  );
  return { at: started.at, ...values };
};

/** What reading one sensor takes. */
export interface UnitReading {
  readonly unit: UnitSettings;
  readonly talk: Talk;
  /** Resolves after `ms`; rejects when the read is broken off. */
  readonly wait: (ms: number) => Promise<void>;
  /** Monotonic ms. */
  readonly now: () => number;
}

const answerOf = async (
  { unit: { address }, talk, wait, now }: UnitReading,
  measurement: Measurement,
  crc: boolean,
): Promise<Answer> =>
  measurement.kind === 'C'
    ? measureConcurrently(talk, wait, now, address, measurement, crc)
    : granted(await talk((exchange) => measureAlone(exchange, address, measurement, crc)));

const identificationSamples = async (
  { unit: { address }, talk, now }: UnitReading,
  points: readonly FieldPoint[],
): Promise<readonly Sample[]> => {
  const at = now();
  const identification = granted(
    await talk((exchange) => askLine(exchange, address, 'I', parseIdentification)),
  );
  const fields = new Map(identificationFields(identification));
  return samplesOf(points, { address, fields }, at);
};

const valueSamples = async (
  reading: UnitReading,
  measurement: Measurement,
  points: readonly FieldPoint[],
  section: Sdi12Section,
): Promise<readonly Sample[]> => {
  const crc = alwaysBearsCrc(measurement) || (section.crc === true && canAskForCrc(measurement));
  const { values, at } = await answerOf(reading, measurement, crc);
  const fields = new Map(valueFields(measurement, 1, values, section));
  return samplesOf(points, { address: reading.unit.address, fields }, at);
};

const answered = async (
  reading: UnitReading,
  { measurement, points }: Question,
): Promise<readonly Sample[]> => {
  try {
    return await (measurement === undefined
      ? identificationSamples(reading, points)
      : valueSamples(reading, measurement, points, sdi12SectionOf(reading.unit.section)));
  } catch (error) {
    if (!(error instanceof Sdi12Error)) throw error;
    return faultySamples(points, { code: error.code, detail: error.message }, error.at ?? reading.now());
  }
};

/** Asks one sensor for points, one measurement after another. Rejects only when the read is broken off. */
export const readUnit = async (
  reading: UnitReading,
  points: readonly FieldPoint[],
): Promise<readonly Sample[]> => {
  const samples: Sample[] = [];
  for (const question of questionsOf(points)) samples.push(...(await answered(reading, question)));
  return samples;
};
