import type { AgreementEvent } from '../../sharing/agreement.js';
import type { AgreementsStore, StoredAgreement } from '../agreements-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

interface EventRow {
  readonly id: string;
  readonly content: string;
}

type Agreements = Pick<
  Asynchronous<AgreementsStore>,
  'agreements' | 'agreement' | 'appendAgreement' | 'policyRevision'
>;

/** Agreements over `AGREEMENTS_SCHEMA`. */
export const createAgreementTable = (database: Database): Agreements => {
  const all = database.prepare<[], EventRow>(
    'select agreement_id as id, content from agreement_event order by agreement_id, number',
  );
  const one = database.prepare<[string], EventRow>(
    'select agreement_id as id, content from agreement_event where agreement_id = ? order by number',
  );
  const add = database.prepare(
    `insert into agreement_event (agreement_id, number, at, content)
     select @id, @number, @at, @content
     where @number = (select count(*) from agreement_event where agreement_id = @id)
     on conflict do nothing`,
  );
  const revision = database
    .prepare<[], number>("select sum(number)::bigint from revision where name in ('policy', 'organisation')")
    .pluck();
  return {
    agreements: async () => gathered(await all.all()),
    agreement: async (id) => gathered(await one.all(id))[0],
    appendAgreement: async (id, number, event) =>
      (await add.run({ id, number, at: event.at, content: JSON.stringify(event) })) === 1,
    policyRevision: async () => (await revision.get()) ?? 0,
  };
};

const gathered = (rows: readonly EventRow[]): readonly StoredAgreement[] => {
  const found = new Map<string, AgreementEvent[]>();
  for (const { id, content } of rows) {
    const event = JSON.parse(content) as AgreementEvent;
    const known = found.get(id);
    if (known === undefined) found.set(id, [event]);
    else known.push(event);
  }
  return [...found].map(([id, events]) => ({ id, events }));
};
