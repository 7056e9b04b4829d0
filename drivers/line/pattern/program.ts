import { LineError } from '../line-error.js';
import type { CharacterSet } from './character-set.js';
import type { ParsedPattern, PatternNode } from './parse-pattern.js';

/** Steps of a machine that follows all ways through a pattern at once. Steps that say no next go on to the one after. */
export type Step =
  | { readonly do: 'take'; readonly set: CharacterSet }
  /** Two ways on; the first is preferred. */
  | { readonly do: 'fork'; readonly first: number; readonly second: number }
  | { readonly do: 'jump'; readonly to: number }
  /** Notes where a group begins (even slots) or ends (odd ones). */
  | { readonly do: 'note'; readonly slot: number }
  /** A group that is repeated forgets what it held. */
  | { readonly do: 'forget'; readonly from: number; readonly to: number }
  | { readonly do: 'accept' };

/** What bounds the work for a character: steps that may be alive at once. */
const MAX_STEPS = 4000;

/** Slots of the groups within a node, from the first to before the last. */
const slotsOf = (node: PatternNode, names: readonly string[]): readonly number[] => {
  if (node.type === 'set') return [];
  if (node.type === 'group') return [2 * names.indexOf(node.name), ...slotsOf(node.node, names)];
  return (node.type === 'repeat' ? [node.node] : node.nodes).flatMap((inner) => slotsOf(inner, names));
};

/** Lays a pattern out as steps. Throws a `LineError` where that would be too many. */
export const compile = ({ tree, names }: ParsedPattern): readonly Step[] => {
  const steps: Step[] = [];
  const push = (step: Step): number => {
    if (steps.length >= MAX_STEPS)
      throw new LineError('pattern', `is too large: its repetitions come to more than ${MAX_STEPS} steps`);
    return steps.push(step) - 1;
  };
  const fork = (at: number, inside: number, outside: number, lazy: boolean): void => {
    steps[at] = { do: 'fork', first: lazy ? outside : inside, second: lazy ? inside : outside };
  };
  const placeholder = (): number => push({ do: 'jump', to: 0 });

  const repeat = (node: Extract<PatternNode, { type: 'repeat' }>): void => {
    const slots = slotsOf(node.node, names);
    const once = (): void => {
      if (slots.length > 0) push({ do: 'forget', from: Math.min(...slots), to: Math.max(...slots) + 2 });
      lay(node.node);
    };
    for (let count = 0; count < node.least; count++) once();
    if (node.most === Infinity) {
      const at = placeholder();
      once();
      push({ do: 'jump', to: at });
      fork(at, at + 1, steps.length, node.lazy);
      return;
    }
    const optional: number[] = [];
    for (let count = node.least; count < node.most; count++) {
      optional.push(placeholder());
      once();
    }
    for (const at of optional) fork(at, at + 1, steps.length, node.lazy);
  };

  const choose = ([node, ...others]: readonly PatternNode[]): void => {
    if (node === undefined) return;
    if (others.length === 0) return lay(node);
    const at = placeholder();
    lay(node);
    const out = placeholder();
    fork(at, at + 1, steps.length, false);
    choose(others);
    steps[out] = { do: 'jump', to: steps.length };
  };

  const lay = (node: PatternNode): void => {
    if (node.type === 'set') push({ do: 'take', set: node.set });
    else if (node.type === 'sequence') node.nodes.forEach(lay);
    else if (node.type === 'choice') choose(node.nodes);
    else if (node.type === 'repeat') repeat(node);
    else {
      const slot = 2 * names.indexOf(node.name);
      push({ do: 'note', slot });
      lay(node.node);
      push({ do: 'note', slot: slot + 1 });
    }
  };

  lay(tree);
  push({ do: 'accept' });
  return steps;
};
