/**
 * Audit trails, in registry.db so that a change and its entry share a transaction. The searchable columns are made
 * of the content when they are read: there is no second place to tamper with.
 */
export const AUDIT_SCHEMA = `
create table if not exists audit_entry (
  trail text not null, number integer not null, at integer not null, content_hash blob not null,
  hash blob not null, primary key (trail, number)
) strict, without rowid;
-- made of the entries, so that a head need not read them all; what verifies a trail does not trust it
create table if not exists audit_frontier (trail text primary key, peaks blob not null) strict, without rowid;
create index if not exists audit_entry_at on audit_entry (at);
create trigger if not exists audit_entry_stays before delete on audit_entry begin
  select raise(abort, 'audit entries are never removed'); end;
create trigger if not exists audit_entry_is_final before update on audit_entry begin
  select raise(abort, 'audit entries are never changed'); end;
create table if not exists audit_content (
  trail text not null, number integer not null, salt blob, content text,
  subject text generated always as (content ->> '$.subject.id') virtual,
  action text generated always as (content ->> '$.action') virtual,
  resource text generated always as (content ->> '$.resource.id') virtual,
  outcome text generated always as (content ->> '$.outcome') virtual,
  primary key (trail, number)
) strict, without rowid;
create index if not exists audit_content_subject on audit_content (subject);
create index if not exists audit_content_resource on audit_content (resource);
create trigger if not exists audit_content_stays before delete on audit_content begin
  select raise(abort, 'audit entries are never removed'); end;
create trigger if not exists audit_content_is_final before update on audit_content
  when new.content is not null or new.salt is not null or new.trail <> old.trail or new.number <> old.number begin
  select raise(abort, 'audit entries are erased, never changed'); end;
`;
