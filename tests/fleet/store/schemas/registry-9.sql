CREATE TABLE organisation (
  id text primary key, parent_id text references organisation(id), name text not null, type text not null,
  code text, siret text, partner_kind text, time_zone text not null, boundary text,
  -- the record that this one was found to be a duplicate of; when it ceased, and who came after
  merged_into text, ended_at integer, succeeded_by text
) strict;
CREATE TABLE revision (name text primary key, number integer not null) strict, without rowid;
CREATE TRIGGER organisation_added after insert on organisation begin
  update revision set number = number + 1 where name = 'organisation'; end;
CREATE TRIGGER organisation_changed after update on organisation begin
  update revision set number = number + 1 where name = 'organisation'; end;
CREATE TRIGGER organisation_removed after delete on organisation begin
  update revision set number = number + 1 where name = 'organisation'; end;
CREATE TABLE competence (
  id text primary key, key text not null, holder_id text not null references organisation(id),
  for_id text not null references organisation(id), "from" integer not null, "to" integer
) strict;
CREATE TABLE site (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  address text, geometry text, merged_into text
) strict;
CREATE INDEX site_holder on site (organisation_id, id);
CREATE TABLE enrolment_token (
  id text primary key, secret_hash text not null unique, organisation_id text not null references organisation(id),
  created_by text not null, expires integer not null, serial text, approval integer not null default 0,
  replaces text references gateway(id), revoked_at integer, used_by text, used_at integer, csr_hash text,
  site_id text
) strict;
CREATE INDEX enrolment_token_organisation on enrolment_token (organisation_id, id);
CREATE TABLE held_claim (
  gateway_id text primary key, token_id text not null unique references enrolment_token(id), name text not null,
  serial text, csr_hash text not null, asked_at integer not null,
  decided_at integer, decided_by text, approved integer, reason text
) strict;
CREATE TABLE gateway (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  site_id text references site(id), created_at integer not null, connected integer not null default 0, last_seen integer, epoch text,
  agent_version text, clock_state text, last_error text, health text
) strict;
CREATE INDEX gateway_site on gateway (site_id);
CREATE INDEX gateway_holder on gateway (organisation_id, id);
CREATE TABLE event (
  gateway_id text not null references gateway(id), kind text not null, detail text not null,
  first_at integer not null, last_at integer not null, count integer not null,
  unique (gateway_id, kind, detail)
) strict;
CREATE TABLE command (
  id text primary key, gateway_id text not null references gateway(id), name text not null,
  arguments text not null, created_at integer not null, created_by text not null, expires integer not null,
  outcome text, detail text, answered_at integer
) strict;
CREATE INDEX command_gateway on command (gateway_id, created_at);
CREATE INDEX command_waiting on command (created_at) where outcome is null;
CREATE TABLE gateway_epoch (
  gateway_id text not null references gateway(id), epoch text not null, first_at integer not null,
  last_at integer not null, last_sealed integer not null, last_ordinal integer not null,
  unsealed integer, primary key (gateway_id, epoch)
) strict, without rowid;
CREATE TABLE certificate (
  thumbprint text primary key, gateway_id text not null references gateway(id), pem text not null,
  not_before integer not null, not_after integer not null, csr_hash text, used_at integer,
  superseded_at integer, revoked_at integer
) strict;
CREATE INDEX certificate_gateway on certificate (gateway_id);
CREATE INDEX certificate_ended on certificate (not_after)
  where superseded_at is not null or revoked_at is not null;
CREATE TABLE revocation (
  gateway_id text primary key references gateway(id), at integer not null, by text not null, reason text not null
) strict;
CREATE TABLE succession (
  gateway_id text primary key references gateway(id), successor_id text not null unique references gateway(id),
  at integer not null
) strict;
CREATE TABLE location (
  id text primary key, organisation_id text not null references organisation(id), key text not null,
  name text not null, site_id text references site(id), prm text, pce text, geometry text, merged_into text
) strict;
CREATE INDEX location_site on location (site_id);
CREATE INDEX location_key on location (organisation_id, key);
CREATE INDEX location_holder on location (organisation_id, id);
CREATE INDEX location_prm on location (organisation_id, prm);
CREATE INDEX location_pce on location (organisation_id, pce);
CREATE TABLE location_alias (
  id text primary key, gateway_id text not null references gateway(id), key text not null,
  location_id text not null references location(id), unique (gateway_id, key)
) strict;
CREATE INDEX location_alias_location on location_alias (location_id);
CREATE TABLE device (
  id text primary key, name text not null, maker text not null, model text not null
) strict;
CREATE TABLE assignment (
  id text primary key, device_id text not null references device(id), gateway_id text not null references gateway(id),
  key text not null, "from" integer not null, "to" integer
) strict;
CREATE INDEX assignment_key on assignment (gateway_id, key);
CREATE INDEX assignment_device on assignment (device_id);
CREATE TABLE holding (
  id text primary key, device_id text not null references device(id),
  organisation_id text not null references organisation(id), "from" integer not null, "to" integer,
  title text not null default 'holder'
) strict;
CREATE TABLE gateway_holding (
  id text primary key, gateway_id text not null references gateway(id),
  organisation_id text not null references organisation(id), "from" integer not null, "to" integer,
  title text not null default 'holder'
) strict;
CREATE TABLE site_holding (
  id text primary key, site_id text not null references site(id),
  organisation_id text not null references organisation(id), "from" integer not null, "to" integer,
  title text not null default 'holder'
) strict;
CREATE TABLE location_holding (
  id text primary key, location_id text not null references location(id),
  organisation_id text not null references organisation(id), "from" integer not null, "to" integer,
  title text not null default 'holder'
) strict;
CREATE INDEX location_holding_organisation on location_holding (organisation_id);
CREATE TABLE installation (
  id text primary key, device_id text not null references device(id), location_id text references location(id),
  serial text, ratio real not null, "offset" real not null, pulse_weight real, revised_ratio real,
  first_index text, last_index text, "from" integer not null, "to" integer
) strict;
CREATE INDEX installation_device on installation (device_id);
CREATE INDEX installation_location on installation (location_id);
CREATE TABLE act (
  id text primary key, kind text not null, at integer not null, by text not null, effective integer,
  summary text not null, undone_by text
) strict;
CREATE TABLE act_change (
  act_id text not null references act(id), number integer not null, record text not null, record_id text not null,
  before text, after text, primary key (act_id, number)
) strict, without rowid;
CREATE INDEX act_change_record on act_change (record_id);
CREATE TABLE act_concern (
  organisation_id text not null, act_id text not null references act(id), primary key (organisation_id, act_id)
) strict, without rowid;
CREATE TABLE point (
  number integer primary key, id text not null unique, device_id text not null references device(id),
  key text not null, name text not null, kind text not null, value_type text not null, property text not null,
  unit text not null, dial_unit text, previous_id text, current integer not null default 1
) strict;
CREATE INDEX point_device on point (device_id, key);
CREATE INDEX point_of_device on point (id, device_id);
CREATE TABLE secret (name text primary key, value blob not null) strict;
CREATE TABLE audit_entry (
  trail text not null, number integer not null, at integer not null, content_hash blob not null,
  hash blob not null, primary key (trail, number)
) strict, without rowid;
CREATE TABLE audit_frontier (trail text primary key, peaks blob not null) strict, without rowid;
CREATE INDEX audit_entry_at on audit_entry (at);
CREATE TRIGGER audit_entry_stays before delete on audit_entry begin
  select raise(abort, 'audit entries are never removed'); end;
CREATE TRIGGER audit_entry_is_final before update on audit_entry begin
  select raise(abort, 'audit entries are never changed'); end;
CREATE TABLE audit_content (
  trail text not null, number integer not null, salt blob, content text,
  subject text generated always as (content ->> '$.subject.id') virtual,
  action text generated always as (content ->> '$.action') virtual,
  resource text generated always as (content ->> '$.resource.id') virtual,
  outcome text generated always as (content ->> '$.outcome') virtual,
  primary key (trail, number)
) strict, without rowid;
CREATE TRIGGER audit_content_stays before delete on audit_content begin
  select raise(abort, 'audit entries are never removed'); end;
CREATE TRIGGER audit_content_is_final before update on audit_content
  when new.content is not null or new.salt is not null or new.trail <> old.trail or new.number <> old.number begin
  select raise(abort, 'audit entries are erased, never changed'); end;
CREATE INDEX audit_content_subject on audit_content (subject);
CREATE INDEX audit_content_resource on audit_content (resource);
CREATE TABLE person (
  id text primary key, login text not null unique, name text not null, password_hash text,
  must_change_password integer not null default 0, disabled_at integer,
  organisation_id text not null references organisation(id), role text not null,
  limit_site text, limit_from integer, limit_to integer
) strict;
CREATE INDEX person_organisation on person (organisation_id, id);
CREATE TABLE session (
  token_hash text primary key, id text not null unique, person_id text not null references person(id),
  created integer not null, expires integer not null, last_used integer not null, address text not null,
  client text not null, method text not null, second_factor integer not null, needs text
) strict;
CREATE INDEX session_person on session (person_id);
CREATE TABLE second_factor (
  person_id text primary key references person(id), secret blob, since integer, pending blob,
  last_step integer not null default 0
) strict, without rowid;
CREATE TABLE recovery_code (
  person_id text not null references person(id), code_hash text not null, primary key (person_id, code_hash)
) strict, without rowid;
CREATE TABLE second_factor_role (
  organisation_id text not null references organisation(id), role text not null,
  primary key (organisation_id, role)
) strict, without rowid;
CREATE TABLE invitation (
  id text primary key, token_hash text not null unique, organisation_id text not null references organisation(id),
  role text not null, person_id text references person(id), login text, name text, created_at integer not null,
  created_by text not null, expires integer not null, used_at integer, revoked_at integer,
  limit_site text, limit_from integer, limit_to integer
) strict;
CREATE INDEX invitation_organisation on invitation (organisation_id, id);
CREATE TABLE api_key (
  id text primary key, secret_hash text not null, name text not null,
  organisation_id text not null references organisation(id), role text not null, actions text, purpose text not null,
  person_id text references person(id),
  created_at integer not null, created_by text not null, expires integer not null, last_used_at integer,
  last_used_from text, revoked_at integer, replaced_by text
) strict;
CREATE INDEX api_key_organisation on api_key (organisation_id, id);
CREATE INDEX api_key_person on api_key (person_id);
CREATE TABLE identity_provider (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  listed integer not null, settings text not null, secret blob
) strict;
CREATE INDEX identity_provider_organisation on identity_provider (organisation_id, id);
CREATE TABLE identity (
  issuer text not null, subject text not null, person_id text not null references person(id),
  managed integer not null, primary key (issuer, subject)
) strict, without rowid;
CREATE INDEX identity_person on identity (person_id);
CREATE TABLE dataset (
  id text primary key, organisation_id text not null references organisation(id), revision integer not null,
  content text not null
) strict;
CREATE TABLE agreement_event (
  agreement_id text not null, number integer not null, at integer not null, content text not null,
  primary key (agreement_id, number)
) strict, without rowid;
CREATE TRIGGER agreement_event_stays before delete on agreement_event begin
  select raise(abort, 'what happened to an agreement is never removed'); end;
CREATE TRIGGER agreement_event_is_final before update on agreement_event begin
  select raise(abort, 'what happened to an agreement is never changed'); end;
CREATE TRIGGER agreement_event_added after insert on agreement_event begin
  update revision set number = number + 1 where name = 'policy'; end;
CREATE TRIGGER dataset_added after insert on dataset begin
  update revision set number = number + 1 where name = 'policy'; end;
CREATE TRIGGER dataset_changed after update on dataset begin
  update revision set number = number + 1 where name = 'policy'; end;
CREATE TRIGGER dataset_removed after delete on dataset begin
  update revision set number = number + 1 where name = 'policy'; end;
CREATE TABLE usage_entry (
  trail text not null, number integer not null, at integer not null, content_hash blob not null,
  hash blob not null, primary key (trail, number)
) strict, without rowid;
CREATE TABLE usage_frontier (trail text primary key, peaks blob not null) strict, without rowid;
CREATE INDEX usage_entry_at on usage_entry (at);
CREATE TRIGGER usage_entry_stays before delete on usage_entry begin
  select raise(abort, 'usage entries are never removed'); end;
CREATE TRIGGER usage_entry_is_final before update on usage_entry begin
  select raise(abort, 'usage entries are never changed'); end;
CREATE TABLE usage_content (
  trail text not null, number integer not null, salt blob, content text,
  hour integer generated always as (content ->> '$.hour') virtual,
  giver text generated always as (content ->> '$.giver') virtual,
  reader text generated always as (content ->> '$.reader') virtual,
  agreement_id text generated always as (content ->> '$.agreementId') virtual,
  purpose text generated always as (content ->> '$.purpose') virtual,
  dataset_id text generated always as (content ->> '$.datasetId') virtual,
  reads integer generated always as (content ->> '$.reads') virtual,
  readings integer generated always as (content ->> '$.readings') virtual,
  primary key (trail, number)
) strict, without rowid;
CREATE TRIGGER usage_content_stays before delete on usage_content begin
  select raise(abort, 'usage entries are never removed'); end;
CREATE TRIGGER usage_content_is_final before update on usage_content
  when new.content is not null or new.salt is not null or new.trail <> old.trail or new.number <> old.number begin
  select raise(abort, 'usage entries are erased, never changed'); end;
CREATE INDEX usage_content_giver on usage_content (giver, hour);
CREATE INDEX usage_content_reader on usage_content (reader, hour);
CREATE TABLE usage_open (
  hour integer not null, use text not null, reads integer not null, readings integer not null,
  primary key (hour, use)
) strict, without rowid;
CREATE INDEX holding_holder on holding (organisation_id, device_id);
CREATE INDEX point_order on point (device_id, number);
CREATE INDEX organisation_code on organisation (code, merged_into, ended_at, id);
CREATE INDEX organisation_siret on organisation (siret, merged_into, ended_at, id);
CREATE INDEX organisation_name on organisation (name, parent_id, merged_into, ended_at, id);
CREATE INDEX competence_holder on competence (holder_id);
CREATE INDEX competence_for on competence (for_id);
CREATE INDEX competence_whose on competence (id, holder_id, for_id);
CREATE INDEX gateway_whose on gateway (id, organisation_id);
CREATE INDEX assignment_whose on assignment (id, device_id, gateway_id);
CREATE INDEX installation_whose on installation (id, device_id);
CREATE INDEX holding_whose on holding (device_id, title, "to", organisation_id, id);
CREATE INDEX gateway_holding_whose on gateway_holding (gateway_id, title, "to", organisation_id, id);
CREATE INDEX site_holding_whose on site_holding (site_id, title, "to", organisation_id, id);
CREATE INDEX location_holding_whose on location_holding (location_id, title, "to", organisation_id, id);
