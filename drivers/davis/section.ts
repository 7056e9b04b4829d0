import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

/** What a profile says of a station, under `davis`. */
export const DavisSection = Type.Object(
  {
    collector: Type.Enum(['0.2 mm', '0.1 mm', '0.01 in']),
  },
  { additionalProperties: false },
);
export type DavisSection = Static<typeof DavisSection>;

const CLICK_MM: Readonly<Record<DavisSection['collector'], number>> = {
  '0.2 mm': 0.2,
  '0.1 mm': 0.1,
  '0.01 in': 0.254,
};

/** Rain of one click, mm; `undefined` where the section does not say. */
export const clickOf = (section: unknown): number | undefined =>
  Value.Check(DavisSection, section) ? CLICK_MM[section.collector] : undefined;
