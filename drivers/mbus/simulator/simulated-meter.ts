import type { ServedDevice } from '../../simulator/device-server.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { isFieldPoint, type FieldPoint } from '../../profile.js';
import { ANY, parseMbusAddress, SELECTED, type SecondaryAddress } from '../address.js';
import { manufacturerCode } from '../application/manufacturer.js';
import { ACKNOWLEDGE, encodeLong, type LinkFrame } from '../link/frame.js';
import { mbusSection } from '../section.js';
import { recordForm, type RecordForm } from './records.js';

const SND_NKE = 0x40;
const REQ_UD2 = 0x5b;
const SND_UD = 0x53;
const FCB = 0x20;
const RSP_UD = 0x08;
const CI_SELECT = 0x52;
const CI_VARIABLE = 0x72;
const MORE_FOLLOW = 0x1f;
const EVERYBODY = 255;
/** Records of one telegram, so that header and DIF 1F fit beside them. */
const MOST_RECORD_BYTES = 234;
/** Values grow: a record's data have room for so many times the first one. */
const HEADROOM = 100;
const UNKNOWN_MAKER = 'TER';

/** Of the header, not of a record. */
const IN_HEADER = new Set(['identification', 'manufacturer', 'version', 'medium', 'access number', 'status']);

/** One device of a simulated line. */
export interface SimulatedMeter {
  readonly address: string;
  /** What it answers to a frame, UTC ms; `undefined`: nothing, it is meant for others. */
  answer(frame: LinkFrame, timeMs: number): Uint8Array | undefined;
}

interface Served {
  readonly point: FieldPoint;
  readonly form: RecordForm;
}

const bcd = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex')).toReversed();

/** In the field's unit, as the profile's scale gives the point's from it. */
const fieldValue = (point: FieldPoint, value: number | string): number | string =>
  typeof value === 'number' ? (value - point.offset) / point.scale : value;

const identityOf = ({
  address,
  profile,
}: ServedDevice): Required<SecondaryAddress> & { readonly primary: number } => {
  const parsed = parseMbusAddress(address);
  if (parsed === undefined) throw new SimulatorError('address', `"${address}" is no M-Bus address`);
  const { manufacturers = [], media = [], versions = [] } = mbusSection(profile.section);
  const usual = {
    manufacturer: manufacturers[0] ?? UNKNOWN_MAKER,
    version: versions[0] ?? 1,
    medium: media[0] ?? 4,
  };
  if (parsed.kind === 'primary') {
    const identification = String(10_000_000 + parsed.number);
    return { ...usual, identification, fabrication: identification, primary: parsed.number };
  }
  const { kind: _, ...said } = parsed;
  return { ...usual, fabrication: said.identification, ...said, primary: 0 };
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.toReversed()).toString('hex');

const digitsMatch = (own: string, asked: string): boolean =>
  Array.from(asked).every((digit, index) => digit === 'f' || digit === own[index]);

/** Whether a selection is of this device (EN 13757-3): an F, FF or FFFF matches everything. */
const selected = (own: Required<SecondaryAddress>, data: Uint8Array): boolean => {
  const [low = 0, high = 0, version = 0, medium = 0] = data.subarray(4);
  const maker = low | (high << 8);
  const number = data[8] === 0x0c && data[9] === 0x78 ? hex(data.subarray(10, 14)) : 'ffffffff';
  return (
    digitsMatch(own.identification, hex(data.subarray(0, 4))) &&
    (maker === 0xffff || maker === manufacturerCode(own.manufacturer)) &&
    (version === 0xff || version === own.version) &&
    (medium === 0xff || medium === own.medium) &&
    digitsMatch(own.fabrication, number)
  );
};

/** Records, parted into telegrams. */
const telegramsOf = (
  served: readonly Served[],
  { values }: ServedDevice,
  timeMs: number,
): readonly (readonly number[])[] => {
  const parts: number[][] = [[]];
  for (const { point, form } of served) {
    const record = [...form.header, ...form.encode(fieldValue(point, values(point, timeMs)))];
    if ((parts.at(-1)?.length ?? 0) + record.length > MOST_RECORD_BYTES) parts.push([]);
    parts.at(-1)?.push(...record);
  }
  return parts.map((part, at) => (at < parts.length - 1 ? [...part, MORE_FOLLOW] : part));
};

/** The fields of a profile as the device sends them; `startMs` tells how large their values are. */
const servedFields = ({ profile, values }: ServedDevice, startMs: number): readonly Served[] =>
  profile.points
    .filter(isFieldPoint)
    .filter(({ field }) => !IN_HEADER.has(field))
    .map((point) => {
      const value = fieldValue(point, values(point, startMs));
      const size = typeof value === 'number' ? HEADROOM * Math.max(1, Math.abs(value)) : 1;
      return { point, form: recordForm(point.field, size) };
    });

/** A device that sends every field of its profile, in as many telegrams as that takes. */
export const createSimulatedMeter = (device: ServedDevice, startMs: number): SimulatedMeter => {
  const { primary, ...own } = identityOf(device);
  const served = servedFields(device, startMs);
  let isSelected = false;
  let fcb: boolean | undefined;
  let index = 0;
  let accessNumber = 0;

  const header = (): readonly number[] => {
    const code = manufacturerCode(own.manufacturer);
    const number = [...bcd(own.identification)];
    return [...number, code & 0xff, code >> 8, own.version, own.medium, accessNumber & 0xff, 0, 0, 0];
  };

  const respond = (control: number, timeMs: number): Uint8Array => {
    const asked = (control & FCB) !== 0;
    const parts = telegramsOf(served, device, timeMs);
    if (fcb !== undefined && asked !== fcb) {
      index = (index + 1) % parts.length;
      accessNumber++;
    }
    fcb = asked;
    return encodeLong(RSP_UD, primary, CI_VARIABLE, Uint8Array.of(...header(), ...(parts[index] ?? [])));
  };

  const begin = (): void => {
    fcb = undefined;
    index = 0;
  };

  const select = (data: Uint8Array): Uint8Array | undefined => {
    // As some devices do, it keeps its telegram and the frame count bit: only SND_NKE begins anew.
    isSelected = selected(own, data);
    return isSelected ? Uint8Array.of(ACKNOWLEDGE) : undefined;
  };

  const answer = (frame: LinkFrame, timeMs: number): Uint8Array | undefined => {
    if (frame.kind === 'acknowledge') return undefined;
    const { control, address } = frame;
    if (frame.kind === 'long')
      return (control & ~FCB) === SND_UD && address === SELECTED && frame.ci === CI_SELECT
        ? select(frame.data)
        : undefined;
    const forMe = address === primary || address === ANY || (address === SELECTED && isSelected);
    if (control === SND_NKE && (forMe || address === EVERYBODY)) {
      begin();
      if (address === SELECTED) isSelected = false;
      return address === EVERYBODY ? undefined : Uint8Array.of(ACKNOWLEDGE);
    }
    return forMe && (control & ~FCB) === REQ_UD2 ? respond(control, timeMs) : undefined;
  };

  return { address: device.address, answer };
};
