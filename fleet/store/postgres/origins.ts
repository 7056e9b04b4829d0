import { LRUCache } from 'lru-cache';
import { rowsOf, type Pool } from './database.js';

/** Numbers of (source, epoch) that are remembered; they never change. */
const MOST_REMEMBERED = 100_000;

export interface OriginName {
  readonly source: string;
  readonly epoch: string;
}

export interface Origins {
  /** Numbers for all of them, made where there is none yet. */
  numbered(names: readonly OriginName[]): Promise<(name: OriginName) => number>;
  find(source: string, epoch: string): Promise<number | undefined>;
}

const keyOf = ({ source, epoch }: OriginName): string => `${source}/${epoch}`;

export const createOrigins = (pool: Pool): Origins => {
  const known = new LRUCache<string, number>({ max: MOST_REMEMBERED });

  const make = async (names: readonly OriginName[]): Promise<Map<string, number>> => {
    const values = [names.map(({ source }) => source), names.map(({ epoch }) => epoch)];
    const rows = await rowsOf<OriginName & { number: number }>(
      pool,
      `with asked as (select * from unnest($1::text[], $2::text[]) as a (source, epoch)),
       made as (
         insert into origin (source, epoch)
         select a.source, a.epoch from asked a
         where not exists (select 1 from origin o where o.source = a.source and o.epoch = a.epoch)
         order by a.source, a.epoch
         on conflict do nothing returning source, epoch, number
       )
       select source, epoch, number from made
       union all select o.source, o.epoch, o.number from origin o join asked a using (source, epoch)`,
      values,
    );
    return new Map(rows.map((row) => [keyOf(row), row.number]));
  };

  return {
    numbered: async (names) => {
      const numbers = new Map<string, number>();
      const asked = new Map<string, OriginName>();
      for (const name of names) {
        const number = known.get(keyOf(name));
        if (number === undefined) asked.set(keyOf(name), name);
        else numbers.set(keyOf(name), number);
      }
      // whom another writer makes at the same moment is seen the second time
      while (asked.size > 0) {
        for (const [key, number] of await make([...asked.values()])) {
          known.set(key, number);
          numbers.set(key, number);
          asked.delete(key);
        }
      }
      return (name) => {
        const number = numbers.get(keyOf(name));
        if (number === undefined) throw new RangeError(`no number was asked for ${keyOf(name)}`);
        return number;
      };
    },
    find: async (source, epoch) => {
      const [row] = await rowsOf<{ number: number }>(
        pool,
        'select number from origin where source = $1 and epoch = $2',
        [source, epoch],
      );
      return row?.number;
    },
  };
};
