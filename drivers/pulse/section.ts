import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { DurationText, durationMs } from '../document/duration.js';

/** What a profile says of a contact or pulse output, under `pulse`. */
export const PulseSection = Type.Object(
  {
    active: Type.Optional(Type.Enum(['low', 'high'])),
    bias: Type.Optional(Type.Enum(['pull-up', 'pull-down', 'disabled'])),
    debounce: Type.Optional(DurationText),
  },
  { additionalProperties: false },
);
type PulseSection = Static<typeof PulseSection>;

/** How a digital input is wired. */
export interface Wiring {
  /** Whether a closed contact, a pulse, pulls the line low. */
  readonly activeLow: boolean;
  /** Absent: as the chip has it. */
  readonly bias?: NonNullable<PulseSection['bias']>;
  /** A level that does not last so long is a bounce, ms. */
  readonly debounceMs: number;
}

/** Contacts bounce for a few ms; an S0 pulse lasts 30 ms at least (EN 62053-31, 4.2). */
const DEBOUNCE_MS = 10;

/** A contact to ground, without a bias of the chip, unless the section says otherwise. */
export const wiringOf = (section: unknown): Wiring => {
  const { active, bias, debounce } = Value.Check(PulseSection, section) ? section : {};
  return {
    activeLow: active !== 'high',
    debounceMs: debounce === undefined ? DEBOUNCE_MS : durationMs(debounce),
    ...(bias === undefined ? {} : { bias }),
  };
};
