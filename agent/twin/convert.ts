import type { Catalogue } from './catalogue.js';

/** A value of one unit in another of the same quantity; `undefined` where they do not convert. */
export const convert = (
  catalogue: Pick<Catalogue, 'units'>,
  value: number,
  from: string,
  to: string,
): number | undefined => {
  if (from === to) return value;
  const source = catalogue.units.get(from);
  const target = catalogue.units.get(to);
  if (source === undefined || target === undefined || source.quantity !== target.quantity) return undefined;
  return (value * source.factor + source.offset - target.offset) / target.factor;
};
