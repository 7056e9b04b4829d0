import { manufacturerCode, manufacturerName } from './application/manufacturer.js';

/** How a device is asked. */
export type MbusAddress =
  { readonly kind: 'primary'; readonly number: number } | ({ readonly kind: 'secondary' } & SecondaryAddress);

/** What a selection compares (EN 13757-3, "Selection of a slave"); absent parts match every device. */
export interface SecondaryAddress {
  /** Eight digits; an F matches every digit. */
  readonly identification: string;
  /** Three letters. */
  readonly manufacturer?: string;
  readonly version?: number;
  readonly medium?: number;
  /** Enhanced selection: eight digits that another device with the same identification does not have. */
  readonly fabrication?: string;
}

/** Selected devices answer here. */
export const SELECTED = 253;
/** Every device answers here: for a line with one. */
export const ANY = 254;
const LAST_PRIMARY = 250;

const SECONDARY = /^([0-9F]{8})(?:\.([A-Z]{3}|\*)\.([0-9A-F]{2}|\*)\.([0-9A-F]{2}|\*))?(?:\/([0-9F]{8}))?$/;
/** Identification, then the bytes of manufacturer (low byte first), version and medium. */
const HEXADECIMAL = /^([0-9F]{8})([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})$/;

const byteOf = (text: string | undefined): number | undefined =>
  text === undefined || text === '*' || text === 'FF' ? undefined : Number.parseInt(text, 16);

const secondary = (parts: {
  readonly [Key in keyof SecondaryAddress]: SecondaryAddress[Key] | undefined;
}) => {
  const { identification = '', manufacturer, version, medium, fabrication } = parts;
  return {
    kind: 'secondary',
    identification,
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(version === undefined ? {} : { version }),
    ...(medium === undefined ? {} : { medium }),
    ...(fabrication === undefined ? {} : { fabrication }),
  } as const;
};

/**
 * Reads an address: `0` to `250`, `254`; `12345678`, `12345678.KAM.01.04` (version and medium in hexadecimal, `*` for
 * any), either with `/` and a fabrication number; or sixteen hexadecimal digits as in other tools. `undefined`: none.
 */
export const parseMbusAddress = (text: string): MbusAddress | undefined => {
  const trimmed = text.trim().toUpperCase();
  if (/^[0-9]{1,3}$/.test(trimmed)) {
    const number = Number(trimmed);
    return number <= LAST_PRIMARY || number === ANY ? { kind: 'primary', number } : undefined;
  }
  const [, low, manufacturer, version, medium, fabrication] = SECONDARY.exec(trimmed) ?? [];
  if (low !== undefined)
    return secondary({
      identification: low,
      manufacturer: manufacturer === '*' ? undefined : manufacturer,
      version: byteOf(version),
      medium: byteOf(medium),
      fabrication,
    });
  const [, digits, first = '', second = '', third, fourth] = HEXADECIMAL.exec(trimmed) ?? [];
  if (digits === undefined) return undefined;
  const code = Number.parseInt(second + first, 16);
  return secondary({
    identification: digits,
    manufacturer: code === 0xffff ? undefined : manufacturerName(code),
    version: byteOf(third),
    medium: byteOf(fourth),
    fabrication: undefined,
  });
};

const hex = (byte: number | undefined): string =>
  byte === undefined ? '*' : byte.toString(16).toUpperCase().padStart(2, '0');

/** The address in its one form. */
export const mbusAddressText = (address: MbusAddress): string => {
  if (address.kind === 'primary') return String(address.number);
  const { identification, manufacturer, version, medium, fabrication } = address;
  const bare = manufacturer === undefined && version === undefined && medium === undefined;
  const model = bare ? '' : `.${manufacturer ?? '*'}.${hex(version)}.${hex(medium)}`;
  return `${identification}${model}${fabrication === undefined ? '' : `/${fabrication}`}`;
};

const bcd = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex')).toReversed();

/** Data of a selection, and of an enhanced one with the fabrication number as a record behind. */
export const selectionData = ({
  identification,
  manufacturer,
  version,
  medium,
  fabrication,
}: SecondaryAddress): Uint8Array => {
  const code = manufacturer === undefined ? 0xffff : manufacturerCode(manufacturer);
  const record = fabrication === undefined ? [] : [0x0c, 0x78, ...bcd(fabrication)];
  return Uint8Array.of(
    ...bcd(identification),
    code & 0xff,
    code >> 8,
    version ?? 0xff,
    medium ?? 0xff,
    ...record,
  );
};
