import type { NewCommand } from '../store/operations-store.js';
import type { GatewayTarget } from './targets.js';

/** A gateway may be away for long: what it has is to go when it comes back. */
const LIFETIME_MS = 400 * 86_400_000;
/** Of the names of points in one command: the contract's texts have 4,096 characters. */
const MAX_KEYS_TEXT = 4000;

/** Commands that ask a gateway to take points out of its own history. */
export const eraseCommandsOf = (
  { gatewayId, from, to, keys }: GatewayTarget,
  made: { readonly newId: () => string; readonly at: number; readonly by: string },
): readonly NewCommand[] =>
  textsOf(keys).map((points) => ({
    id: made.newId(),
    gatewayId,
    name: 'erase',
    arguments: { from, to, points },
    createdAt: made.at,
    createdBy: made.by,
    expires: made.at + LIFETIME_MS,
  }));

/** Keys with commas between, as many to a text as it may have. */
const textsOf = (keys: readonly string[]): readonly string[] => {
  const texts: string[] = [];
  for (const key of keys) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + key.length < MAX_KEYS_TEXT)
      texts[texts.length - 1] = `${last},${key}`;
    else texts.push(key);
  }
  return texts;
};
