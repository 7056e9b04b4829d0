import { ENDLESS } from '../sqlite/endless.js';

/**
 * Joins to `holding h` the points `p` of its device, with the installations `i` that the device had meanwhile, and their
 * locations `l`, if any: what agreements select. A stretch begins and ends as `PLACED_FROM` and `PLACED_TO` say.
 */
export const placedPoints = (schema: '' | 'registry.'): string => `join ${schema}installation i
    on i.device_id = h.device_id and i."from" < coalesce(h."to", ${ENDLESS}) and h."from" < coalesce(i."to", ${ENDLESS})
  join ${schema}point p on p.device_id = h.device_id
  left join ${schema}location l on l.id = i.location_id`;

export const PLACED_FROM = 'greatest(h."from", i."from")';
export const PLACED_TO = `least(coalesce(h."to", ${ENDLESS}), coalesce(i."to", ${ENDLESS}))`;
