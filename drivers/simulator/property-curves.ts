import { hashed } from './random.js';
import { createWeekCurve, type Shape, type WeekCurve } from './week-curve.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365.2425 * DAY_MS;

const SHAPES = {
  /** People at home: morning and evening peaks. */
  demand: {
    hours: [4, 3, 3, 3, 3, 4, 7, 11, 10, 8, 7, 8, 10, 9, 7, 7, 8, 10, 13, 15, 14, 11, 8, 6],
    weekend: 1.15,
    noise: 0.12,
  },
  water: {
    hours: [1, 0.6, 0.5, 0.5, 0.6, 2, 7, 12, 11, 8, 6, 7, 9, 8, 6, 5, 6, 9, 12, 13, 10, 6, 4, 2],
    weekend: 1.1,
    noise: 0.4,
  },
  /** Cars entering a car park in the centre. */
  arrivals: {
    hours: [1, 1, 0, 0, 0, 1, 4, 14, 30, 38, 36, 30, 26, 34, 36, 32, 30, 30, 28, 20, 14, 8, 4, 2],
    weekend: 0.7,
    noise: 0.3,
  },
  /** Decibels of a street. */
  noise: {
    hours: [48, 46, 45, 45, 46, 50, 56, 62, 63, 61, 60, 61, 62, 61, 61, 61, 62, 64, 64, 61, 58, 55, 52, 50],
    weekend: 0.95,
    noise: 0.03,
  },
  wind: {
    hours: [2, 2, 2, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2],
    weekend: 1,
    noise: 0.5,
  },
  rain: {
    hours: [0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0],
    weekend: 0.2,
    noise: 0.9,
  },
  steady: { hours: Array.from({ length: 24 }, () => 1), weekend: 1, noise: 0.05 },
} as const satisfies Readonly<Record<string, Shape>>;

type ShapeName = keyof typeof SHAPES;

/** The place that a unit stands in: everything its points say comes from here, so that they agree. */
export interface Surroundings {
  curve(name: ShapeName): WeekCurve;
  /** How large this place is, 0.6 to 1.4. */
  readonly size: number;
  readonly seed: number;
}

export const createSurroundings = (seed: number): Surroundings => {
  const curves = new Map<ShapeName, WeekCurve>();
  return {
    seed,
    size: 0.6 + 0.8 * hashed(seed, 0),
    curve: (name) => {
      const curve = curves.get(name) ?? createWeekCurve(SHAPES[name], seed);
      curves.set(name, curve);
      return curve;
    },
  };
};

/** Value of an observed property at a time, in the catalogue's unit, powers in W; `share` of a phase among the whole. */
type PropertyCurve = (place: Surroundings, timeMs: number, share: number) => number;

const wave = (timeMs: number, periodMs: number, phase = 0): number =>
  Math.sin(2 * Math.PI * (timeMs / periodMs - phase));

const WATTS = 180;
const POWER_FACTOR = 0.94;
const DWELL_MS = 2 * HOUR_MS;

const power: PropertyCurve = (place, time, share) =>
  share * place.size * WATTS * place.curve('demand').at(time);
const energy: PropertyCurve = (place, time, share) =>
  (share * place.size * WATTS * place.curve('demand').total(time)) / 1000;
const voltage: PropertyCurve = (place, time, share) =>
  233 + wave(time, 7 * 60_000, share) - power(place, time, 1) / 1500;
const temperature: PropertyCurve = (place, time) =>
  12 +
  9 * wave(time, YEAR_MS, 0.3) +
  4.5 * wave(time, DAY_MS, 0.35) +
  0.3 * wave(time, 11 * 60_000, place.size);
const arrived = (place: Surroundings, time: number): number =>
  Math.floor(place.size * place.curve('arrivals').total(time));
const occupied = (place: Surroundings, time: number): number =>
  arrived(place, time) - arrived(place, time - DWELL_MS);
const spaces = (place: Surroundings): number => Math.ceil(70 * place.size);
const sound: PropertyCurve = (place, time) => place.curve('noise').at(time) + 4 * (place.size - 1);
const wind: PropertyCurve = (place, time) => place.size * place.curve('wind').at(time);
const flow: PropertyCurve = (place, time) => 0.15 * place.size * place.curve('water').at(time);
/** What a heating circuit takes from its water, K; and what a cubic metre of water and one kelvin are, W.h. */
const COOLED = 22;
const WATER_WH = 1163;
const flowTemperature: PropertyCurve = (_, time) =>
  66 + 6 * wave(time, DAY_MS, 0.35) + wave(time, 23 * 60_000);
const humidity: PropertyCurve = (place, time, share) => 70 - 2 * (temperature(place, time, share) - 12);

/** Dust that traffic raises, on what the air brings along. */
const dust: PropertyCurve = (place, time) =>
  9 + 4 * wave(time, 4.1 * DAY_MS) + 0.5 * place.size * place.curve('arrivals').at(time);

export const PROPERTY_CURVES: Readonly<Record<string, PropertyCurve>> = {
  active_power: power,
  apparent_power: (place, time, share) => power(place, time, share) / POWER_FACTOR,
  reactive_power: (place, time, share) => power(place, time, share) * Math.tan(Math.acos(POWER_FACTOR)),
  power_factor: () => POWER_FACTOR,
  voltage,
  current: (place, time, share) => power(place, time, share) / POWER_FACTOR / voltage(place, time, share),
  frequency: (_, time) => 50 + 0.015 * wave(time, 97_000) + 0.01 * wave(time, 613_000),
  active_energy: energy,
  active_energy_import: energy,
  active_energy_export: () => 0,
  reactive_energy: (place, time, share) => energy(place, time, share) * Math.tan(Math.acos(POWER_FACTOR)),
  water_volume: (place, time) => 0.15 * place.size * place.curve('water').total(time),
  water_flow: flow,
  water_temperature: (_, time) => 13 + 4 * wave(time, YEAR_MS, 0.35) + 0.4 * wave(time, DAY_MS, 0.4),
  flow_temperature: flowTemperature,
  return_temperature: (place, time, share) => flowTemperature(place, time, share) - COOLED,
  thermal_power: (place, time, share) => flow(place, time, share) * COOLED * WATER_WH,
  thermal_energy: (place, time) =>
    (0.15 * place.size * place.curve('water').total(time) * COOLED * WATER_WH) / 1000,
  leak: () => 0,
  fault: () => 0,
  air_temperature: temperature,
  relative_humidity: humidity,
  /** By the rule of thumb: a kelvin below the air for each 5 % below saturation. */
  dew_point: (place, time, share) =>
    temperature(place, time, share) - (100 - humidity(place, time, share)) / 5,
  /** Of a room with people in it. */
  co2: (place, time) => 420 + 30 * place.size * place.curve('demand').at(time),
  atmospheric_pressure: (_, time) => 1014 + 9 * wave(time, 5.3 * DAY_MS) + 3 * wave(time, 1.7 * DAY_MS),
  wind_speed: wind,
  wind_gust: (place, time, share) => 1.7 * wind(place, time, share) + 0.5,
  wind_direction: (place, time) =>
    (360 + 260 * place.size + 70 * wave(time, 2.3 * DAY_MS) + 15 * wave(time, 9 * 60_000)) % 360,
  precipitation: (place, time) => 0.2 * place.size * place.curve('rain').total(time),
  precipitation_rate: (place, time) => 0.2 * place.size * place.curve('rain').at(time),
  uv_index: (_, time) => Math.max(0, 7 * wave(time, DAY_MS, 0.22)),
  solar_irradiance: (_, time) => Math.max(0, 750 * wave(time, DAY_MS, 0.22)),
  pm1: (place, time, share) => 0.45 * dust(place, time, share),
  pm2_5: (place, time, share) => 0.6 * dust(place, time, share),
  pm4: (place, time, share) => 0.8 * dust(place, time, share),
  pm10: dust,
  water_level: (place, time) =>
    1.2 * place.size + 0.4 * wave(time, 6.7 * DAY_MS) + 0.02 * wave(time, 37 * 60_000),
  water_conductivity: (place, time) => 620 * place.size + 40 * wave(time, 3.3 * DAY_MS),
  soil_water_content: (place, time) => 24 * place.size + 6 * wave(time, 9 * DAY_MS),
  soil_temperature: (_, time) => 12 + 7 * wave(time, YEAR_MS, 0.35) + 1.5 * wave(time, DAY_MS, 0.5),
  soil_conductivity: (place, time) => 280 * place.size + 30 * wave(time, 9 * DAY_MS),
  sound_level_laeq: sound,
  sound_level_lamax: (place, time, share) => sound(place, time, share) + 9 + 3 * wave(time, 41_000),
  vehicle_entries: arrived,
  vehicle_exits: (place, time) => arrived(place, time - DWELL_MS),
  vehicle_count: arrived,
  occupied_spaces: occupied,
  free_spaces: (place, time) => Math.max(0, spaces(place) - occupied(place, time)),
  parking_state: (place, time) => (occupied(place, time) >= spaces(place) ? 1 : 0),
  latitude: (place, time) => 47.62 + 0.02 * place.size + 0.004 * wave(time, 20 * 60_000),
  longitude: (place, time) => 1.06 - 0.02 * place.size + 0.006 * wave(time, 20 * 60_000, 0.25),
  altitude: (place, time) => 95 + 20 * place.size + 3 * wave(time, 11 * 60_000),
  ground_speed: (_, time) => 3 + 2.5 * wave(time, 3 * 60_000),
  course: (_, time) => 180 + 179 * wave(time, 20 * 60_000),
  satellites: (place) => Math.round(8 + 4 * place.size),
  dilution_of_precision: (place) => 0.7 + 0.3 * place.size,
  battery_level: (place) => Math.round(60 + 20 * place.size),
  battery_voltage: (_, time) => 4.2 + 0.1 * wave(time, 31 * DAY_MS),
};
