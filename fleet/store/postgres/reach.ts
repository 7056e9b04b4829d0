import type { Reach } from '../reach.js';
import type { Page } from '../views-store.js';

/** Parameters of `within`. */
export const reachParameters = ({ organisations, siteId }: Reach) => ({
  organisations: [...organisations],
  site: siteId ?? null,
});

/** The same with those of a page by id. */
export const pageParameters = (reach: Reach, { after = '', limit }: Page) => ({
  ...reachParameters(reach),
  after,
  limit,
});

/**
 * Rows `t` of a table that belong to organisations within reach. They are found by an index that begins with
 * organisation_id, so that what others have is not even looked at: neither its presence nor its number shows in the time this takes.
 */
export const within = (table: string): string =>
  `unnest(@organisations::text[]) o(value) join ${table} t on t.organisation_id = o.value`;

/** What somebody limited to a site sees nothing of. */
export const OF_NO_SITE = '@site::text is null';
