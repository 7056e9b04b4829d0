import type { Database } from './sqlite-database.js';

const VERSION = 3;

/*
 * `reading` is appended at its end and deleted at its start, always in ranges of ordinals, so that a commit
 * touches one or two pages. A batch's message is written once: what becomes of it is told by small tables
 * beside it (`pending`, `acked`, `quarantined`). The key of a batch is its `seq`; of one that was saved from another
 * file it lies below 0 (`batch-ids.ts`), so that the order of keys is the order of sealing everywhere.
 */
const SCHEMA = `
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL,
  source TEXT,
  lastSeq INTEGER NOT NULL DEFAULT 0,
  lastOrdinal INTEGER NOT NULL DEFAULT 0,
  sealedReadings INTEGER NOT NULL DEFAULT 0,
  liveFrom INTEGER NOT NULL DEFAULT 0,
  liveSealed INTEGER NOT NULL DEFAULT 0,
  sealedWindows INTEGER NOT NULL DEFAULT 0,
  readingsSealed INTEGER NOT NULL DEFAULT 0,
  windowsMade INTEGER NOT NULL DEFAULT 0,
  windowsSealed INTEGER NOT NULL DEFAULT 0,
  heldPending INTEGER NOT NULL DEFAULT 0,
  heldRows INTEGER NOT NULL DEFAULT 0,
  lossesSealed INTEGER NOT NULL DEFAULT 0,
  droppedRows INTEGER NOT NULL DEFAULT 0,
  lostReadings INTEGER NOT NULL DEFAULT 0,
  historyBytes INTEGER NOT NULL DEFAULT 0,
  lastMonotonic INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE point (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  definition TEXT NOT NULL,
  active INTEGER NOT NULL
) STRICT;
CREATE TABLE boot (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  offsetMs INTEGER,
  uncertaintyMs INTEGER NOT NULL,
  toldAt INTEGER NOT NULL,
  lastMonotonic INTEGER NOT NULL
) STRICT;
CREATE TABLE reading (
  ordinal INTEGER PRIMARY KEY,
  point INTEGER NOT NULL,
  boot INTEGER NOT NULL,
  monotonic INTEGER NOT NULL,
  time INTEGER NOT NULL,
  marks INTEGER NOT NULL,
  value NUMERIC,
  text TEXT,
  uncertainty INTEGER,
  deviceTime INTEGER
);
CREATE TABLE window (
  ordinal INTEGER PRIMARY KEY,
  point INTEGER NOT NULL,
  period INTEGER NOT NULL,
  start INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  aggregate TEXT NOT NULL
) STRICT;
CREATE TABLE carry (
  period INTEGER NOT NULL,
  point INTEGER NOT NULL,
  reading TEXT NOT NULL,
  PRIMARY KEY (period, point)
) STRICT, WITHOUT ROWID;
CREATE TABLE mark (
  base INTEGER NOT NULL,
  period INTEGER NOT NULL,
  until INTEGER NOT NULL,
  scanFrom INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (base, period, until)
) STRICT, WITHOUT ROWID;
CREATE TABLE directory (
  number INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  bytes BLOB NOT NULL,
  acked INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE directoryUse (
  fromOrdinal INTEGER PRIMARY KEY,
  directory INTEGER NOT NULL REFERENCES directory (number)
) STRICT;
CREATE TABLE epoch (
  number INTEGER PRIMARY KEY,
  epoch TEXT NOT NULL UNIQUE,
  lastSeq INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;
CREATE TABLE pending (
  lane INTEGER NOT NULL,
  id INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  content INTEGER NOT NULL,
  count INTEGER NOT NULL,
  heldBack INTEGER NOT NULL,
  lastOrdinal INTEGER NOT NULL,
  firstTime INTEGER NOT NULL,
  lastTime INTEGER NOT NULL,
  PRIMARY KEY (lane, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE acked (
  id INTEGER PRIMARY KEY,
  bytes INTEGER NOT NULL,
  content INTEGER NOT NULL,
  count INTEGER NOT NULL,
  heldBack INTEGER NOT NULL,
  lastOrdinal INTEGER NOT NULL,
  firstTime INTEGER NOT NULL,
  lastTime INTEGER NOT NULL
) STRICT;
CREATE TABLE evicted (
  id INTEGER PRIMARY KEY,
  content INTEGER NOT NULL,
  count INTEGER NOT NULL,
  heldBack INTEGER NOT NULL,
  firstTime INTEGER NOT NULL,
  lastTime INTEGER NOT NULL
) STRICT;
CREATE TABLE declared (
  id INTEGER PRIMARY KEY
) STRICT;
CREATE TABLE quarantined (
  id INTEGER PRIMARY KEY,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE loss (
  ordinal INTEGER PRIMARY KEY,
  record TEXT NOT NULL
) STRICT;
CREATE TABLE outside (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT;
CREATE TABLE thinned (
  step INTEGER PRIMARY KEY,
  upTo INTEGER NOT NULL
) STRICT;
CREATE TABLE salvage (
  number INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  progress TEXT NOT NULL
) STRICT;
CREATE TABLE archive (
  firstOrdinal INTEGER PRIMARY KEY,
  lastOrdinal INTEGER NOT NULL,
  count INTEGER NOT NULL,
  firstTime INTEGER NOT NULL,
  lastTime INTEGER NOT NULL,
  segment BLOB NOT NULL
) STRICT;
`;

/** `terr`: files of other programs are told apart by it. */
const APPLICATION_ID = 0x74_65_72_72;

/** The file is of another program or of another version of this one. */
export class UnknownSchemaError extends Error {
  constructor(application: number, version: number) {
    super(
      application !== APPLICATION_ID
        ? 'The file is a database of another program.'
        : version > VERSION
          ? `The file was written by a newer version (schema ${version}; this one knows ${VERSION}); that version saves its content when it runs again.`
          : `The file has schema ${version}, which this version (${VERSION}) does not read.`,
    );
    this.name = 'UnknownSchemaError';
  }
}

const numberOf = (database: Database, pragma: string): number =>
  Number(database.pragma(pragma, { simple: true }));

/** How a file's schema stands to this version: files that are `newer` are left for the version that wrote them. */
export const schemaOf = (database: Database): 'known' | 'newer' | 'unknown' => {
  const version = numberOf(database, 'user_version');
  if (numberOf(database, 'application_id') !== APPLICATION_ID) return 'unknown';
  return version === VERSION ? 'known' : version > VERSION ? 'newer' : 'unknown';
};

/** Makes the tables in an empty file, with `epoch`; throws `UnknownSchemaError` for one it cannot use. */
export const prepareSchema = (database: Database, makeEpoch: () => string): void => {
  const version = numberOf(database, 'user_version');
  const application = numberOf(database, 'application_id');
  if (application === APPLICATION_ID && version === VERSION) return;
  const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (version !== 0 || application !== 0 || tables !== 0) throw new UnknownSchemaError(application, version);
  database.transaction(() => {
    database.exec(SCHEMA);
    database.prepare('INSERT INTO state (id, epoch) VALUES (1, ?)').run(makeEpoch());
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${VERSION}`);
  })();
};
