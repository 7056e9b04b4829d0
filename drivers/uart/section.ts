import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { durationMs, DurationText } from '../document/duration.js';

export const SENSORS = ['sds011', 'pms', 'pms5003t', 'pms5003st', 'sps30', 'mh-z19'] as const;
export type SensorName = (typeof SENSORS)[number];

/** What a profile says under `uart`. */
export const UartSection = Type.Object(
  {
    sensor: Type.Enum([...SENSORS], { description: 'whose frames it speaks' }),
    warmUp: Type.Optional(DurationText),
    dutyCycle: Type.Optional(
      Type.Boolean({ description: 'true: it sleeps between two reads, and is woken a warm-up before each' }),
    ),
  },
  { additionalProperties: false },
);
export type UartSection = Static<typeof UartSection>;

/** From power or from waking until values can be believed, by the manuals, ms. */
const WARM_UP_MS: Readonly<Record<SensorName, number>> = {
  // "Laser PM2.5 Sensor specification" V1.3: the fan must have run for 10 s at least; 30 s are what users settled on.
  sds011: 30_000,
  // Manuals of the PMS5003 and PMS7003: stable 30 s after waking, for want of a steady fan.
  pms: 30_000,
  pms5003t: 30_000,
  pms5003st: 30_000,
  // Datasheet 1.0, table 1: 30 s for 50 to 100 particles/cm³, less in dirtier air.
  sps30: 30_000,
  // Manual of the MH-Z19B, 1.0: preheat time.
  'mh-z19': 180_000,
};

/** A section in full. */
export interface SensorSettings {
  readonly sensor: SensorName;
  readonly warmUpMs: number;
  readonly dutyCycle: boolean;
}

/** The section of a unit, checked when its profile was read; `undefined` where there is none. */
export const sensorSettings = (section: unknown): SensorSettings | undefined => {
  if (!Value.Check(UartSection, section)) return undefined;
  const { sensor, warmUp, dutyCycle = false } = section;
  return { sensor, dutyCycle, warmUpMs: warmUp === undefined ? WARM_UP_MS[sensor] : durationMs(warmUp) };
};
