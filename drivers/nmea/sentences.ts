/** What stands in one place of a sentence, or in two that belong together. */
export type Column =
  /** A number as it stands, times a factor. */
  | { readonly is: 'number'; readonly name: string; readonly factor?: number }
  | { readonly is: 'integer'; readonly name: string }
  | { readonly is: 'text'; readonly name: string }
  /** A number, and a letter that says its unit; by letter what makes it the field's unit. */
  | { readonly is: 'measure'; readonly name: string; readonly units: Readonly<Record<string, number>> }
  /** A number, and the side that it turns to: east is positive. */
  | { readonly is: 'sided'; readonly name: string }
  /** `ddmm.mmm` or `dddmm.mmm`, and the hemisphere: decimal degrees, north and east positive. */
  | { readonly is: 'position'; readonly name: string; readonly sides: string; readonly limit: 90 | 180 }
  | { readonly is: 'time' }
  | { readonly is: 'date' }
  | { readonly is: 'skip'; readonly count: number };

/** A sentence as a row of columns. */
export interface SentenceForm {
  readonly columns: readonly Column[];
  /** Fields that are right whatever the status says; the others have no value where it says that there is no fix. */
  readonly always?: readonly string[];
}

/** Metres a second. */
const KNOT = 1852 / 3600;
const KILOMETRE_PER_HOUR = 1 / 3.6;
const FOOT = 0.3048;
/** hPa. */
const INCH_OF_MERCURY = 33.863_886;
const BAR = 1000;

const number = (name: string, factor?: number): Column => ({
  is: 'number',
  name,
  ...(factor === undefined ? {} : { factor }),
});
const integer = (name: string): Column => ({ is: 'integer', name });
const text = (name: string): Column => ({ is: 'text', name });
const measure = (name: string, units: Readonly<Record<string, number>>): Column => ({
  is: 'measure',
  name,
  units,
});
const sided = (name: string): Column => ({ is: 'sided', name });
const time: Column = { is: 'time' };
const position: readonly Column[] = [
  { is: 'position', name: 'latitude', sides: 'NS', limit: 90 },
  { is: 'position', name: 'longitude', sides: 'EW', limit: 180 },
];

/**
 * Sentences whose columns have one meaning each (IEC 61162-1). Speeds are m/s, pressures hPa, depths and heights m, angles
 * degrees, temperatures °C.
 */
export const SENTENCES: ReadonlyMap<string, SentenceForm> = new Map<string, SentenceForm>([
  [
    'GGA',
    {
      columns: [
        time,
        ...position,
        integer('quality'),
        integer('satellites'),
        number('hdop'),
        measure('altitude', { M: 1 }),
        measure('geoid_separation', { M: 1 }),
        number('correction_age'),
        text('station'),
      ],
      always: ['quality', 'satellites'],
    },
  ],
  [
    'RMC',
    {
      columns: [
        time,
        text('status'),
        ...position,
        number('speed', KNOT),
        number('course'),
        { is: 'date' },
        sided('variation'),
        text('mode'),
        text('navigational_status'),
      ],
      always: ['status', 'mode', 'navigational_status'],
    },
  ],
  ['GLL', { columns: [...position, time, text('status'), text('mode')], always: ['status', 'mode'] }],
  [
    'GSA',
    {
      columns: [
        text('selection'),
        integer('fix'),
        { is: 'skip', count: 12 },
        number('pdop'),
        number('hdop'),
        number('vdop'),
        text('system'),
      ],
      always: ['selection', 'fix', 'system'],
    },
  ],
  [
    'VTG',
    {
      columns: [
        measure('course', { T: 1 }),
        measure('course_magnetic', { M: 1 }),
        measure('speed', { N: KNOT }),
        measure('speed', { K: KILOMETRE_PER_HOUR }),
        text('mode'),
      ],
      always: ['mode'],
    },
  ],
  [
    'ZDA',
    {
      columns: [
        time,
        integer('day'),
        integer('month'),
        integer('year'),
        integer('zone_hours'),
        integer('zone_minutes'),
      ],
    },
  ],
  [
    'MDA',
    {
      columns: [
        measure('pressure', { I: INCH_OF_MERCURY }),
        measure('pressure', { B: BAR }),
        measure('air_temperature', { C: 1 }),
        measure('water_temperature', { C: 1 }),
        number('relative_humidity'),
        number('absolute_humidity'),
        measure('dew_point', { C: 1 }),
        measure('wind_direction', { T: 1 }),
        measure('wind_direction_magnetic', { M: 1 }),
        measure('wind_speed', { N: KNOT }),
        measure('wind_speed', { M: 1 }),
      ],
    },
  ],
  ['MTW', { columns: [measure('temperature', { C: 1 })] }],
  [
    'DBT',
    {
      columns: [measure('depth', { f: FOOT }), measure('depth', { M: 1 }), measure('depth', { F: 6 * FOOT })],
    },
  ],
  ['DPT', { columns: [number('depth'), number('offset'), number('range')] }],
  [
    'VHW',
    {
      columns: [
        measure('heading', { T: 1 }),
        measure('heading_magnetic', { M: 1 }),
        measure('speed', { N: KNOT }),
        measure('speed', { K: KILOMETRE_PER_HOUR }),
      ],
    },
  ],
  ['HDG', { columns: [number('heading'), sided('deviation'), sided('variation')] }],
]);

/** Of wind, by the letter of its unit. */
export const SPEED_UNITS: Readonly<Record<string, number>> = {
  K: KILOMETRE_PER_HOUR,
  M: 1,
  N: KNOT,
  S: 0.447_04,
};
/** Of XDR: the maker's letters for pressure, beside bar and pascal. */
export const PRESSURE_UNITS: Readonly<Record<string, number>> = {
  B: BAR,
  P: 0.01,
  H: 1,
  I: INCH_OF_MERCURY,
  M: 1.333_224,
};

/** Sentences whose fields depend on what stands in them. */
export const SHAPED = ['MWV', 'XDR', 'GSV'] as const;

export const isReadSentence = (type: string): boolean =>
  SENTENCES.has(type) || SHAPED.some((shaped) => shaped === type);
