import type { Bus } from '../../driver.js';
import type { Sample } from '../../sample.js';
import type { RegisterPoint, RegisterMap } from '../../profile.js';
import { exceptionName, GATEWAY_PATH_UNAVAILABLE, GATEWAY_TARGET_SILENT } from '../exceptions.js';

/** What came of a question to an address. `garbled`: something came that is no sound reply. */
export type Presence =
  | { readonly kind: 'answers' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'garbled'; readonly detail: string }
  | { readonly kind: 'closed'; readonly detail: string };

/** One register, asked for to see whether anybody answers; its value does not matter. */
const probePoint = (table: RegisterMap['table']): RegisterPoint => ({
  key: 'probe',
  name: 'probe',
  kind: 'gauge',
  property: 'unknown',
  unit: '1',
  valueType: 'integer',
  scale: 1,
  offset: 0,
  vectors: [],
  register: { table, address: 0, type: 'uint16', order: 'AB', length: 1, sentinels: [] },
});

const GATEWAY_SAYS_NOBODY: readonly string[] = [
  exceptionName(GATEWAY_PATH_UNAVAILABLE),
  exceptionName(GATEWAY_TARGET_SILENT),
];

const presenceOf = ({ fault }: Pick<Sample, 'fault'>): Presence => {
  if (fault === undefined) return { kind: 'answers' };
  switch (fault.code) {
    case 'sentinel':
    case 'sensor':
    case 'decode':
    case 'identity':
      return { kind: 'answers' };
    case 'exception':
      return { kind: GATEWAY_SAYS_NOBODY.includes(fault.detail) ? 'silent' : 'answers' };
    case 'timeout':
      return { kind: 'silent' };
    case 'closed':
      return { kind: 'closed', detail: fault.detail };
    default:
      return { kind: 'garbled', detail: fault.detail };
  }
};

/**
 * Asks an address for one register. Any sound reply, an exception too, shows a device; a gateway's word that
 * nobody is there does not. Rejects only when `signal` aborts.
 */
export const probe = async (
  bus: Pick<Bus, 'read'>,
  address: number,
  table: 'holding' | 'input',
  signal: AbortSignal,
): Promise<Presence> => {
  const unit = { address: String(address), maxRegisters: 1 };
  const [sample] = await bus.read({ unit, points: [probePoint(table)] }, signal);
  return sample === undefined ? { kind: 'silent' } : presenceOf(sample);
};
