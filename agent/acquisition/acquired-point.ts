import type { Clock, Moment } from '../clock/clock.js';
import type { NewReading } from '../buffer/buffer.js';
import type { ConfiguredDevice, ConfiguredPoint } from '../twin/configuration.js';
import type { Sample } from '../../drivers/sample.js';
import { coefficientsOf, type Coefficients } from '../twin/coefficients.js';
import { applyInstallation } from './installation.js';
import { judge, type Judgement } from './quality.js';
import type { QualityState, QualityTests } from './quality-tests.js';
import { believed, datedAhead } from './device-clock.js';
import { isHeld, type Reported } from './report-by-exception.js';

/** What a technician sees of one point. `time` is UTC ms; `value` is in `point.map.unit`. */
export interface LiveReading extends Pick<NewReading, 'time' | 'clock' | 'value' | 'flag' | 'reason'> {
  readonly device: ConfiguredDevice;
  readonly point: ConfiguredPoint;
  /** The bytes that the value was decoded from. */
  readonly raw: Uint8Array;
  /** What went wrong on the line, in the driver's words. */
  readonly fault?: string;
}

/** What turns a point's samples into readings. */
export interface PointRules {
  readonly coefficients: Coefficients;
  readonly tests: QualityTests;
}

const UNSCALED: Coefficients = { ratio: 1, offset: 0 };

/** The rules of one point of a device: states and text are never scaled. */
export const rulesOf = (device: ConfiguredDevice, point: ConfiguredPoint): PointRules => {
  const { map, kind, range, maxRatePerS, tests } = point;
  const isQuantity = map.valueType === 'float' || map.valueType === 'integer';
  const coefficients = isQuantity ? coefficientsOf(device.installation, map) : UNSCALED;
  return {
    coefficients,
    tests: {
      kind,
      tests,
      ...(range === undefined ? {} : { range }),
      ...(maxRatePerS === undefined ? {} : { maxRatePerS }),
      ...(map.rollover === undefined ? {} : { rollover: map.rollover }),
    },
  };
};

/** Judges a sample as a reading of its point, beside what the point's tests remember. */
export const judgeSample = (
  { coefficients, tests }: PointRules,
  last: QualityState | undefined,
  sample: Sample,
  moment: Pick<Moment, 'time' | 'state'>,
): Judgement => {
  const value = sample.value === null ? null : applyInstallation(sample.value, coefficients);
  const month = moment.state === 'unsynced' ? undefined : new Date(moment.time).getUTCMonth() + 1;
  const doubt = sample.doubt ?? datedAhead(sample, moment);
  return judge(tests, last, doubt === undefined ? sample : { ...sample, doubt }, value, month);
};

/** A judged sample as people see it. */
export const liveReading = (
  device: ConfiguredDevice,
  point: ConfiguredPoint,
  { value, flag, reason }: Judgement,
  { time, state }: Moment,
  { raw, fault }: Sample,
): LiveReading => {
  const seen = { device, point, time, clock: state, value, flag, reason, raw };
  return fault === undefined ? seen : { ...seen, fault: fault.detail };
};

/** A sample as it is stored, and as people see it. */
export interface Accepted {
  readonly reading: NewReading;
  readonly live: LiveReading;
}

/** One point as acquisition follows it: what its tests and its deadband remember, and its last reading. */
export class AcquiredPoint {
  readonly #device: ConfiguredDevice;
  readonly #point: ConfiguredPoint;
  readonly #rules: PointRules;
  readonly #number: number;
  #quality: QualityState | undefined;
  #reported: Reported | undefined;
  #latest: LiveReading | undefined;

  constructor(device: ConfiguredDevice, point: ConfiguredPoint, number: number) {
    this.#device = device;
    this.#point = point;
    this.#rules = rulesOf(device, point);
    this.#number = number;
  }

  get kind(): ConfiguredPoint['kind'] {
    return this.#point.kind;
  }

  /** The next sample as a reading. */
  accept(sample: Sample, clock: Pick<Clock, 'at'>): Accepted {
    const moment = clock.at(sample.at);
    const judgement = judgeSample(this.#rules, this.#quality, sample, moment);
    const { value, flag, reason } = judgement;
    const reported = { value, flag, reason, at: sample.at };
    const held = isHeld(this.#point, this.#reported, reported);
    this.#quality = judgement.state;
    if (!held) this.#reported = reported;
    const live = liveReading(this.#device, this.#point, judgement, moment, sample);
    this.#latest = live;
    const reading = {
      point: this.#number,
      boot: moment.boot,
      monotonic: moment.monotonic,
      time: moment.time,
      clock: moment.state,
      uncertaintyMs: moment.uncertaintyMs,
      value,
      flag,
      reason,
      held,
      ...(sample.deviceTime === undefined ? {} : { deviceTime: sample.deviceTime }),
      ...believed(sample, moment),
    };
    return { reading, live };
  }

  /** Whatever the deadband says, the next reading goes out raw. */
  sendNext(): void {
    this.#reported = undefined;
  }

  /** A sample that becomes no reading: seen by a technician, remembered by no test. */
  look(sample: Sample, clock: Pick<Clock, 'at'>): LiveReading {
    const moment = clock.at(sample.at);
    const judgement = judgeSample(this.#rules, this.#quality, sample, moment);
    return liveReading(this.#device, this.#point, judgement, moment, sample);
  }

  /** The last reading. */
  latest(): LiveReading | undefined {
    return this.#latest;
  }
}
