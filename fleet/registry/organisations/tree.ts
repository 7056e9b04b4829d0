import type { OrganisationRecord } from '../../store/organisations-store.js';
import type { Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import type { OrganisationVocabulary } from './vocabulary.js';

/**
 * Whether `child` may stand under `parentId` (null: on top). Throws `OrganisationError`: by its type, under one that
 * ceased or was merged, under itself.
 */
export const requirePlace = (
  draft: Draft,
  vocabulary: OrganisationVocabulary,
  child: Pick<OrganisationRecord, 'id' | 'type' | 'name'>,
  parentId: string | null,
): void => {
  const { under } = vocabulary.types[child.type];
  const wanted = under.filter((type) => type !== 'top').join(', ');
  if (parentId === null) {
    if (under.includes('top')) return;
    throw new OrganisationError(
      'invalid',
      `${child.name}: a ${child.type} does not stand on top; it stands under: ${wanted}.`,
    );
  }
  const parent = draft.need('organisation', parentId);
  if (!under.includes(parent.type)) {
    const top = under.includes('top') ? ', or on top' : '';
    throw new OrganisationError(
      'invalid',
      `parentId: ${child.type} cannot stand under ${parent.type}; it stands under: ${wanted}${top}.`,
    );
  }
  requireLiving(parent);
  for (let above: OrganisationRecord | undefined = parent; above !== undefined;) {
    if (above.id === child.id) {
      throw new OrganisationError('invalid', `${child.name} cannot stand under itself or what is below it.`);
    }
    above = above.parentId === null ? undefined : draft.record('organisation', above.parentId);
  }
};

/** Throws where nothing new may be given to this organisation. */
export const requireLiving = ({ name, mergedInto, endedAt }: OrganisationRecord): void => {
  if (mergedInto !== null) {
    throw new OrganisationError('conflict', `${name} was merged into ${mergedInto}; name that one.`);
  }
  if (endedAt !== null) throw new OrganisationError('conflict', `${name} has ceased to be.`);
};
