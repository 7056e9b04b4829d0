import type { Candidate, FoundDevice } from '../finder.js';
import { isFieldPoint, type Profile } from '../profile.js';
import { samplesOf } from '../telegram/samples-of.js';
import { TelegramError } from '../telegram/telegram-error.js';
import type { Telegram } from '../telegram/telegram.js';
import { telegramOf } from './decode-telegram.js';
import { identityOf, type Readout } from './readout.js';
import { mbusSection } from './section.js';

const decoded = ({ address, parts }: Readout, section: unknown): Telegram | undefined => {
  try {
    return telegramOf(address, parts, section);
  } catch (error) {
    if (error instanceof TelegramError) return undefined;
    throw error;
  }
};

/** How well a profile fits; `undefined` where its manufacturer or medium is another. */
const candidate = (readout: Readout, profile: Profile): Candidate | undefined => {
  const { manufacturers, media, versions } = mbusSection(profile.section);
  const { manufacturer, medium, version } = identityOf(readout.parts) ?? {};
  if (manufacturers === undefined || manufacturer === undefined || !manufacturers.includes(manufacturer))
    return undefined;
  if (media !== undefined && medium !== undefined && !media.includes(medium)) return undefined;
  const telegram = decoded(readout, profile.section);
  const fields = profile.points.filter(isFieldPoint);
  const has = fields.filter(({ field }) => telegram?.fields.has(field));
  return {
    profile,
    fitting: has.length,
    against: fields.length - has.length,
    identified: version !== undefined && (versions?.includes(version) ?? false),
  };
};

const weight = ({ fitting, against, identified }: Candidate): number =>
  fitting - against + (identified ? fitting : 0);

const hexByte = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

/** What a device proved to be, by what it says of itself and by the fields that it has. */
export const recogniseMbus = (
  readout: Readout,
  profiles: readonly Profile[],
  at: number,
): Omit<FoundDevice, 'address'> => {
  const identity = identityOf(readout.parts);
  const { identification = '', manufacturer = '', version, medium } = identity ?? {};
  const model = [manufacturer, ...[version, medium].map((byte) => (byte === undefined ? '' : hexByte(byte)))];
  const says = `${identification} ${model.join(' ')}, primary address ${readout.address}`;
  const candidates = profiles
    .flatMap((profile) => candidate(readout, profile) ?? [])
    .filter(({ fitting }) => fitting > 0)
    .toSorted((a, b) => weight(b) - weight(a));
  const [best, ...others] = candidates;
  if (best === undefined) return { certain: false, rivals: [], samples: [], says };
  const telegram = decoded(readout, best.profile.section);
  const fields = best.profile.points.filter(isFieldPoint);
  return {
    best,
    certain: best.identified && best.against === 0,
    rivals: others.filter((other) => weight(other) >= weight(best)),
    samples: telegram === undefined ? [] : samplesOf(fields, telegram, at),
    says,
  };
};
