/** How the bytes of a field are read; `dash`: the raw value of one that the console has not got. */
interface Layout {
  readonly at: number;
  readonly bytes: 1 | 2;
  readonly signed?: boolean;
  readonly dash?: readonly number[];
}

/** What a raw value means: value = (raw + before) × factor, rounded to `digits`. */
interface Meaning {
  readonly factor: number;
  readonly before?: number;
  readonly digits: number;
  /** UCUM. */
  readonly unit: string;
}

export interface DavisField extends Layout, Meaning {
  /** Clicks of the rain collector, whose size the factor is in. */
  readonly clicks?: boolean;
  readonly whole?: boolean;
}

const FAHRENHEIT_ZERO = 32;
const INCH_OF_MERCURY_HPA = 33.8638866667;
const MPH = 0.44704;
const INCH_MM = 25.4;

const TENTHS: Meaning = { factor: 1 / 18, before: -10 * FAHRENHEIT_ZERO, digits: 2, unit: 'Cel' };
const DEGREES: Meaning = { factor: 5 / 9, before: -FAHRENHEIT_ZERO, digits: 2, unit: 'Cel' };
/** Extra, soil and leaf sensors: 90 °F above. */
const SHIFTED: Meaning = { factor: 5 / 9, before: -90 - FAHRENHEIT_ZERO, digits: 2, unit: 'Cel' };
const PRESSURE: Meaning = { factor: INCH_OF_MERCURY_HPA / 1000, digits: 2, unit: 'hPa' };
const PERCENT: Meaning = { factor: 1, digits: 0, unit: '%' };
const WIND: Meaning = { factor: MPH, digits: 3, unit: 'm/s' };
const WIND_TENTHS: Meaning = { factor: MPH / 10, digits: 3, unit: 'm/s' };
const DIRECTION: Meaning = { factor: 1, digits: 0, unit: 'deg' };
const THOUSANDTHS: Meaning = { factor: INCH_MM / 1000, digits: 3, unit: 'mm' };
const HUNDREDTHS: Meaning = { factor: INCH_MM / 100, digits: 2, unit: 'mm' };
const CLICKS: Meaning & { readonly clicks: true } = { factor: 1, digits: 2, unit: 'mm', clicks: true };
const NUMBER: Meaning & { readonly whole: true } = { factor: 1, digits: 0, unit: '1', whole: true };

const BYTE_DASH = { bytes: 1, dash: [255] } as const;
const SIGNED_DASH = { bytes: 2, signed: true, dash: [32_767] } as const;
/** Dew point and its kin: whole degrees, and 255 for none. */
const INDEX_DASH = { bytes: 2, signed: true, dash: [255, 32_767] } as const;
/** 0: no wind, and so no direction; 360 is north. */
const DIRECTION_DASH = { bytes: 2, dash: [0, 32_767, 65_535] } as const;
const WORD_DASH = { bytes: 2, dash: [65_535] } as const;

/** Where both kinds of packet have the same. */
const SHARED: Readonly<Record<string, DavisField>> = {
  barometer_trend: { at: 3, bytes: 1, signed: true, dash: [80], ...NUMBER },
  barometer: { at: 7, bytes: 2, dash: [0, 65_535], ...PRESSURE },
  inside_temperature: { at: 9, ...SIGNED_DASH, ...TENTHS },
  inside_humidity: { at: 11, ...BYTE_DASH, ...PERCENT },
  outside_temperature: { at: 12, ...SIGNED_DASH, ...TENTHS },
  wind_speed: { at: 14, ...BYTE_DASH, ...WIND },
  wind_direction: { at: 16, ...DIRECTION_DASH, ...DIRECTION },
  outside_humidity: { at: 33, ...BYTE_DASH, ...PERCENT },
  rain_rate: { at: 41, ...WORD_DASH, ...CLICKS, unit: 'mm/h' },
  uv_index: { at: 43, ...BYTE_DASH, factor: 0.1, digits: 1, unit: '1' },
  solar_radiation: { at: 44, bytes: 2, dash: [32_767, 65_535], factor: 1, digits: 0, unit: 'W/m2' },
  day_rain: { at: 50, ...WORD_DASH, ...CLICKS },
};

const numbered = (
  name: string,
  count: number,
  at: number,
  rest: Omit<DavisField, 'at'>,
  first = 1,
): Readonly<Record<string, DavisField>> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${name}_${first + index}`, { at: at + index, ...rest }]),
  );

/** Fields of a LOOP packet, revision B (Serial Communication Reference Manual 2.6.1, LOOP packet format). */
export const LOOP_FIELDS: Readonly<Record<string, DavisField>> = {
  ...SHARED,
  wind_speed_10min: { at: 15, ...BYTE_DASH, ...WIND },
  ...numbered('extra_temperature', 7, 18, { ...BYTE_DASH, ...SHIFTED }, 2),
  ...numbered('soil_temperature', 4, 25, { ...BYTE_DASH, ...SHIFTED }),
  ...numbered('leaf_temperature', 4, 29, { ...BYTE_DASH, ...SHIFTED }),
  ...numbered('extra_humidity', 7, 34, { ...BYTE_DASH, ...PERCENT }, 2),
  month_rain: { at: 52, ...WORD_DASH, ...CLICKS },
  year_rain: { at: 54, ...WORD_DASH, ...CLICKS },
  day_evapotranspiration: { at: 56, ...WORD_DASH, ...THOUSANDTHS },
  month_evapotranspiration: { at: 58, ...WORD_DASH, ...HUNDREDTHS },
  year_evapotranspiration: { at: 60, ...WORD_DASH, ...HUNDREDTHS },
  ...numbered('soil_moisture', 4, 62, { ...BYTE_DASH, factor: 1, digits: 0, unit: 'kPa' }),
  ...numbered('leaf_wetness', 4, 66, { ...BYTE_DASH, ...NUMBER }),
  transmitter_battery: { at: 86, bytes: 1, ...NUMBER },
  console_voltage: { at: 87, bytes: 2, factor: 300 / 51_200, digits: 2, unit: 'V' },
  forecast_icons: { at: 89, bytes: 1, ...NUMBER },
};

/** Fields of a LOOP2 packet (LOOP2 packet format). */
export const LOOP2_FIELDS: Readonly<Record<string, DavisField>> = {
  ...SHARED,
  wind_speed_10min: { at: 18, bytes: 2, dash: [32_767, 65_535], ...WIND_TENTHS },
  wind_speed_2min: { at: 20, bytes: 2, dash: [32_767, 65_535], ...WIND_TENTHS },
  // The manual says tenths; consoles send whole miles an hour (README).
  wind_gust_10min: { at: 22, bytes: 2, dash: [255, 32_767, 65_535], ...WIND },
  wind_gust_direction: { at: 24, ...DIRECTION_DASH, ...DIRECTION },
  dew_point: { at: 30, ...INDEX_DASH, ...DEGREES },
  heat_index: { at: 35, ...INDEX_DASH, ...DEGREES },
  wind_chill: { at: 37, ...INDEX_DASH, ...DEGREES },
  thsw_index: { at: 39, ...INDEX_DASH, ...DEGREES },
  last_15min_rain: { at: 52, ...WORD_DASH, ...CLICKS },
  last_hour_rain: { at: 54, ...WORD_DASH, ...CLICKS },
  day_evapotranspiration: { at: 56, ...WORD_DASH, ...THOUSANDTHS },
  last_24h_rain: { at: 58, ...WORD_DASH, ...CLICKS },
  absolute_pressure: { at: 67, bytes: 2, dash: [0, 32_767, 65_535], ...PRESSURE },
  altimeter: { at: 69, bytes: 2, dash: [0, 32_767, 65_535], ...PRESSURE },
};

/** Which packets have a field. */
export const packetsWith = (name: string): readonly ('LOOP' | 'LOOP2')[] => [
  ...(Object.hasOwn(LOOP_FIELDS, name) ? (['LOOP'] as const) : []),
  ...(Object.hasOwn(LOOP2_FIELDS, name) ? (['LOOP2'] as const) : []),
];
