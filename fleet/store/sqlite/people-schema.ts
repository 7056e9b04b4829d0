/** The part of registry.db that holds people and programs. Times are UTC ms; of secrets only hashes or sealed bytes. */
export const PEOPLE_SCHEMA = `
create table if not exists person (
  id text primary key, login text not null unique, name text not null, password_hash text,
  must_change_password integer not null default 0, disabled_at integer,
  organisation_id text not null references organisation(id), role text not null,
  limit_site text, limit_from integer, limit_to integer
) strict;
create index if not exists person_organisation on person (organisation_id, id);
create table if not exists session (
  token_hash text primary key, id text not null unique, person_id text not null references person(id),
  created integer not null, expires integer not null, last_used integer not null, address text not null,
  client text not null, method text not null, second_factor integer not null, needs text
) strict;
create index if not exists session_person on session (person_id);
-- pending: enrolled, not yet confirmed by a code; last_step: a code works once
create table if not exists second_factor (
  person_id text primary key references person(id), secret blob, since integer, pending blob,
  last_step integer not null default 0
) strict, without rowid;
create table if not exists recovery_code (
  person_id text not null references person(id), code_hash text not null, primary key (person_id, code_hash)
) strict, without rowid;
create table if not exists second_factor_role (
  organisation_id text not null references organisation(id), role text not null,
  primary key (organisation_id, role)
) strict, without rowid;
create table if not exists invitation (
  id text primary key, token_hash text not null unique, organisation_id text not null references organisation(id),
  role text not null, person_id text references person(id), login text, name text, created_at integer not null,
  created_by text not null, expires integer not null, used_at integer, revoked_at integer,
  limit_site text, limit_from integer, limit_to integer
) strict;
create index if not exists invitation_organisation on invitation (organisation_id, id);
create table if not exists api_key (
  id text primary key, secret_hash text not null, name text not null,
  organisation_id text not null references organisation(id), role text not null, actions text, purpose text not null,
  person_id text references person(id),
  created_at integer not null, created_by text not null, expires integer not null, last_used_at integer,
  last_used_from text, revoked_at integer, replaced_by text
) strict;
create index if not exists api_key_organisation on api_key (organisation_id, id);
create index if not exists api_key_person on api_key (person_id);
create table if not exists identity_provider (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  listed integer not null, settings text not null, secret blob
) strict;
create index if not exists identity_provider_organisation on identity_provider (organisation_id, id);
create table if not exists identity (
  issuer text not null, subject text not null, person_id text not null references person(id),
  managed integer not null, primary key (issuer, subject)
) strict, without rowid;
create index if not exists identity_person on identity (person_id);
`;
