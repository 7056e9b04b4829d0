import type { Scope } from '../sharing/scope.js';
import type { Organisation } from '../store/registry-store.js';

/** Who has a shell on the fleet's machine reads its files anyway: commands show what every organisation holds. */
export const operatorScope = (organisations: readonly Organisation[]): Scope => ({
  grants: organisations.map(({ id }) => ({ organisationId: id, finestMs: 0, delayMs: 0 })),
  shared: [],
});
