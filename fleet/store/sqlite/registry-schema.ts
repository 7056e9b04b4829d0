/** registry.db. Times are UTC ms; an open interval ends in NULL. */
export const REGISTRY_SCHEMA = `
create table if not exists organisation (
  id text primary key, parent_id text references organisation(id), name text not null, type text not null,
  code text, siret text, partner_kind text, time_zone text not null, boundary text,
  -- the record that this one was found to be a duplicate of; when it ceased, and who came after
  merged_into text, ended_at integer, succeeded_by text
) strict;
-- counts changes of organisations, by whatever connection: what is made of them is made anew then
create table if not exists revision (name text primary key, number integer not null) strict, without rowid;
insert or ignore into revision values ('organisation', 0);
create trigger if not exists organisation_added after insert on organisation begin
  update revision set number = number + 1 where name = 'organisation'; end;
create trigger if not exists organisation_changed after update on organisation begin
  update revision set number = number + 1 where name = 'organisation'; end;
create trigger if not exists organisation_removed after delete on organisation begin
  update revision set number = number + 1 where name = 'organisation'; end;
-- who holds a legal competence for whom
create table if not exists competence (
  id text primary key, key text not null, holder_id text not null references organisation(id),
  for_id text not null references organisation(id), "from" integer not null, "to" integer
) strict;
create table if not exists site (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  address text, geometry text, merged_into text
) strict;
drop index if exists site_organisation;
create index if not exists site_holder on site (organisation_id, id);
create table if not exists enrolment_token (
  id text primary key, secret_hash text not null unique, organisation_id text not null references organisation(id),
  created_by text not null, expires integer not null, serial text, approval integer not null default 0,
  replaces text references gateway(id), revoked_at integer, used_by text, used_at integer, csr_hash text,
  site_id text
) strict;
create index if not exists enrolment_token_organisation on enrolment_token (organisation_id, id);
-- a claim that an operator has to decide; the gateway's id is given, the gateway is made with its certificate
create table if not exists held_claim (
  gateway_id text primary key, token_id text not null unique references enrolment_token(id), name text not null,
  serial text, csr_hash text not null, asked_at integer not null,
  decided_at integer, decided_by text, approved integer, reason text
) strict;
create table if not exists gateway (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  site_id text references site(id), created_at integer not null, connected integer not null default 0, last_seen integer, epoch text,
  agent_version text, clock_state text, last_error text, health text
) strict;
create index if not exists gateway_site on gateway (site_id);
create index if not exists gateway_holder on gateway (organisation_id, id);
-- what happened to a gateway: the same thing again counts up
create table if not exists event (
  gateway_id text not null references gateway(id), kind text not null, detail text not null,
  first_at integer not null, last_at integer not null, count integer not null,
  unique (gateway_id, kind, detail)
) strict;
create table if not exists command (
  id text primary key, gateway_id text not null references gateway(id), name text not null,
  arguments text not null, created_at integer not null, created_by text not null, expires integer not null,
  outcome text, detail text, answered_at integer
) strict;
create index if not exists command_gateway on command (gateway_id, created_at);
create index if not exists command_waiting on command (created_at) where outcome is null;
-- what a gateway last said of each of its epochs: its buffer may be made anew
create table if not exists gateway_epoch (
  gateway_id text not null references gateway(id), epoch text not null, first_at integer not null,
  last_at integer not null, last_sealed integer not null, last_ordinal integer not null,
  unsealed integer, primary key (gateway_id, epoch)
) strict, without rowid;
create table if not exists certificate (
  thumbprint text primary key, gateway_id text not null references gateway(id), pem text not null,
  not_before integer not null, not_after integer not null, csr_hash text, used_at integer,
  superseded_at integer, revoked_at integer
) strict;
create index if not exists certificate_gateway on certificate (gateway_id);
create index if not exists certificate_ended on certificate (not_after)
  where superseded_at is not null or revoked_at is not null;
create table if not exists revocation (
  gateway_id text primary key references gateway(id), at integer not null, by text not null, reason text not null
) strict;
-- which gateway took over the devices of another, and when
create table if not exists succession (
  gateway_id text primary key references gateway(id), successor_id text not null unique references gateway(id),
  at integer not null
) strict;
create table if not exists location (
  id text primary key, organisation_id text not null references organisation(id), key text not null,
  name text not null, site_id text references site(id), prm text, pce text, geometry text, merged_into text
) strict;
create index if not exists location_site on location (site_id);
create index if not exists location_key on location (organisation_id, key);
create index if not exists location_holder on location (organisation_id, id);
create index if not exists location_prm on location (organisation_id, prm);
create index if not exists location_pce on location (organisation_id, pce);
-- what the configuration of a gateway calls a location: it keeps meaning that one, whoever holds it
create table if not exists location_alias (
  id text primary key, gateway_id text not null references gateway(id), key text not null,
  location_id text not null references location(id), unique (gateway_id, key)
) strict;
create index if not exists location_alias_location on location_alias (location_id);
create table if not exists device (
  id text primary key, name text not null, maker text not null, model text not null
) strict;
-- which gateway reads a device, under which key of its configuration
create table if not exists assignment (
  id text primary key, device_id text not null references device(id), gateway_id text not null references gateway(id),
  key text not null, "from" integer not null, "to" integer
) strict;
create index if not exists assignment_key on assignment (gateway_id, key);
create index if not exists assignment_device on assignment (device_id);
-- who holds a device and what it measures (title 'holder'), and who may read what others held ('past')
create table if not exists holding (
  id text primary key, device_id text not null references device(id),
  organisation_id text not null references organisation(id), "from" integer not null, "to" integer,
  title text not null default 'holder'
) strict;
create index if not exists holding_device on holding (device_id);
create index if not exists holding_organisation on holding (organisation_id);
-- the same of gateways, sites and locations; their organisation_id is who holds them now
create table if not exists gateway_holding (
  id text primary key, gateway_id text not null references gateway(id),
  organisation_id text not null references organisation(id), "from" integer not null, "to" integer,
  title text not null default 'holder'
) strict;
create index if not exists gateway_holding_gateway on gateway_holding (gateway_id);
create table if not exists site_holding (
  id text primary key, site_id text not null references site(id),
  organisation_id text not null references organisation(id), "from" integer not null, "to" integer,
  title text not null default 'holder'
) strict;
create index if not exists site_holding_site on site_holding (site_id);
create table if not exists location_holding (
  id text primary key, location_id text not null references location(id),
  organisation_id text not null references organisation(id), "from" integer not null, "to" integer,
  title text not null default 'holder'
) strict;
create index if not exists location_holding_location on location_holding (location_id);
create index if not exists location_holding_organisation on location_holding (organisation_id);
-- indexes: what the dial showed, by observed property, in the point's unit; revised_ratio: what ratio should have been
create table if not exists installation (
  id text primary key, device_id text not null references device(id), location_id text references location(id),
  serial text, ratio real not null, "offset" real not null, pulse_weight real, revised_ratio real,
  first_index text, last_index text, "from" integer not null, "to" integer
) strict;
create index if not exists installation_device on installation (device_id);
create index if not exists installation_location on installation (location_id);
-- one deed on organisations and what they hold: what it changed, row by row, so that it can be undone
create table if not exists act (
  id text primary key, kind text not null, at integer not null, by text not null, effective integer,
  summary text not null, undone_by text
) strict;
create table if not exists act_change (
  act_id text not null references act(id), number integer not null, record text not null, record_id text not null,
  before text, after text, primary key (act_id, number)
) strict, without rowid;
create index if not exists act_change_record on act_change (record_id);
-- whose an act is: found from the organisation, so that the acts of others are not even looked at
create table if not exists act_concern (
  organisation_id text not null, act_id text not null references act(id), primary key (organisation_id, act_id)
) strict, without rowid;
create table if not exists point (
  number integer primary key, id text not null unique, device_id text not null references device(id),
  key text not null, name text not null, kind text not null, value_type text not null, property text not null,
  unit text not null, dial_unit text, previous_id text, current integer not null default 1
) strict;
create index if not exists point_device on point (device_id, key);
-- which device a point is of, from the index alone: before it is known whether somebody may see it
create index if not exists point_of_device on point (id, device_id);
create table if not exists secret (name text primary key, value blob not null) strict;
`;
