import { setTimeout as delay } from 'node:timers/promises';
import type { Ask } from '../api-session.js';
import type { Territory } from './territory.js';

const LOOK_MS = 1000;

interface SeenLocation {
  readonly id: string;
  readonly key: string;
  readonly organisationId: string | null;
  readonly geometry: object | null;
}

interface Wanted {
  readonly organisationId: string;
  readonly key: string;
  readonly coordinates: readonly number[];
}

/** Puts locations on the map as soon as their gateways have named them; who moved one since keeps it there. */
export const placeLocations = async (ask: Ask, territory: Territory, signal: AbortSignal): Promise<void> => {
  let wanted: readonly Wanted[] | undefined;
  while (!signal.aborted && wanted?.length !== 0) {
    try {
      wanted ??= await wantedOf(ask, territory);
      wanted = await placeThose(ask, wanted);
    } catch {
      // the fleet does not answer, and is asked again
    }
    if (wanted?.length !== 0) await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
};

const wantedOf = async (ask: Ask, { municipalities }: Territory): Promise<readonly Wanted[]> => {
  const { items } = (await ask('GET', 'organisations?limit=1000')) as {
    readonly items: readonly { readonly id: string; readonly name: string }[];
  };
  return municipalities.flatMap(({ name, devices }) => {
    const organisationId = items.find((organisation) => organisation.name === name)?.id ?? '';
    return devices.flatMap(({ location, position }) =>
      position === undefined ? [] : [{ organisationId, key: location, coordinates: position }],
    );
  });
};

/** Gives those that are not there yet. */
const placeThose = async (ask: Ask, wanted: readonly Wanted[]): Promise<readonly Wanted[]> => {
  const { items } = (await ask('GET', 'locations?limit=1000')) as { readonly items: readonly SeenLocation[] };
  const missing: Wanted[] = [];
  for (const place of wanted) {
    const there = items.find(
      ({ key, organisationId }) => key === place.key && organisationId === place.organisationId,
    );
    if (there === undefined) missing.push(place);
    else if (there.geometry === null) {
      const geometry = { type: 'Point', coordinates: place.coordinates };
      await ask('PATCH', `locations/${there.id}`, { geometry });
    }
  }
  return missing;
};
