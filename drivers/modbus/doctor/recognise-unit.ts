import type { ReadRequest, UnitSettings } from '../../driver.js';
import type { Sample } from '../../sample.js';
import { isRegisterPoint, type Profile, type ProfileIdentity, type RegisterPoint } from '../../profile.js';
import type { ModbusBus } from '../modbus-bus.js';
import type { DeviceIdentification } from '../operations.js';
import { characteristicPoints, recognise, weigh, type Evidence, type Recognition } from './recognise.js';

/** What one device proved to be. */
export interface RecognisedUnit extends Recognition {
  /** What the best profile reads here, to compare with the dial. */
  readonly samples: readonly Sample[];
  /** What it says of itself, where it does (functions 43/14 and 17). */
  readonly says?: string;
}

/** What is asked of the bus. */
export type DoctorBus = Pick<ModbusBus, 'read' | 'identify' | 'reportServerId'>;

/** A device as it is asked with every profile. */
interface Asked {
  readonly bus: DoctorBus;
  readonly address: string;
  /** Absent where it does not identify itself. */
  readonly device?: DeviceIdentification;
}

interface Weighed {
  readonly evidence: Evidence;
  readonly samples: readonly Sample[];
}

const unitOf = (address: string, profile: Profile): UnitSettings => ({
  address,
  maxRegisters: profile.maxRegisters,
  ...(profile.pauseMs === undefined ? {} : { pauseMs: profile.pauseMs }),
  ...(profile.holes === undefined ? {} : { holes: profile.holes }),
  ...(profile.groups === undefined ? {} : { groups: profile.groups }),
  ...(profile.quirks === undefined ? {} : { quirks: profile.quirks }),
});

const identityPoints = (identity: ProfileIdentity): readonly RegisterPoint[] =>
  identity.registers.map(({ register }, index) => ({
    key: `identity_${index}`,
    name: 'identity',
    kind: 'text',
    property: 'unknown',
    unit: '1',
    valueType: register.type === 'string' ? 'text' : 'integer',
    scale: 1,
    offset: 0,
    vectors: [],
    register,
  }));

const beginsWith = (text: string | undefined, start: string | undefined): boolean =>
  start === undefined || (text ?? '').toLowerCase().startsWith(start.toLowerCase());

/** Whether the device is of the model, by all that its profile says to tell it by; `undefined` where it says nothing. */
const identified = async (
  { bus, address, device }: Asked,
  profile: Profile,
  signal: AbortSignal,
): Promise<boolean | undefined> => {
  const { identity } = profile;
  if (identity === undefined) return undefined;
  const { vendor, product } = identity.device ?? {};
  if (!beginsWith(device?.vendor, vendor) || !beginsWith(device?.product, product)) return false;
  const samples = await bus.read(
    { unit: unitOf(address, profile), points: identityPoints(identity) },
    signal,
  );
  return identity.registers.every(({ values }, index) => {
    const value = samples[index]?.value ?? null;
    return value !== null && values.some((accepted) => String(accepted) === String(value));
  });
};

const LINE_FAULTS: readonly (string | undefined)[] = ['timeout', 'checksum', 'frame', 'closed'];

/** Reads, and once more where the line gave nothing: one lost answer must not hide a model. */
const readTwice = async (
  bus: DoctorBus,
  request: ReadRequest<RegisterPoint>,
  signal: AbortSignal,
): Promise<readonly Sample[]> => {
  const samples = await bus.read(request, signal);
  return samples.some(({ fault }) => LINE_FAULTS.includes(fault?.code)) ? bus.read(request, signal) : samples;
};

/** Tries one profile on a device: identity, then its most characteristic points, then the rest if those fit. */
const tryProfile = async (
  asked: Asked,
  profile: Profile,
  signal: AbortSignal,
): Promise<Weighed | undefined> => {
  const known = await identified(asked, profile, signal);
  if (known === false) return undefined;
  const unit = unitOf(asked.address, profile);
  const first = characteristicPoints(profile);
  const firstSamples = await readTwice(asked.bus, { unit, points: first }, signal);
  if (known === undefined && weigh(profile, firstSamples).bits <= 0) return undefined;
  const rest = profile.points.filter(isRegisterPoint).filter((point) => !first.includes(point));
  const samples = [...firstSamples, ...(await asked.bus.read({ unit, points: rest }, signal))];
  return { evidence: weigh(profile, samples, known), samples };
};

const ownWords = ({ vendor, product, revision, modelName }: DeviceIdentification): string =>
  [vendor, product, modelName, revision].filter((text) => text !== undefined && text !== '').join(' ');

/** What a device that no profile fits says of itself. */
const describe = async ({ bus, address, device }: Asked, signal: AbortSignal): Promise<string> => {
  if (device !== undefined) return ownWords(device);
  const answer = await bus.reportServerId({ address, maxRegisters: 1 }, signal);
  return 'value' in answer ? answer.value.text : '';
};

/**
 * Finds the profile of the device at an address: by the identity registers that profiles name, else by reading
 * what each profile maps and weighing how well the values fit. `tried` is called after each profile.
 * Rejects only when `signal` aborts.
 */
export const recogniseUnit = async (
  bus: DoctorBus,
  address: string,
  profiles: readonly Profile[],
  signal: AbortSignal,
  tried: () => void,
): Promise<RecognisedUnit> => {
  const identification = await bus.identify({ address, maxRegisters: 1 }, signal);
  const asked: Asked = {
    bus,
    address,
    ...('value' in identification ? { device: identification.value } : {}),
  };
  const weighed: Weighed[] = [];
  for (const profile of profiles) {
    const result = await tryProfile(asked, profile, signal);
    if (result !== undefined) weighed.push(result);
    tried();
  }
  const recognition = recognise(weighed.map(({ evidence }) => evidence));
  const { best } = recognition;
  const samples = weighed.find(({ evidence }) => evidence === best)?.samples ?? [];
  const says = best === undefined ? await describe(asked, signal) : '';
  return { ...recognition, samples, ...(says === '' ? {} : { says }) };
};
