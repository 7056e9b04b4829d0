import { Type } from 'typebox';
import type { StoredAuditEntry } from '../../store/audit-store.js';
import { OUTCOMES, type AuditContent } from './content.js';

const nullable = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);
const Text = nullable(Type.String());
const Thing = nullable(Type.Record(Type.String(), Type.Unknown()));

/** An entry as it is shown. What an erasure took is null. */
export const AUDIT_ENTRY = Type.Object({
  organisationId: Type.String({ description: 'Whose trail it is.' }),
  number: Type.Integer({ description: 'Within its trail, from 0 without gaps.' }),
  time: Type.String({ format: 'date-time' }),
  erased: Type.Boolean(),
  subject: nullable(Type.Object({ type: Type.String(), id: Text, name: Text, organisationId: Text })),
  action: Text,
  resource: nullable(Type.Object({ type: Type.String(), id: Text })),
  before: Thing,
  after: Thing,
  from: Text,
  outcome: nullable(Type.Enum([...OUTCOMES])),
  reason: Text,
  count: nullable(Type.Integer({ description: 'Stands for so many of the same.' })),
});

const ERASED = {
  subject: null,
  action: null,
  resource: null,
  before: null,
  after: null,
  from: null,
  outcome: null,
  reason: null,
  count: null,
} as const;

export const presentEntry = ({ trail, number, at, content }: StoredAuditEntry) => ({
  organisationId: trail,
  number,
  time: new Date(at).toISOString(),
  erased: content === null,
  ...(content === null ? ERASED : (JSON.parse(content) as AuditContent)),
});

/** An entry with everything that verifies it, as one line of an export. */
export const EXPORTED_ENTRY = Type.Object({
  trail: Type.String(),
  number: Type.Integer(),
  at: Type.Integer(),
  contentHash: Type.String(),
  hash: Type.String(),
  salt: Text,
  content: Text,
});

export const exportEntry = (entry: StoredAuditEntry): string =>
  `${JSON.stringify({
    trail: entry.trail,
    number: entry.number,
    at: entry.at,
    contentHash: hex(entry.contentHash),
    hash: hex(entry.hash),
    salt: entry.salt === null ? null : hex(entry.salt),
    content: entry.content,
  })}\n`;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
