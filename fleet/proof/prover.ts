import { X509Certificate } from 'node:crypto';
import { decodePointEntry } from '#wire/directory-codec.js';
import type { Scope } from '../sharing/scope.js';
import type { LogReader } from '../store/log-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import type { ReadingRow, Resolution, ViewsReader } from '../store/views-store.js';
import { HOUR, MINUTE, QUARTER, startOf } from '../store/periods.js';
import { ProofError } from './errors.js';
import { encodeProof, PROOF_FORMAT, type ProofContents } from './proof-file.js';
import { aggregateOf, sameAggregate } from './prove-window.js';
import { signReceipt, type ReceiptSigner } from './receipt.js';
import { findColumn, openBatch, showColumn, type FoundColumn, type OpenedBatch } from './show-column.js';

/** Windows that can be proven; longer ones follow from these. */
const PERIODS = { '1m': MINUTE, '15m': QUARTER, '1h': HOUR } as const satisfies Partial<
  Record<Resolution, number>
>;
export type ProofResolution = keyof typeof PERIODS;
export const PROOF_RESOLUTIONS: readonly ProofResolution[] = ['1m', '15m', '1h'];

/** Raw readings that one proof can be made of. */
const MAX_READINGS = 20_000;

export interface ProverDeps {
  readonly views: ViewsReader;
  readonly log: Pick<LogReader, 'read' | 'directory'>;
  readonly registry: Pick<RegistryStore, 'certificate'>;
  /** The certificate (PEM) that has issued this one. */
  readonly issuerOf: (certificatePem: string) => string;
  readonly signer: ReceiptSigner;
  readonly now: () => number;
}

export interface ProofRequest {
  readonly scope: Scope;
  readonly pointId: string;
  /** UTC ms: the newest reading at or before it, or the window that it lies in. */
  readonly at: number;
}

/**
 * Makes proofs of what a scope gives: of readings and of windows made from them where it gives them raw; of windows that
 * the gateway signed also where it gives no finer ones. Throws `ProofError` `not-found` for all else, as for what is not
 * there.
 */
export interface Prover {
  reading(request: ProofRequest): Promise<Uint8Array>;
  window(request: ProofRequest & { readonly resolution: ProofResolution }): Promise<Uint8Array>;
}

export const createProver = (deps: ProverDeps): Prover => ({
  reading: async (request) => {
    const { scope, pointId, at } = request;
    await requirePoint(deps, request);
    const row = await deps.views.readingAt(scope, deps.now(), { pointId, at, entering: false });
    if (row === undefined) throw notFound();
    const columns = await columnsOf(deps, request, [row]);
    return seal(deps, request, { time: row.time, periodMs: 0 }, columns);
  },
  window: async (request) => {
    await requirePoint(deps, request);
    const periodMs = PERIODS[request.resolution];
    const place = { start: startOf(request.at, periodMs), periodMs };
    const sent = await windowColumn(deps, request, place);
    const raw = await rawColumns(deps, request, place, sent);
    const columns = [...(sent === undefined ? [] : [sent]), ...raw];
    if (columns.length === 0) throw notFound();
    return seal(deps, request, { time: place.start, periodMs }, columns);
  },
});

/** Before anything of a point is looked for: how long it takes would tell that there is one. */
const requirePoint = async ({ views }: ProverDeps, { scope, pointId }: ProofRequest): Promise<void> => {
  if ((await views.point(scope, pointId)) === undefined) throw notFound();
};

/** One answer for what is not there and for what the scope does not give. */
const notFound = (): ProofError =>
  new ProofError('not-found', 'There is nothing of such a point at that time that can be proven.');

interface Place {
  readonly start: number;
  readonly periodMs: number;
}

const batchAt = async ({ log }: ProverDeps, position: number): Promise<OpenedBatch | undefined> => {
  const [entry] = await log.read(position - 1, 1, 1);
  return entry?.position === position && entry.type === 'batch' ? openBatch(entry) : undefined;
};

const columnIn = async (
  { views }: ProverDeps,
  batch: OpenedBatch,
  pointId: string,
  periodMs: number,
): Promise<FoundColumn | undefined> => {
  const { source, directory } = batch.parsed.header;
  const number = await views.numberIn(source, directory, pointId);
  return number === undefined ? undefined : findColumn(batch, number, periodMs);
};

/** The column that holds a row, among the batches that may. */
const columnOf = async (deps: ProverDeps, pointId: string, row: ReadingRow): Promise<FoundColumn> => {
  for (const position of await deps.views.batchesOf(row.source, row.epoch, row.ordinal)) {
    const batch = await batchAt(deps, position);
    const found = batch === undefined ? undefined : await columnIn(deps, batch, pointId, 0);
    if (found?.readings.some(({ ordinal }) => ordinal === row.ordinal)) return found;
  }
  throw notFound();
};

const holds = ({ batch, readings }: FoundColumn, row: ReadingRow): boolean =>
  batch.parsed.header.source === row.source &&
  batch.parsed.header.epoch === row.epoch &&
  readings.some(({ ordinal }) => ordinal === row.ordinal);

/** The columns that hold these rows, each once; all of what they show must be given. */
const columnsOf = async (
  deps: ProverDeps,
  request: ProofRequest,
  rows: readonly ReadingRow[],
): Promise<readonly FoundColumn[]> => {
  const found: FoundColumn[] = [];
  for (const row of rows) {
    if (found.some((column) => holds(column, row))) continue;
    const column = await columnOf(deps, request.pointId, row);
    const times = column.readings.map(({ time }) => time);
    await requireGiven(deps, request, 0, [Math.min(...times), Math.max(...times)]);
    found.push(column);
  }
  return found;
};

const requireGiven = async (
  { views, now }: ProverDeps,
  { scope, pointId }: ProofRequest,
  resolutionMs: number,
  [from, to]: readonly [number, number],
): Promise<void> => {
  if (!(await views.gives(scope, now(), { pointId, resolutionMs, from, to }))) throw notFound();
};

/** The column of the gateway's own window, where the cell is one. */
const windowColumn = async (
  deps: ProverDeps,
  request: ProofRequest,
  { start, periodMs }: Place,
): Promise<FoundColumn | undefined> => {
  let newest: { readonly revision: number; readonly column: FoundColumn } | undefined;
  for (const position of await deps.views.windowBatchesOf(request.pointId, periodMs, start)) {
    const batch = await batchAt(deps, position);
    const column = batch === undefined ? undefined : await columnIn(deps, batch, request.pointId, periodMs);
    const window = column?.windows.findLast((candidate) => candidate.start === start);
    if (column === undefined || window === undefined) continue;
    if (newest === undefined || window.revision > newest.revision) {
      newest = { revision: window.revision, column };
    }
  }
  if (newest === undefined) return undefined;
  const starts = newest.column.windows.map((window) => window.start);
  // a window holds what was carried into it from the one before
  const shown = [Math.min(...starts) - periodMs, Math.max(...starts) + periodMs - 1] as const;
  await requireGiven(deps, request, periodMs, shown);
  return newest.column;
};

/** The columns of the readings that a window came from; none where they do not make what the gateway signed. */
const rawColumns = async (
  deps: ProverDeps,
  request: ProofRequest,
  place: Place,
  sent: FoundColumn | undefined,
): Promise<readonly FoundColumn[]> => {
  const { scope, pointId } = request;
  const { start, periodMs } = place;
  const rows = await deps.views.readings(scope, deps.now(), {
    pointId,
    from: start,
    to: start + periodMs,
    limit: MAX_READINGS + 1,
  });
  if (rows.length === 0) return [];
  if (rows.length > MAX_READINGS) {
    throw new ProofError(
      'not-found',
      'The window has too many readings for one proof; ask for a shorter one.',
    );
  }
  const before = await deps.views.readingAt(scope, deps.now(), { pointId, at: start - 1, entering: true });
  const columns = await columnsOf(deps, request, [...(before === undefined ? [] : [before]), ...rows]);
  const window = sent?.windows.findLast((candidate) => candidate.start === start);
  const last = columns.at(-1);
  if (window === undefined || last === undefined) return columns;
  const point = decodePointEntry(showColumn(last, await directoryOf(deps, last)).describedPoint.bytes);
  const readings = columns.flatMap(({ batch, readings: own }) => {
    const { source, epoch } = batch.parsed.header;
    return own.map((reading) => ({ ...reading, source, epoch }));
  });
  return sameAggregate(aggregateOf(point, place, readings), window.aggregate) ? columns : [];
};

const directoryOf = async ({ log }: ProverDeps, { batch }: FoundColumn): Promise<Uint8Array> => {
  const { source, directory } = batch.parsed.header;
  const message = await log.directory(source, directory);
  if (message === undefined) throw new ProofError('not-found', 'The log does not have the directory.');
  return message;
};

/** The signers' certificates and those that issued them, each once: what leads to the root, without the root. */
const chainsOf = (deps: ProverDeps, columns: readonly FoundColumn[]): readonly Uint8Array[] => {
  const sources = columns.map(({ batch }) => {
    const thumbprint = Buffer.from(batch.parsed.header.certificate).toString('hex');
    const certificate = deps.registry.certificate(thumbprint);
    if (certificate === undefined) throw new ProofError('not-found', 'The certificate is not kept any more.');
    return certificate.pem;
  });
  const signers = [...new Set([...sources, new X509Certificate(deps.signer.certificate).toString()])];
  const all = new Set([...signers, ...signers.map((pem) => deps.issuerOf(pem))]);
  return [...all].map((pem) => new Uint8Array(new X509Certificate(pem).raw));
};

const seal = async (
  deps: ProverDeps,
  { pointId }: ProofRequest,
  proven: { readonly time: number; readonly periodMs: number },
  columns: readonly FoundColumn[],
): Promise<Uint8Array> => {
  const contents: ProofContents = {
    format: PROOF_FORMAT,
    certificates: chainsOf(deps, columns),
    columns: await Promise.all(
      columns.map(async (column) => showColumn(column, await directoryOf(deps, column))),
    ),
  };
  const receivedAt = columns.map(({ batch }) => batch.receivedAt);
  const said = { pointId, issuedAt: deps.now(), ...proven, receivedAt };
  return encodeProof({ ...contents, receipt: signReceipt(said, contents, deps.signer) });
};
