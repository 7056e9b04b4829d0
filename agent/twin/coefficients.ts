import type { ProfilePoint } from '../../drivers/profile.js';
import type { ConfiguredDevice } from './configuration.js';

/** What an installation makes of a device's value: value × ratio + offset. */
export interface Coefficients {
  readonly ratio: number;
  readonly offset: number;
}

/** The installation's coefficients as far as they act on this point; codes and text are never scaled. */
export const coefficientsOf = (
  installation: Pick<ConfiguredDevice['installation'], 'ratio' | 'offset'>,
  point: Pick<ProfilePoint, 'installation' | 'valueType'>,
): Coefficients => {
  const numeric = point.valueType === 'integer' || point.valueType === 'float';
  const acting = numeric ? (point.installation ?? ['ratio', 'offset']) : [];
  return {
    ratio: acting.includes('ratio') ? installation.ratio : 1,
    offset: acting.includes('offset') ? installation.offset : 0,
  };
};
