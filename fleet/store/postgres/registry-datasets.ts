import type { Dataset } from '../../sharing/dataset.js';
import type { AgreementsStore } from '../agreements-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

interface DatasetRow extends Omit<Dataset, 'content'> {
  readonly content: string;
}

const COLUMNS = 'id, organisation_id as "organisationId", revision, content';

const datasetOf = (row: DatasetRow): Dataset => ({
  ...row,
  content: JSON.parse(row.content) as Dataset['content'],
});

type Datasets = Pick<Asynchronous<AgreementsStore>, 'datasets' | 'dataset' | 'putDataset' | 'removeDataset'>;

/** Datasets over `AGREEMENTS_SCHEMA`. */
export const createDatasetTable = (database: Database): Datasets => {
  const all = database.prepare<[], DatasetRow>(`select ${COLUMNS} from dataset order by id`);
  const one = database.prepare<[string], DatasetRow>(`select ${COLUMNS} from dataset where id = ?`);
  const add = database.prepare(
    `insert into dataset (id, organisation_id, revision, content)
     values (@id, @organisationId, @revision, @content) on conflict do nothing`,
  );
  const change = database.prepare(
    `update dataset set revision = @revision, content = @content
     where id = @id and organisation_id = @organisationId and revision = @revision - 1`,
  );
  const remove = database.prepare<[string, number]>('delete from dataset where id = ? and revision = ?');
  return {
    datasets: async () => (await all.all()).map(datasetOf),
    dataset: async (id) => {
      const row = await one.get(id);
      return row === undefined ? undefined : datasetOf(row);
    },
    putDataset: async (dataset) => {
      const put = dataset.revision === 1 ? add : change;
      return (await put.run({ ...dataset, content: JSON.stringify(dataset.content) })) === 1;
    },
    removeDataset: async (id, revision) => (await remove.run(id, revision)) === 1,
  };
};
