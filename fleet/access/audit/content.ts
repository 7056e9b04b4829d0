import type { Action } from '../actions.js';
import type { Subject } from '../subject.js';

/** What is known of a thing before or after a change; no secret belongs in it. */
export type AuditValue = string | number | boolean | null | readonly AuditValue[] | AuditObject;
export interface AuditObject {
  readonly [key: string]: AuditValue | undefined;
}

/** One thing that was done, or refused. */
export interface AuditRecord {
  readonly subject: Subject;
  readonly action: Action;
  readonly resource: AuditResource;
  /** What it was; absent: there was nothing. */
  readonly before?: AuditObject;
  /** What it is now; absent: there is nothing. */
  readonly after?: AuditObject;
  /** Address that the request came from, or `command line`. */
  readonly from: string;
  readonly outcome: Outcome;
  /** Why it was refused: of a decision, its reason. */
  readonly reason?: string;
  /** It stands for so many of the same; 1 if absent. */
  readonly count?: number;
}

export interface AuditResource {
  /** `gateway`, `organisation`, `person`, ... */
  readonly type: string;
  readonly id: string | null;
  /** Whose trail it goes to; `null`: that of whoever acts, or of the organisation on top. */
  readonly organisationId: string | null;
}

export const OUTCOMES = ['done', 'refused', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What an entry says, as its content is kept. */
export interface AuditContent {
  readonly subject: AuditSubject;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string | null };
  readonly before: AuditObject | null;
  readonly after: AuditObject | null;
  readonly from: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly count: number;
}

export interface AuditSubject {
  readonly type: Subject['type'];
  readonly id: string | null;
  readonly name: string | null;
  readonly organisationId: string | null;
}

export const contentOf = (record: AuditRecord): AuditContent => ({
  subject: auditSubjectOf(record.subject),
  action: record.action,
  resource: { type: record.resource.type, id: record.resource.id },
  before: record.before ?? null,
  after: record.after ?? null,
  from: record.from,
  outcome: record.outcome,
  reason: record.reason ?? null,
  count: record.count ?? 1,
});

const auditSubjectOf = (subject: Subject): AuditSubject => ({
  type: subject.type,
  id: 'id' in subject ? subject.id : null,
  name: 'name' in subject ? subject.name : null,
  organisationId: 'organisationId' in subject ? subject.organisationId : null,
});
