import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { SIGNAL_KINDS } from './signals.js';

/** What a simulated territory is made of: the same in every run of its folder. Times are ms. */
const Shape = Type.Object({
  seed: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }),
  /** Of each gateway. */
  devices: Type.Integer({ minimum: 1, maximum: 250 }),
  /** Of each device. */
  points: Type.Integer({ minimum: 1, maximum: 250 }),
  /** Taken in turn by the points of a device. */
  kinds: Type.Array(Type.Enum([...SIGNAL_KINDS]), { minItems: 1, maxItems: 250 }),
  intervalMs: Type.Integer({ minimum: 100, maximum: 86_400_000 }),
  jitterMs: Type.Integer({ minimum: 0, maximum: 86_400_000 }),
});
export type Shape = Static<typeof Shape>;

export const DEFAULT_SHAPE: Shape = {
  seed: 1,
  devices: 2,
  points: 10,
  kinds: ['gauge', 'gauge', 'counter', 'state'],
  intervalMs: 10_000,
  jitterMs: 200,
};

export type SimulationErrorCode = 'settings' | 'folder' | 'enrolment' | 'fleet' | 'copied';

/** Why a simulation cannot be carried out; the text says what to do. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
  readonly code: SimulationErrorCode;

  constructor(code: SimulationErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

const fileOf = (folder: string): string => join(folder, 'simulation.json');

/** The shape that a folder was made with. Throws `SimulationError` 'folder' where there is none that can be read. */
export const loadShape = (folder: string): Shape | undefined => {
  if (!existsSync(fileOf(folder))) return undefined;
  const document: unknown = JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  if (Value.Check(Shape, document)) return document;
  throw new SimulationError('folder', `${fileOf(folder)} describes no simulation: take another --folder.`);
};

/**
 * The shape of a run: that of the folder, which `asked` must agree with; else what is asked, written down for the
 * next run. Throws `SimulationError` 'settings'.
 */
export const settleShape = (folder: string, asked: Partial<Shape>): Shape => {
  const stored = loadShape(folder);
  const shape: Shape = { ...DEFAULT_SHAPE, ...stored, ...asked };
  if (stored !== undefined) {
    const differs = Object.entries(stored).find(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(shape[key as keyof Shape]),
    );
    if (differs === undefined) return stored;
    const [key, value] = differs;
    throw new SimulationError(
      'settings',
      `The gateways of ${folder} were made with ${key} ${JSON.stringify(value)}: leave that option away, or take another --folder.`,
    );
  }
  if (!Value.Check(Shape, shape)) {
    const [fault] = Value.Errors(Shape, shape);
    throw new SimulationError(
      'settings',
      `${fault?.instancePath.slice(1) ?? 'settings'} ${fault?.message ?? 'cannot be'}.`,
    );
  }
  if (shape.jitterMs >= shape.intervalMs) {
    throw new SimulationError('settings', 'The jitter must be shorter than the interval.');
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(folder), `${JSON.stringify(shape, null, 2)}\n`, { mode: 0o600 });
  return shape;
};
