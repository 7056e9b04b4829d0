import type { Path, Report } from './document/yaml-document.js';
import type { PointFields } from './profile-fields.js';
import type { CurrentLoop } from './profile.js';

/** How raw values become values: `value = raw × scale + offset`. */
export interface PointScaling {
  readonly scale: number;
  readonly offset: number;
  readonly loop?: CurrentLoop;
}

/** Sixteenths of decimals are decimals: what floats add to them is taken off. */
const decimal = (value: number): number => Number(value.toPrecision(15));

/**
 * Scaling of a point. With a `loop`, the file's scale and offset give the current in mA, and the scaling returned
 * goes on from there to the value.
 */
export const pointScaling = (fields: PointFields, path: Path, report: Report): PointScaling => {
  const scale = fields.scale ?? 1;
  const offset = fields.offset ?? 0;
  const [at4mA, at20mA] = fields.loop ?? [];
  if (at4mA === undefined || at20mA === undefined) return { scale, offset };
  const at = [...path, 'loop'];
  if (at4mA === at20mA) report(at, 'must be two different values: one at 4 mA, one at 20 mA');
  const perMilliampere = (at20mA - at4mA) / 16;
  return {
    scale: decimal(scale * perMilliampere),
    offset: decimal((offset - 4) * perMilliampere + at4mA),
    loop: { at4mA, at20mA },
  };
};
