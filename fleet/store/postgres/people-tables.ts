/** People and programs; of secrets only hashes or sealed bytes. */
export const PEOPLE_TABLES = `
create table person (
  id text primary key, login text not null unique, name text not null, password_hash text,
  must_change_password smallint not null default 0, disabled_at bigint,
  organisation_id text not null references organisation(id), role text not null,
  limit_site text, limit_from bigint, limit_to bigint
);
create index person_organisation on person (organisation_id, id);
create table session (
  token_hash text primary key, id text not null unique, person_id text not null references person(id),
  created bigint not null, expires bigint not null, last_used bigint not null, address text not null,
  client text not null, method text not null, second_factor smallint not null, needs text
);
create index session_person on session (person_id);
-- pending: enrolled, not yet confirmed by a code; last_step: a code works once
create table second_factor (
  person_id text primary key references person(id), secret bytea, since bigint, pending bytea,
  last_step bigint not null default 0
);
create table recovery_code (
  person_id text not null references person(id), code_hash text not null, primary key (person_id, code_hash)
);
create table second_factor_role (
  organisation_id text not null references organisation(id), role text not null,
  primary key (organisation_id, role)
);
create table invitation (
  id text primary key, token_hash text not null unique, organisation_id text not null references organisation(id),
  role text not null, person_id text references person(id), login text, name text, created_at bigint not null,
  created_by text not null, expires bigint not null, used_at bigint, revoked_at bigint,
  limit_site text, limit_from bigint, limit_to bigint
);
create index invitation_organisation on invitation (organisation_id, id);
create table api_key (
  id text primary key, secret_hash text not null, name text not null,
  organisation_id text not null references organisation(id), role text not null, actions text, purpose text not null,
  person_id text references person(id),
  created_at bigint not null, created_by text not null, expires bigint not null, last_used_at bigint,
  last_used_from text, revoked_at bigint, replaced_by text
);
create index api_key_organisation on api_key (organisation_id, id);
create index api_key_person on api_key (person_id);
create table identity_provider (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  listed smallint not null, settings text not null, secret bytea
);
create index identity_provider_organisation on identity_provider (organisation_id, id);
create table identity (
  issuer text not null, subject text not null, person_id text not null references person(id),
  managed smallint not null, primary key (issuer, subject)
);
create index identity_person on identity (person_id);
`;
