import type { StoredAuditEntry } from '../../store/audit-store.js';
import { csvHeader, csvLine } from '../../csv-line.js';
import { presentEntry } from './present-entry.js';

const COLUMNS = [
  'time',
  'organisationId',
  'number',
  'subjectType',
  'subjectId',
  'subjectName',
  'action',
  'resourceType',
  'resourceId',
  'outcome',
  'reason',
  'count',
  'from',
  'before',
  'after',
] as const;

export const auditCsvHeader = (): string => csvHeader(COLUMNS);

/** One entry as a line of CSV; what it was before and is after as JSON. */
export const auditCsvLine = (entry: StoredAuditEntry): string => {
  const { subject, resource, before, after, ...shown } = presentEntry(entry);
  return csvLine(
    {
      ...shown,
      subjectType: subject?.type ?? null,
      subjectId: subject?.id ?? null,
      subjectName: subject?.name ?? null,
      resourceType: resource?.type ?? null,
      resourceId: resource?.id ?? null,
      before: before === null ? null : JSON.stringify(before),
      after: after === null ? null : JSON.stringify(after),
    },
    COLUMNS,
  );
};
