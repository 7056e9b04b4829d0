import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { requireAnotherOwner } from '../access/accounts.js';
import { createAuditTrail } from '../access/audit/audit-trail.js';
import { erasePerson } from '../access/audit/erase-person.js';
import { treeOf } from '../access/organisation-tree.js';
import { operatorSubject } from '../access/subject.js';
import { newId } from '../registry/new-id.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { peopleOf } from './erase-people.js';
import { openSealer } from './open-sealer.js';

interface ErasePersonOptions {
  readonly data: string;
  readonly reason: string;
  readonly out: string;
  readonly json: boolean;
  readonly caPassphraseFile?: string;
}

/** `terroir-fleet erase-person`. */
export const erasePersonCommand = (): Command =>
  new Command('erase-person')
    .description(
      'Erase a person, whether or not the service runs: account, sessions, factors, identities, and what audit trails say of them. Writes the signed receipt.',
    )
    .argument('<id>', 'id of the person, as `user list --json` gives it')
    .requiredOption('--reason <text>', 'kept in the receipt')
    .requiredOption('--out <file>', 'where to write the receipt; check it with terroir-fleet verify')
    .option('--json', 'for scripts', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--ca-passphrase-file <file>', 'passphrase of the authority’s keys, as for `serve`')
    .action(run);

const run = async (personId: string, options: ErasePersonOptions): Promise<void> => {
  const { data, reason, out, json, caPassphraseFile } = options;
  if (existsSync(out)) throw new Error(`${out} exists: give the receipt another name.`);
  const folder = resolve(data);
  if (!existsSync(join(folder, 'registry.db'))) throw new Error(`There is no fleet in ${folder}.`);
  const seal = await openSealer(folder, caPassphraseFile);
  const registry = openRegistryStore(join(folder, 'registry.db'), { newId });
  try {
    const organisations = () => registry.organisations();
    const tree = () => treeOf(organisations());
    const audit = createAuditTrail({ store: registry.audit, tree, now: Date.now, random: randomBytes });
    const by = { subject: operatorSubject(userInfo().username), from: 'command line' };
    requireAnotherOwner({ store: registry, organisations }, personId);
    const erased = erasePerson({ registry, audit, now: Date.now }, personId, by);
    if (erased === undefined) throw new Error(`There is no person ${personId}.`);
    const said = { personId, reason, by: userInfo().username, batches: [] };
    writeFileSync(out, seal({ ...said, people: peopleOf([erased]) }), { flag: 'wx' });
    const text = `${personId} is erased; receipt in ${out}; check it with terroir-fleet verify\n`;
    process.stdout.write(json ? `${JSON.stringify({ ...erased, receipt: out }, null, 2)}\n` : text);
  } finally {
    registry.close();
  }
};
