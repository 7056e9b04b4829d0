import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { newId } from '../../registry/new-id.js';
import { openRegistryStore } from '../../store/sqlite/registry-store.js';
import { treeOf } from '../organisation-tree.js';
import { operatorSubject } from '../subject.js';
import { createAuditTrail } from './audit-trail.js';
import { erasePerson } from './erase-person.js';

/** `terroir-fleet erase-person`. */
export const erasePersonCommand = (): Command =>
  new Command('erase-person')
    .description('Erase a person: account, sessions, factors, identities, and what audit trails say of them.')
    .argument('<id>', 'id of the person')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .action((personId: string, { data }: { data: string }) => {
      const registry = openRegistryStore(join(resolve(data), 'registry.db'), { newId });
      try {
        const tree = () => treeOf(registry.organisations());
        const audit = createAuditTrail({ store: registry.audit, tree, now: Date.now, random: randomBytes });
        const by = { subject: operatorSubject(userInfo().username), from: 'command line' };
        const receipt = erasePerson({ registry, audit, now: Date.now }, personId, by);
        if (receipt === undefined) throw new Error(`There is no person ${personId}.`);
        process.stdout.write(`${JSON.stringify(receipt, null, 2)}\n`);
      } finally {
        registry.close();
      }
    });
