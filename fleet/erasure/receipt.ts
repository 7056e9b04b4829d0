import { sign, type X509Certificate } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { decodeCbor, encodeCbor } from '#wire/cbor.js';
import { parseCose, signCose } from '#wire/cose.js';
import { WireError } from '#wire/errors.js';
import { Bytes, Epoch, Hash, Text, Time, Whole } from '#wire/schemas.js';
import type { ErasedBatch } from '../store/log-store.js';
import { chainOf, openCertificates, requireValid } from '../proof/chain.js';
import { ProofError } from '../proof/errors.js';
import { RECEIPT_SIGNER, thumbprintOf, type ReceiptSigner } from '../proof/receipt.js';
import { explained, requireSigned } from '../proof/verify-column.js';
import { byOrganisation } from './erase-columns.js';

export const ERASURE_FORMAT = 'terroir-erasure/1';
export const MAX_ERASURE_BYTES = 256 * 1024 * 1024;
/** Batches that one receipt lists, and that one of its parts does. */
export const MAX_ERASED_BATCHES = 500_000;
const PART = 5000;

const STATEMENT = Type.Object(
  {
    /** Of one point, or of whom. */
    pointId: Type.Optional(Text),
    organisationId: Type.Optional(Text),
    personId: Type.Optional(Text),
    from: Type.Optional(Time),
    to: Type.Optional(Time),
    reason: Text,
    /** Account of the machine that ran the command, or id of the person who asked. */
    by: Text,
    issuedAt: Time,
    /** Thumbprint (SHA-256 of the DER) of the certificate whose key signed this. */
    certificate: Hash,
    /** CBOR arrays of batches, each at most `PART` long. */
    batches: Type.Array(Bytes),
    /** People who went, and the entries of audit trails that say nothing any more. */
    people: Type.Optional(
      Type.Array(
        Type.Object(
          {
            personId: Text,
            trails: Type.Array(Type.Object({ organisationId: Text, numbers: Type.Array(Whole) })),
          },
          { additionalProperties: false },
        ),
      ),
    ),
    /** Organisations that agreed to lose what they held: see `others` of the batches. */
    consents: Type.Optional(Type.Array(Text)),
    /** Commands that ask gateways to erase their own history. */
    gateways: Type.Optional(
      Type.Array(Type.Object({ gatewayId: Text, commandId: Text }, { additionalProperties: false })),
    ),
  },
  { additionalProperties: false },
);
const BATCHES = Type.Array(
  Type.Object(
    {
      /** Where it is not said of all. */
      pointId: Type.Optional(Text),
      source: Text,
      epoch: Epoch,
      seq: Whole,
      firstTime: Time,
      lastTime: Time,
      readings: Whole,
      windows: Whole,
      erasedAt: Time,
      before: Hash,
      after: Hash,
      /** What of it another organisation held. */
      others: Type.Array(
        Type.Object(
          { organisationId: Text, firstTime: Time, lastTime: Time, readings: Whole, windows: Whole },
          { additionalProperties: false },
        ),
      ),
    },
    { additionalProperties: false },
  ),
);
const FILE = Type.Object(
  {
    format: Type.Literal(ERASURE_FORMAT),
    certificates: Type.Array(Bytes, { minItems: 1, maxItems: 8 }),
    statement: Bytes,
  },
  { additionalProperties: false },
);
const statements = Compile(STATEMENT);
const lists = Compile(BATCHES);
const files = Compile(FILE);

/** What was erased, as the fleet signs it. Times are UTC ms. */
export type ErasureReceipt = Omit<Static<typeof STATEMENT>, 'batches'> & {
  readonly batches: readonly (ErasedBatch & { readonly pointId?: string })[];
};

const partsOf = (batches: ErasureReceipt['batches']): Uint8Array[] =>
  Array.from({ length: Math.ceil(batches.length / PART) }, (_, part) =>
    encodeCbor(batches.slice(part * PART, (part + 1) * PART)),
  );

/** The receipt of an erasure as a file. `issuers`: what leads from the signer to the root, DER. */
export const sealErasure = (
  said: Omit<ErasureReceipt, 'certificate'>,
  { key, certificate }: ReceiptSigner,
  issuers: readonly Uint8Array[],
): Uint8Array => {
  const payload = { ...said, certificate: thumbprintOf(certificate), batches: partsOf(said.batches) };
  const statement = signCose(encodeCbor(payload), (bytes) =>
    sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
  );
  return encodeCbor({ format: ERASURE_FORMAT, certificates: [certificate, ...issuers], statement });
};

const read = <Parsed>(validator: { Check(value: unknown): value is Parsed }, bytes: Uint8Array): Parsed => {
  const value = explained('malformed', 'The receipt of an erasure', () => decodeCbor(bytes));
  if (validator.Check(value)) return value;
  throw new ProofError('malformed', 'The receipt of an erasure has not the fields of one.');
};

/** Whether a file says that it is the receipt of an erasure. */
export const isErasure = (file: Uint8Array): boolean => {
  if (file.length > MAX_ERASURE_BYTES) return false;
  try {
    return files.Check(decodeCbor(file));
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
};

/** Checks the receipt of an erasure with nothing but the root. Throws `ProofError`. */
export const verifyErasure = (file: Uint8Array, root: X509Certificate): ErasureReceipt => {
  const { certificates, statement } = read(files, file);
  const cose = explained('malformed', 'The receipt of an erasure', () => parseCose(statement));
  const said = read(statements, cose.payload);
  const chain = chainOf(openCertificates(certificates, root), said.certificate, 'fleet', RECEIPT_SIGNER);
  requireSigned('The receipt of an erasure', cose, chain);
  requireValid(chain, said.issuedAt, said.issuedAt);
  return { ...said, batches: said.batches.flatMap((part) => read(lists, part)) };
};

const iso = (time: number): string => new Date(time).toISOString();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const totalsOf = (batches: ErasureReceipt['batches']) => ({
  batches: new Set(batches.map(({ source, epoch, seq }) => `${source}/${epoch}/${seq}`)).size,
  readings: batches.reduce((sum, { readings }) => sum + readings, 0),
  windows: batches.reduce((sum, { windows }) => sum + windows, 0),
});

/** For people: what went, when, by whom and why; each batch with its hashes. */
export const renderErasure = ({
  batches,
  people = [],
  gateways = [],
  consents = [],
  ...said
}: ErasureReceipt): string => {
  const { batches: count, readings, windows } = totalsOf(batches);
  return [
    'it holds: the receipt of an erasure, signed by the fleet, under the root that you trust',
    '',
    ...ofWhom(said),
    ...(batches.length === 0
      ? []
      : [`erased         ${readings} readings, ${windows} windows of ${count} batches`]),
    ...byOrganisation(batches.flatMap(({ others }) => others)).map(
      ({ organisationId, readings: theirs, windows: cells }) =>
        `of these       ${theirs} readings, ${cells} windows that ${organisationId} held` +
        (consents.includes(organisationId) ? ', which agreed' : ''),
    ),
    `reason         ${said.reason}`,
    `by             ${said.by}, receipt issued ${iso(said.issuedAt)}`,
    ...people.map(
      ({ personId, trails }) =>
        `person ${personId}: account, and ${trails.map(({ organisationId, numbers }) => `${numbers.length} entries of the trail of ${organisationId}`).join(', ')}`,
    ),
    ...gateways.map(({ gatewayId, commandId }) => `gateway ${gatewayId} is asked by command ${commandId}`),
    ...batches.map(
      ({ pointId, source, epoch, seq, before, after, erasedAt, others }) =>
        `${pointId === undefined ? '' : `point ${pointId} `}${source} ${epoch} batch ${seq}, ${iso(erasedAt)}: ${hex(before)} -> ${hex(after)}` +
        others
          .map((part) => `; of ${part.organisationId}: ${iso(part.firstTime)} to ${iso(part.lastTime)}`)
          .join(''),
    ),
    '',
  ].join('\n');
};

type Said = Omit<ErasureReceipt, 'batches' | 'people' | 'gateways' | 'consents'>;

const ofWhom = ({ pointId, organisationId, personId, from, to }: Said): string[] => [
  ...(pointId === undefined ? [] : [`point          ${pointId}`]),
  ...(organisationId === undefined ? [] : [`organisation   ${organisationId}`]),
  ...(personId === undefined ? [] : [`person         ${personId}`]),
  ...(from === undefined || to === undefined ? [] : [`period         ${iso(from)} to ${iso(to)}`]),
];

/** The same for scripts. */
export const erasureJson = ({
  batches,
  people = [],
  gateways = [],
  consents = [],
  ...said
}: ErasureReceipt) => ({
  pointId: said.pointId,
  organisationId: said.organisationId,
  personId: said.personId,
  from: said.from === undefined ? undefined : iso(said.from),
  to: said.to === undefined ? undefined : iso(said.to),
  people,
  gateways,
  consents,
  reason: said.reason,
  by: said.by,
  issuedAt: iso(said.issuedAt),
  erased: totalsOf(batches),
  others: byOrganisation(batches.flatMap(({ others }) => others)),
  batches: batches.map(({ before, after, firstTime, lastTime, erasedAt, others, ...batch }) => ({
    ...batch,
    firstTime: iso(firstTime),
    lastTime: iso(lastTime),
    erasedAt: iso(erasedAt),
    before: hex(before),
    after: hex(after),
    others: others.map((part) => ({
      ...part,
      firstTime: iso(part.firstTime),
      lastTime: iso(part.lastTime),
    })),
  })),
});
