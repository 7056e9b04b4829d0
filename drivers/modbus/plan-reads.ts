import type { RegisterPoint, Quirk, RegisterHole, RegisterMap } from '../profile.js';
import { readMs, type ReadCosts } from './line-costs.js';
import { isBitTable, span } from './register-layout.js';

/** One read request and the points that its reply holds. */
export interface PlannedRead {
  readonly table: RegisterMap['table'];
  readonly address: number;
  /** Registers, or coils. */
  readonly count: number;
  readonly points: readonly RegisterPoint[];
}

export interface PlanLimits {
  /** Registers of one request at most. */
  readonly maxRegisters: number;
  readonly costs: ReadCosts;
  /** What the device refuses to give. */
  readonly holes?: readonly RegisterHole[];
  /** Keys of points that stay in one request. */
  readonly groups?: readonly (readonly string[])[];
  /** `no-gaps` and `single-reads` bear on the plan. */
  readonly quirks?: readonly Quirk[];
}

/** Coils or discrete inputs of one request (Modbus Application Protocol 1.1b3, section 6.1). */
const MAX_BITS = 2000;

/** Addresses that stay in one request, from `from` up to and without `to`, and the points in them. */
interface Atom {
  readonly from: number;
  readonly to: number;
  readonly points: readonly RegisterPoint[];
}

const atomOf = (point: RegisterPoint): Atom => {
  const { address } = point.register;
  return { from: address, to: address + span(point.register), points: [point] };
};

/** Drops atoms into those that hold them whole: starts and ends then both ascend. */
const nest = (atoms: readonly Atom[], holds: (outer: Atom, inner: Atom) => boolean): readonly Atom[] => {
  const nested: Atom[] = [];
  for (const atom of atoms.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    const last = nested.at(-1);
    if (last !== undefined && holds(last, atom))
      nested[nested.length - 1] = { ...last, points: [...last.points, ...atom.points] };
    else nested.push(atom);
  }
  return nested;
};

const touches = ({ from, to }: Omit<Atom, 'points'>, holes: readonly RegisterHole[]): boolean =>
  holes.some((hole) => hole.first < to && from <= hole.last);

/** Points of a group become one atom where one request can hold them. */
const gather = (
  points: readonly RegisterPoint[],
  groups: readonly (readonly string[])[],
  fits: (atom: Atom) => boolean,
): readonly Atom[] => {
  const left = new Set(points);
  const gathered: Atom[] = [];
  for (const keys of groups) {
    const members = points.filter((point) => left.has(point) && keys.includes(point.key));
    const atoms = members.map(atomOf);
    const whole = {
      from: Math.min(...atoms.map(({ from }) => from)),
      to: Math.max(...atoms.map(({ to }) => to)),
      points: members,
    };
    if (members.length < 2 || !fits(whole)) continue;
    members.forEach((member) => left.delete(member));
    gathered.push(whole);
  }
  return [...gathered, ...[...left].map(atomOf)];
};

/**
 * The cheapest partition of the atoms into requests. Since starts and ends ascend, each request of some cheapest
 * plan holds atoms that follow one another, so the best plan of the first n is found from those of fewer.
 */
const cheapest = (
  atoms: readonly Atom[],
  cost: (from: number, to: number) => number,
): readonly (readonly Atom[])[] => {
  const best: { readonly cost: number; readonly start: number }[] = [{ cost: 0, start: 0 }];
  atoms.forEach((last, index) => {
    let found = { cost: Infinity, start: index };
    for (let start = index; start >= 0; start--) {
      const price = cost(atoms[start]?.from ?? 0, last.to);
      // An atom that breaks the limits by itself is asked for all the same: whole, and alone.
      if (price === Infinity && start < index) break;
      const total = (best[start]?.cost ?? 0) + (start === index && price === Infinity ? 0 : price);
      if (total <= found.cost) found = { cost: total, start };
    }
    best.push(found);
  });
  const parts: (readonly Atom[])[] = [];
  for (let end = atoms.length; end > 0; end = best[end]?.start ?? 0)
    parts.push(atoms.slice(best[end]?.start ?? 0, end));
  return parts.toReversed();
};

const sameAddresses = (outer: Atom, inner: Atom): boolean =>
  inner.from === outer.from && inner.to === outer.to;

const planTable = (
  table: RegisterMap['table'],
  points: readonly RegisterPoint[],
  { maxRegisters, costs, holes = [], groups = [], quirks = [] }: PlanLimits,
): readonly (readonly Atom[])[] => {
  const most = isBitTable(table) ? MAX_BITS : maxRegisters;
  const here = holes.filter((hole) => hole.table === table);
  const atoms = gather(points, groups, (atom) => atom.to - atom.from <= most && !touches(atom, here));
  const [alone, free]: [Atom[], Atom[]] = [[], []];
  for (const atom of atoms)
    (quirks.includes('single-reads') || touches(atom, here) ? alone : free).push(atom);
  const cost = (from: number, to: number): number =>
    to - from > most || touches({ from, to }, here) ? Infinity : readMs(table, to - from, costs);
  const nested = nest(free, (outer, inner) => inner.to <= outer.to);
  const runs = quirks.includes('no-gaps') ? withoutGaps(nested) : [nested];
  return [...runs.flatMap((run) => cheapest(run, cost)), ...nest(alone, sameAddresses).map((atom) => [atom])];
};

const withoutGaps = (atoms: readonly Atom[]): readonly (readonly Atom[])[] => {
  const runs: Atom[][] = [];
  for (const atom of atoms) {
    const run = runs.at(-1);
    if (run !== undefined && (run.at(-1)?.to ?? 0) >= atom.from) run.push(atom);
    else runs.push([atom]);
  }
  return runs;
};

const readOf = (table: RegisterMap['table'], part: readonly Atom[]): PlannedRead => {
  const address = part[0]?.from ?? 0;
  const count = (part.at(-1)?.to ?? 0) - address;
  return { table, address, count, points: part.flatMap((atom) => atom.points) };
};

/**
 * Plans the requests that read the points in the least time on the line, of all plans that ask for at most
 * `maxRegisters` registers (or 2000 bits) at once. What lies between two points is read where that is cheaper than
 * one more request, unless it is a known hole; a point that touches a hole is asked for alone. A point is never
 * split: its registers belong to one moment. Time is of the order points × points of one request.
 */
export const planReads = (points: readonly RegisterPoint[], limits: PlanLimits): readonly PlannedRead[] => {
  const tables = new Map<RegisterMap['table'], RegisterPoint[]>();
  for (const point of points) {
    const { table } = point.register;
    const others = tables.get(table);
    if (others === undefined) tables.set(table, [point]);
    else others.push(point);
  }
  return [...tables].flatMap(([table, its]) =>
    planTable(table, its, limits).map((part) => readOf(table, part)),
  );
};

/** The bytes of one point, a view of the data of the reply to its read; a bit comes as one byte, 0 or 1. */
export const sliceReply = (read: PlannedRead, point: RegisterPoint, data: Uint8Array): Uint8Array => {
  const place = point.register.address - read.address;
  if (isBitTable(read.table)) return Uint8Array.of(((data[place >>> 3] ?? 0) >>> (place & 7)) & 1);
  return data.subarray(2 * place, 2 * (place + span(point.register)));
};
