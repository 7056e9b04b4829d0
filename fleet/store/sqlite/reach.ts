import type { Reach } from '../reach.js';
import type { Page } from '../views-store.js';

/** Parameters of `within`. */
export const reachParameters = ({ organisations, siteId }: Reach) => ({
  organisations: JSON.stringify([...organisations]),
  site: siteId ?? null,
});

/** The same with those of a page by id. */
export const pageParameters = (reach: Reach, { after = '', limit }: Page) => ({
  ...reachParameters(reach),
  after,
  limit,
});

/**
 * Rows `t` of a table that belong to organisations within reach. They are found by an index over (organisation_id, id),
 * so that what others have is not even looked at: neither its presence nor its number shows in the time this takes.
 */
export const within = (table: string, index: string): string =>
  `json_each(@organisations) o cross join ${table} t indexed by ${index} on t.organisation_id = o.value`;

/** What somebody limited to a site sees nothing of. */
export const OF_NO_SITE = '@site is null';
