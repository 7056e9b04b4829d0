/** The part of registry.db that says who gives what to whom. */
export const AGREEMENTS_SCHEMA = `
create table if not exists dataset (
  id text primary key, organisation_id text not null references organisation(id), revision integer not null,
  content text not null
) strict;
-- what happened to an agreement, in order; parties stand in its terms, whether or not there is such an organisation
create table if not exists agreement_event (
  agreement_id text not null, number integer not null, at integer not null, content text not null,
  primary key (agreement_id, number)
) strict, without rowid;
create trigger if not exists agreement_event_stays before delete on agreement_event begin
  select raise(abort, 'what happened to an agreement is never removed'); end;
create trigger if not exists agreement_event_is_final before update on agreement_event begin
  select raise(abort, 'what happened to an agreement is never changed'); end;
insert or ignore into revision values ('policy', 0);
create trigger if not exists agreement_event_added after insert on agreement_event begin
  update revision set number = number + 1 where name = 'policy'; end;
create trigger if not exists dataset_added after insert on dataset begin
  update revision set number = number + 1 where name = 'policy'; end;
create trigger if not exists dataset_changed after update on dataset begin
  update revision set number = number + 1 where name = 'policy'; end;
create trigger if not exists dataset_removed after delete on dataset begin
  update revision set number = number + 1 where name = 'policy'; end;
`;
