import { DIALECTS } from '../../../drivers/dialects.js';
import type { TelegramDialect } from '../../../drivers/dialect.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { isFieldPoint } from '../../../drivers/profile.js';
import { samplesOf } from '../../../drivers/telegram/samples-of.js';
import type { Telegram } from '../../../drivers/telegram/telegram.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';
import { LocalError } from '../errors.js';
import { renderTelegram, telegramAsJson } from '../telegram-table.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';

export interface DecodeTelegramOptions {
  /** Hexadecimal in any grouping, or the telegram as text. */
  readonly bytes: readonly string[];
  readonly protocol: string;
  readonly profile: string | undefined;
  readonly profiles: readonly string[];
  readonly json: boolean;
}

/** Readouts of several telegrams, and whole pages of text. */
const MOST_BYTES = 16_384;

const dialectOf = (protocol: string): TelegramDialect => {
  const telegrams = DIALECTS.get(protocol)?.telegrams;
  if (telegrams !== undefined) return telegrams;
  const known = [...DIALECTS.values()].filter((dialect) => dialect.telegrams !== undefined);
  throw new LocalError(
    'usage',
    `--protocol takes ${known.map((dialect) => dialect.protocol).join(', ')}, not "${protocol}"`,
  );
};

/** What is hexadecimal to the last digit is taken for bytes, all else for text; `\r`, `\n`, `\t` and `\xNN` stand for theirs. */
const rawOf = (texts: readonly string[]): Uint8Array => {
  const text = texts.join(' ');
  if (text.length > 3 * MOST_BYTES) throw new LocalError('usage', `decode takes at most ${MOST_BYTES} bytes`);
  const digits = text.replaceAll(/0x/gi, '').replaceAll(/[\s,;:-]+/g, '');
  if (/^([0-9a-fA-F]{2})+$/.test(digits)) return Uint8Array.from(Buffer.from(digits, 'hex'));
  const unescaped = text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|([rnt]))/g, (_, hex?: string, letter?: string) =>
    hex === undefined
      ? ({ r: '\r', n: '\n', t: '\t' }[letter ?? ''] ?? '')
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Uint8Array.from(Buffer.from(unescaped, 'latin1'));
};

const decoded = (raw: Uint8Array, dialect: TelegramDialect, section: unknown): Telegram => {
  try {
    return dialect.decode(raw, section);
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    throw new LocalError('refused', `no telegram (${error.code}): ${error.message}`, { cause: error });
  }
};

/** Prints the fields of a telegram, and with a profile what its points are in it. Throws a `LocalError`. */
export const decodeTelegramCommand = (options: DecodeTelegramOptions, output: Output): number => {
  const { bytes, protocol, profile: id, profiles, json } = options;
  const dialect = dialectOf(protocol);
  const profile = id === undefined ? undefined : loadProfile(profiles, id);
  if (profile === undefined && dialect.needsSection === true)
    throw new LocalError(
      'usage',
      `${protocol} is read as a profile describes it: say which with -p <profile>`,
    );
  const telegram = decoded(rawOf(bytes), dialect, profile?.section);
  const points = profile?.points.filter(isFieldPoint) ?? [];
  const samples = samplesOf(points, telegram, 0);
  const unitOf = (name: string): string => {
    const form = dialect.field(name, profile?.section);
    return 'value' in form ? (form.value.unit ?? '') : '';
  };
  const shown = { telegram, points, samples, unitOf };
  output.print(json ? telegramAsJson(shown) : renderTelegram(shown));
  return EXIT.done;
};
