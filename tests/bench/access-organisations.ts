import type { Organisation } from '../../fleet/store/registry-store.js';

const COUNT = 1000;

/** A region of 20 intercommunalities, each with municipalities and their services. */
export const ORGANISATIONS: readonly Organisation[] = Array.from({ length: COUNT }, (_, index) => ({
  id: `o${String(index).padStart(4, '0')}`,
  parentId: index === 0 ? null : `o${String(index <= 20 ? 0 : Math.floor(index / 7)).padStart(4, '0')}`,
  name: `Organisation ${index}`,
  type: index <= 20 ? 'intercommunality' : 'municipality',
  code: null,
  timeZone: 'Europe/Paris',
}));
