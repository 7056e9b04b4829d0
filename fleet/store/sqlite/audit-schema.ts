import { trailSchema } from './trail-tables.js';

/** Audit trails, in registry.db so that a change and its entry share a transaction. */
export const AUDIT_SCHEMA = `
${trailSchema(
  'audit',
  `subject text generated always as (content ->> '$.subject.id') virtual,
  action text generated always as (content ->> '$.action') virtual,
  resource text generated always as (content ->> '$.resource.id') virtual,
  outcome text generated always as (content ->> '$.outcome') virtual`,
)}
create index if not exists audit_content_subject on audit_content (subject);
create index if not exists audit_content_resource on audit_content (resource);
`;
