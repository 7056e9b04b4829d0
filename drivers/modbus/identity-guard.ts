import type { ReadRequest, UnitSettings } from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import type { IdentityRegister, ProfileIdentity, RegisterPoint } from '../profile.js';
import type { Answer, DeviceIdentification } from './operations.js';

/** What a guard needs of its line. */
export interface GuardedLine {
  /** Times that the line was opened. */
  openings(): number;
  isOpen(): boolean;
  read(request: ReadRequest<RegisterPoint>, signal: AbortSignal): Promise<readonly Sample[]>;
  identify(unit: UnitSettings, signal: AbortSignal): Promise<Answer<DeviceIdentification>>;
  now(): number;
}

const REOPENED: Fault = {
  code: 'closed',
  detail: 'the line was opened anew; the device must be recognised first',
};

/** An identity register as a point: what it holds is taken as it is. */
export const identityProbe = ({ register }: IdentityRegister, index: number): RegisterPoint => ({
  key: `identity-${index}`,
  name: 'identity',
  kind: 'text',
  property: 'identity',
  unit: '1',
  valueType: register.type === 'string' ? 'text' : 'integer',
  scale: 1,
  offset: 0,
  register,
  vectors: [],
});

const another = (unit: UnitSettings, why: string): Fault => ({
  code: 'identity',
  detail: `another device answers at address ${unit.address}: ${why}`,
});

const beginsWith = (text: string | undefined, start: string): boolean =>
  (text ?? '').toLowerCase().startsWith(start.toLowerCase());

/**
 * Believes the values of a unit only once the device at its address has proved to be the one that is meant, anew each
 * time the line was opened: after a replug another adapter may bear the name, with other devices behind it.
 */
export class IdentityGuard {
  readonly #line: GuardedLine;
  /** Units that were recognised as what, and at which opening. */
  readonly #recognised = new Map<string, { readonly as: ProfileIdentity; readonly opening: number }>();

  constructor(line: GuardedLine) {
    this.#line = line;
  }

  /** Reads as the line does; a unit that is not recognised gives faults in place of values. */
  async read(request: ReadRequest<RegisterPoint>, signal: AbortSignal): Promise<readonly Sample[]> {
    const fault = await this.recognise(request.unit, signal);
    if (fault !== undefined) return this.#refuse(request, fault);
    const opening = this.#line.openings();
    const samples = await this.#line.read(request, signal);
    const same = request.unit.identity === undefined || this.#line.openings() === opening;
    return same ? samples : this.#refuse(request, REOPENED);
  }

  /** Why the unit's values cannot be believed; `undefined` where they can, or where nothing tells its model. */
  async recognise(unit: UnitSettings, signal: AbortSignal): Promise<Fault | undefined> {
    const { identity } = unit;
    if (identity === undefined) return undefined;
    const known = this.#recognised.get(unit.address);
    if (this.#line.isOpen() && known?.as === identity && known.opening === this.#line.openings())
      return undefined;
    const opening = this.#line.openings() + (this.#line.isOpen() ? 0 : 1);
    const fault = await this.#compare(unit, identity, signal);
    if (fault !== undefined) return fault;
    if (this.#line.openings() !== opening) return REOPENED;
    this.#recognised.set(unit.address, { as: identity, opening });
    return undefined;
  }

  #refuse({ points }: ReadRequest<RegisterPoint>, fault: Fault): readonly Sample[] {
    const at = this.#line.now();
    return points.map(({ key }) => ({ point: key, value: null, raw: new Uint8Array(), at, fault }));
  }

  async #compare(
    unit: UnitSettings,
    { registers, device }: ProfileIdentity,
    signal: AbortSignal,
  ): Promise<Fault | undefined> {
    const points = registers.map(identityProbe);
    const samples = points.length === 0 ? [] : await this.#line.read({ unit, points }, signal);
    for (const [index, { value, fault }] of samples.entries()) {
      const { register, values } = registers[index] ?? {};
      // A register that the device refuses, or that says "no value", is not the one that is meant either.
      if (fault !== undefined && !['exception', 'sentinel', 'decode'].includes(fault.code)) return fault;
      if (value !== null && values?.some((expected) => String(expected) === String(value))) continue;
      const held = fault?.detail ?? String(value);
      return another(
        unit,
        `${register?.table} ${register?.address} says ${held}, not ${values?.join(' or ')}`,
      );
    }
    return device === undefined ? undefined : await this.#compareTexts(unit, device, signal);
  }

  async #compareTexts(
    unit: UnitSettings,
    expected: NonNullable<ProfileIdentity['device']>,
    signal: AbortSignal,
  ): Promise<Fault | undefined> {
    const answer = await this.#line.identify(unit, signal);
    if ('fault' in answer)
      return answer.fault.code === 'exception'
        ? another(unit, `it has no identification: ${answer.fault.detail}`)
        : answer.fault;
    const { vendor, product } = answer.value;
    if (!beginsWith(vendor, expected.vendor ?? '') || !beginsWith(product, expected.product ?? ''))
      return another(unit, `it says it is ${vendor ?? '?'} ${product ?? '?'}`);
    return undefined;
  }
}
