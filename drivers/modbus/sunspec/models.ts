/**
 * What is read of the SunSpec models (SunSpec Alliance, model definitions 1, 101–103, 111–113, 160, 201–204 and
 * 211–214). Offsets count registers from the model's id. Power factors are left out: makers disagree on their unit.
 */

export interface ModelPoint {
  readonly key: string;
  readonly name: string;
  readonly offset: number;
  readonly type: 'int16' | 'uint16' | 'uint32' | 'float32' | 'enum16';
  /** Offset of the power of ten, of integers that have one. */
  readonly exponent?: number;
  readonly unit?: string;
  readonly property: string;
  readonly kind?: 'counter';
  /** Digits after the point, of floats; the integers' own exponent says theirs. */
  readonly decimals?: number;
  readonly states?: Readonly<Record<string, string>>;
  /** Conductors it is of: 1 to 3; a model of fewer phases does not have it. */
  readonly phase?: number;
}

export interface Model {
  /** Begins the keys of its points where a chain has several of a family. */
  readonly family: 'inverter' | 'meter' | 'dc';
  readonly name: string;
  readonly phases: number;
  readonly points: readonly ModelPoint[];
  /** A block that is repeated to the end of the model: where the first begins, and how long each is. */
  readonly repeating?: {
    readonly at: number;
    readonly length: number;
    readonly points: readonly ModelPoint[];
  };
}

const PHASES = [1, 2, 3] as const;
const STATES = {
  '1': 'off',
  '2': 'sleeping',
  '3': 'starting',
  '4': 'producing',
  '5': 'throttled',
  '6': 'shutting down',
  '7': 'fault',
  '8': 'standby',
};

type Measure = Pick<ModelPoint, 'key' | 'name' | 'unit' | 'property' | 'decimals' | 'kind'>;
const CURRENT = { key: 'current', name: 'Current', unit: 'A', property: 'current', decimals: 2 };
const VOLTAGE = { key: 'voltage', name: 'Voltage', unit: 'V', property: 'voltage', decimals: 1 };
const POWER = { key: 'active_power', name: 'Active power', unit: 'W', property: 'active_power', decimals: 0 };
const FREQUENCY = { key: 'frequency', name: 'Frequency', unit: 'Hz', property: 'frequency', decimals: 2 };
const APPARENT = {
  key: 'apparent_power',
  name: 'Apparent power',
  unit: 'V.A',
  property: 'apparent_power',
  decimals: 0,
};
const REACTIVE = {
  key: 'reactive_power',
  name: 'Reactive power',
  unit: 'V.A{reactive}',
  property: 'reactive_power',
  decimals: 0,
};
const PRODUCED: Measure = {
  key: 'energy',
  name: 'Energy produced',
  unit: 'W.h',
  property: 'active_energy',
  decimals: 0,
  kind: 'counter',
};
const EXPORTED: Measure = {
  key: 'energy_export',
  name: 'Energy injected',
  unit: 'W.h',
  property: 'active_energy_export',
  decimals: 0,
  kind: 'counter',
};
const IMPORTED: Measure = {
  key: 'energy_import',
  name: 'Energy drawn',
  unit: 'W.h',
  property: 'active_energy_import',
  decimals: 0,
  kind: 'counter',
};
const DC_CURRENT = { key: 'dc_current', name: 'DC current', unit: 'A', property: 'dc_current', decimals: 2 };
const DC_VOLTAGE = { key: 'dc_voltage', name: 'DC voltage', unit: 'V', property: 'dc_voltage', decimals: 1 };
const DC_POWER = { key: 'dc_power', name: 'DC power', unit: 'W', property: 'dc_power', decimals: 0 };
const temperature = (key: string, name: string): Measure => ({
  key,
  name,
  unit: 'Cel',
  property: 'equipment_temperature',
  decimals: 1,
});
const CABINET = temperature('cabinet_temperature', 'Cabinet temperature');
const HEAT_SINK = temperature('heat_sink_temperature', 'Heat sink temperature');

const integer =
  (type: 'int16' | 'uint16' | 'uint32') =>
  ({ decimals: _decimals, ...measure }: Measure, offset: number, exponent: number): ModelPoint => ({
    ...measure,
    offset,
    type,
    exponent,
  });
const int16 = integer('int16');
const uint16 = integer('uint16');
const acc32 = integer('uint32');
const float = (measure: Measure, offset: number): ModelPoint => ({ ...measure, offset, type: 'float32' });
const state = (offset: number): ModelPoint => ({
  key: 'state',
  name: 'Operating state',
  offset,
  type: 'enum16',
  property: 'operating_state',
  states: STATES,
});

/** The same measure of each phase, `step` registers apart. */
const phases = (first: ModelPoint, step: number): readonly ModelPoint[] =>
  PHASES.map((phase) => ({
    ...first,
    key: `${first.key}_l${phase}`,
    name: `${first.name} L${phase}`,
    offset: first.offset + step * (phase - 1),
    phase,
  }));

const INVERTER: readonly ModelPoint[] = [
  uint16(CURRENT, 2, 6),
  ...phases(uint16(CURRENT, 3, 6), 1),
  ...phases(uint16(VOLTAGE, 10, 13), 1),
  int16(POWER, 14, 15),
  uint16(FREQUENCY, 16, 17),
  int16(APPARENT, 18, 19),
  int16(REACTIVE, 20, 21),
  acc32(PRODUCED, 24, 26),
  uint16(DC_CURRENT, 27, 28),
  uint16(DC_VOLTAGE, 29, 30),
  int16(DC_POWER, 31, 32),
  int16(CABINET, 33, 37),
  int16(HEAT_SINK, 34, 37),
  state(38),
];

const FLOAT_INVERTER: readonly ModelPoint[] = [
  float(CURRENT, 2),
  ...phases(float(CURRENT, 4), 2),
  ...phases(float(VOLTAGE, 16), 2),
  float(POWER, 22),
  float(FREQUENCY, 24),
  float(APPARENT, 26),
  float(REACTIVE, 28),
  float(PRODUCED, 32),
  float(DC_CURRENT, 34),
  float(DC_VOLTAGE, 36),
  float(DC_POWER, 38),
  float(CABINET, 40),
  float(HEAT_SINK, 42),
  state(48),
];

const METER: readonly ModelPoint[] = [
  int16(CURRENT, 2, 6),
  ...phases(int16(CURRENT, 3, 6), 1),
  ...phases(int16(VOLTAGE, 8, 15), 1),
  int16(FREQUENCY, 16, 17),
  int16(POWER, 18, 22),
  ...phases(int16(POWER, 19, 22), 1),
  int16(APPARENT, 23, 27),
  int16(REACTIVE, 28, 32),
  acc32(EXPORTED, 38, 54),
  acc32(IMPORTED, 46, 54),
];

const FLOAT_METER: readonly ModelPoint[] = [
  float(CURRENT, 2),
  ...phases(float(CURRENT, 4), 2),
  ...phases(float(VOLTAGE, 12), 2),
  float(FREQUENCY, 26),
  float(POWER, 28),
  ...phases(float(POWER, 30), 2),
  float(APPARENT, 36),
  float(REACTIVE, 44),
  float(EXPORTED, 60),
  float(IMPORTED, 68),
];

/** Model 160: the exponents stand before the inputs, each of 20 registers. */
const DC_INPUT: readonly ModelPoint[] = [
  uint16(DC_CURRENT, 9, 2),
  uint16(DC_VOLTAGE, 10, 3),
  uint16(DC_POWER, 11, 4),
];

const inverter = (phaseCount: number, points: readonly ModelPoint[]): Model => ({
  family: 'inverter',
  name: `inverter, ${phaseCount === 2 ? 'split phase' : `${phaseCount} phase`}`,
  phases: phaseCount,
  points,
});
const meter = (phaseCount: number, points: readonly ModelPoint[]): Model => ({
  family: 'meter',
  name: `meter, ${phaseCount === 2 ? 'split phase' : `${phaseCount} phase`}`,
  phases: phaseCount,
  points,
});

export const SUNSPEC_MODELS: ReadonlyMap<number, Model> = new Map([
  [101, inverter(1, INVERTER)],
  [102, inverter(2, INVERTER)],
  [103, inverter(3, INVERTER)],
  [111, inverter(1, FLOAT_INVERTER)],
  [112, inverter(2, FLOAT_INVERTER)],
  [113, inverter(3, FLOAT_INVERTER)],
  [
    160,
    {
      family: 'dc',
      name: 'inputs of a multiple MPPT inverter',
      phases: 3,
      points: [],
      repeating: { at: 10, length: 20, points: DC_INPUT },
    },
  ],
  [201, meter(1, METER)],
  [202, meter(2, METER)],
  [203, meter(3, METER)],
  [204, meter(3, METER)],
  [211, meter(1, FLOAT_METER)],
  [212, meter(2, FLOAT_METER)],
  [213, meter(3, FLOAT_METER)],
  [214, meter(3, FLOAT_METER)],
]);
