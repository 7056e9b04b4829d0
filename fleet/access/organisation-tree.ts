import type { Organisation } from '../store/registry-store.js';

/** Who is below whom, answered in constant time. */
export interface OrganisationTree {
  /** The organisation on top; `undefined` on a fleet without any. */
  readonly top: string | undefined;
  /** `id` is `rootId` or below it. What is not in the tree is nowhere. */
  within(rootId: string, id: string): boolean;
  /** An organisation and everything below it, by id. */
  below(rootId: string): readonly string[];
}

/**
 * Numbers organisations in the order of a walk: those below one of them have the numbers that follow it.
 * Organisations on a ring, or below one, hang on nothing and are nowhere.
 */
export const createOrganisationTree = (organisations: readonly Organisation[]): OrganisationTree => {
  const children = childrenOf(organisations);
  const order: string[] = [];
  const places = new Map<string, { readonly first: number; end: number }>();
  // by hand: a tree may be deeper than the stack
  const open: Walked[] = [{ id: null, next: 0 }];
  for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
    const child = children.get(node.id)?.[node.next];
    if (child === undefined) {
      open.pop();
      const place = node.id === null ? undefined : places.get(node.id);
      if (place !== undefined) place.end = order.length;
    } else {
      node.next += 1;
      places.set(child, { first: order.length, end: 0 });
      order.push(child);
      open.push({ id: child, next: 0 });
    }
  }
  return {
    top: children.get(null)?.[0],
    within: (rootId, id) => {
      const root = places.get(rootId);
      const place = places.get(id);
      return root !== undefined && place !== undefined && root.first <= place.first && place.first < root.end;
    },
    below: (rootId) => {
      const root = places.get(rootId);
      return root === undefined ? [] : order.slice(root.first, root.end);
    },
  };
};

/** An organisation on the way down, and which of its children comes next. */
interface Walked {
  readonly id: string | null;
  next: number;
}

const childrenOf = (organisations: readonly Organisation[]): Map<string | null, string[]> => {
  const children = new Map<string | null, string[]>();
  for (const { id, parentId } of organisations) {
    const siblings = children.get(parentId);
    if (siblings === undefined) children.set(parentId, [id]);
    else siblings.push(id);
  }
  return children;
};

const trees = new WeakMap<readonly Organisation[], OrganisationTree>();

/** The tree of a list of organisations, made once for each list: the registry gives the same one until it changes. */
export const treeOf = (organisations: readonly Organisation[]): OrganisationTree => {
  const known = trees.get(organisations);
  if (known !== undefined) return known;
  const tree = createOrganisationTree(organisations);
  trees.set(organisations, tree);
  return tree;
};
