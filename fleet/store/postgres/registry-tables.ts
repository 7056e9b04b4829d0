/** Organisations, gateways and what they read: as in `../sqlite/registry-schema.ts`, which says more. Flags are 0 or 1. */
export const REGISTRY_TABLES = `
create table organisation (
  id text primary key, parent_id text references organisation(id), name text not null, type text not null,
  code text, siret text, partner_kind text, time_zone text not null, boundary text,
  -- the record that this one was found to be a duplicate of; when it ceased, and who came after
  merged_into text, ended_at bigint, succeeded_by text
);
-- counts changes of organisations, by whatever connection: what is made of them is made anew then
create table revision (name text primary key, number bigint not null);
-- who holds a legal competence for whom
create table competence (
  id text primary key, key text not null, holder_id text not null references organisation(id),
  for_id text not null references organisation(id), "from" bigint not null, "to" bigint
);
create table site (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  address text, geometry text, merged_into text
);
create index site_holder on site (organisation_id, id);
create table gateway (
  id text primary key, organisation_id text not null references organisation(id), name text not null,
  site_id text references site(id), created_at bigint not null, connected smallint not null default 0, last_seen bigint, epoch text,
  agent_version text, clock_state text, last_error text, health text
);
create index gateway_site on gateway (site_id);
create index gateway_holder on gateway (organisation_id, id);
create table enrolment_token (
  id text primary key, secret_hash text not null unique, organisation_id text not null references organisation(id),
  created_by text not null, expires bigint not null, serial text, approval smallint not null default 0,
  replaces text references gateway(id), revoked_at bigint, used_by text, used_at bigint, csr_hash text,
  site_id text
);
create index enrolment_token_organisation on enrolment_token (organisation_id, id);
-- a claim that an operator has to decide; the gateway's id is given, the gateway is made with its certificate
create table held_claim (
  gateway_id text primary key, token_id text not null unique references enrolment_token(id), name text not null,
  serial text, csr_hash text not null, asked_at bigint not null,
  decided_at bigint, decided_by text, approved smallint, reason text
);
-- what happened to a gateway: the same thing again counts up
create table event (
  gateway_id text not null references gateway(id), kind text not null, detail text not null,
  first_at bigint not null, last_at bigint not null, count bigint not null,
  primary key (gateway_id, kind, detail)
);
create table command (
  id text primary key, gateway_id text not null references gateway(id), name text not null,
  arguments text not null, created_at bigint not null, created_by text not null, expires bigint not null,
  outcome text, detail text, answered_at bigint
);
create index command_gateway on command (gateway_id, created_at);
create index command_waiting on command (created_at) where outcome is null;
-- what a gateway last said of each of its epochs: its buffer may be made anew
create table gateway_epoch (
  gateway_id text not null references gateway(id), epoch text not null, first_at bigint not null,
  last_at bigint not null, last_sealed bigint not null, last_ordinal bigint not null,
  unsealed bigint, primary key (gateway_id, epoch)
);
create table certificate (
  -- in the order in which they were issued
  number bigint generated always as identity unique,
  thumbprint text primary key, gateway_id text not null references gateway(id), pem text not null,
  not_before bigint not null, not_after bigint not null, csr_hash text, used_at bigint,
  superseded_at bigint, revoked_at bigint
);
create index certificate_gateway on certificate (gateway_id);
create index certificate_ended on certificate (not_after)
  where superseded_at is not null or revoked_at is not null;
create table revocation (
  gateway_id text primary key references gateway(id), at bigint not null, by text not null, reason text not null
);
-- which gateway took over the devices of another, and when
create table succession (
  gateway_id text primary key references gateway(id), successor_id text not null unique references gateway(id),
  at bigint not null
);
create table location (
  id text primary key, organisation_id text not null references organisation(id), key text not null,
  name text not null, site_id text references site(id), prm text, pce text, geometry text, merged_into text
);
create index location_site on location (site_id);
create index location_key on location (organisation_id, key);
create index location_holder on location (organisation_id, id);
create index location_prm on location (organisation_id, prm);
create index location_pce on location (organisation_id, pce);
-- what the configuration of a gateway calls a location: it keeps meaning that one, whoever holds it
create table location_alias (
  id text primary key, gateway_id text not null references gateway(id), key text not null,
  location_id text not null references location(id), unique (gateway_id, key)
);
create index location_alias_location on location_alias (location_id);
create table device (
  id text primary key, name text not null, maker text not null, model text not null
);
-- which gateway reads a device, under which key of its configuration
create table assignment (
  id text primary key, device_id text not null references device(id), gateway_id text not null references gateway(id),
  key text not null, "from" bigint not null, "to" bigint
);
create index assignment_key on assignment (gateway_id, key);
create index assignment_device on assignment (device_id);
-- who holds a device and what it measures (title 'holder'), and who may read what others held ('past')
create table holding (
  id text primary key, device_id text not null references device(id),
  organisation_id text not null references organisation(id), "from" bigint not null, "to" bigint,
  title text not null default 'holder'
);
create index holding_device on holding (device_id);
create index holding_organisation on holding (organisation_id);
-- the same of gateways, sites and locations; their organisation_id is who holds them now
create table gateway_holding (
  id text primary key, gateway_id text not null references gateway(id),
  organisation_id text not null references organisation(id), "from" bigint not null, "to" bigint,
  title text not null default 'holder'
);
create index gateway_holding_gateway on gateway_holding (gateway_id);
create table site_holding (
  id text primary key, site_id text not null references site(id),
  organisation_id text not null references organisation(id), "from" bigint not null, "to" bigint,
  title text not null default 'holder'
);
create index site_holding_site on site_holding (site_id);
create table location_holding (
  id text primary key, location_id text not null references location(id),
  organisation_id text not null references organisation(id), "from" bigint not null, "to" bigint,
  title text not null default 'holder'
);
create index location_holding_location on location_holding (location_id);
create index location_holding_organisation on location_holding (organisation_id);
-- indexes: what the dial showed, by observed property, in the point's unit; revised_ratio: what ratio should have been
create table installation (
  id text primary key, device_id text not null references device(id), location_id text references location(id),
  serial text, ratio double precision not null, "offset" double precision not null, pulse_weight double precision, revised_ratio double precision,
  first_index text, last_index text, "from" bigint not null, "to" bigint
);
create index installation_device on installation (device_id);
create index installation_location on installation (location_id);
-- one deed on organisations and what they hold: what it changed, row by row, so that it can be undone
create table act (
  id text primary key, kind text not null, at bigint not null, by text not null, effective bigint,
  summary text not null, undone_by text
);
create table act_change (
  act_id text not null references act(id), number bigint not null, record text not null, record_id text not null,
  before text, after text, primary key (act_id, number)
);
create index act_change_record on act_change (record_id);
-- whose an act is: found from the organisation, so that the acts of others are not even looked at
create table act_concern (
  organisation_id text not null, act_id text not null references act(id), primary key (organisation_id, act_id)
);
create table point (
  number bigint generated always as identity primary key, id text not null unique, device_id text not null references device(id),
  key text not null, name text not null, kind text not null, value_type text not null, property text not null,
  unit text not null, dial_unit text, previous_id text, current smallint not null default 1
);
create index point_device on point (device_id, key);
-- which device a point is of, from the index alone: before it is known whether somebody may see it
create index point_of_device on point (id, device_id);
create table secret (name text primary key, value bytea not null);
`;
