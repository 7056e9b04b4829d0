import type { ViewsReader } from '../views-store.js';
import type { AtOnce } from './at-once.js';

/** What `ViewsReader` promises, as SQLite answers it: at once, but for what takes long. */
export type ViewsQueries = AtOnce<Omit<ViewsReader, 'latest' | 'deviceCounts' | 'close'>>;
