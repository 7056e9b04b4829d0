import type { UnitSettings } from '../../drivers/driver.js';
import type { ConfiguredDevice } from './configuration.js';

/** What a driver is told of a device: where it is, and what its profile says of how to ask it. */
export const unitSettings = ({ address, profile, ...device }: ConfiguredDevice): UnitSettings => {
  const { maxRegisters, holes, groups, quirks, identity, section } = profile;
  const pauseMs = device.pauseMs ?? profile.pauseMs;
  return {
    address,
    maxRegisters,
    ...(holes === undefined ? {} : { holes }),
    ...(groups === undefined ? {} : { groups }),
    ...(quirks === undefined ? {} : { quirks }),
    ...(identity === undefined ? {} : { identity }),
    ...(section === undefined ? {} : { section }),
    ...(pauseMs === undefined ? {} : { pauseMs }),
  };
};
