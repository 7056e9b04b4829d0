import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { openSessionOf } from '../../../fleet/api-session.js';
import { agreementCommand } from '../../../fleet/sharing/commands/agreement-command.js';
import { datasetCommand } from '../../../fleet/sharing/commands/dataset-command.js';
import { explainCommand } from '../../../fleet/sharing/commands/explain-command.js';
import { PASSWORD } from '../http/http-under-test.js';
import { openTerritory, pointId } from '../http/territory.js';
import { addOrganisation, ownerOf } from './agreement-under-test.js';

const openCommands = async () => {
  const http = await openTerritory();
  addOrganisation(http, 'syndicat', 'syndicate');
  addOrganisation(http, 'd');
  const url = await http.server.listen({ port: 0, host: '127.0.0.1' });
  /** Runs a command as an organisation's owner; gives what it printed. */
  const run = async (
    organisation: string,
    make: () => Command,
    ...words: readonly string[]
  ): Promise<string> => {
    await ownerOf(http, organisation);
    const file = join(http.fleet.folder, `${organisation}.json`);
    writeFileSync(file, JSON.stringify({ login: `${organisation}-signs`, password: PASSWORD }));
    let printed = '';
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    try {
      await make().parseAsync([...words, '--fleet', url, '--login-file', file], { from: 'user' });
    } finally {
      write.mockRestore();
    }
    return printed;
  };
  const idOf = async (...words: Parameters<typeof run>): Promise<string> =>
    (JSON.parse(await run(...words, '--json')) as { id: string }).id;
  return { http, url, run, idOf };
};

const PARKING = ['--title', 'Compteurs', '--property', 'active_power', '--audience', 'agreement'];

describe('sharing from the command line', () => {
  test('goes from a template to what is read, over signatures in person, and back by a withdrawal', async () => {
    const { http, run, idOf } = await openCommands();
    const [mine, theirs] = [
      await idOf('a', datasetCommand, 'create', ...PARKING),
      await idOf('b', datasetCommand, 'create', ...PARKING, '--finest', '1h', '--delay', '1d'),
    ];
    expect(await run('b', datasetCommand, 'show', theirs)).toMatch(/no finer than hours; at least 1 d old/);
    const parties = ['--party', 'commune=a', '--party', 'commune=b=Ville de Brenne'];
    const syndicate = ['--party', 'territoire=syndicat=Syndicat'];
    const given = ['--dataset', `parking=${mine}`, '--dataset', `b/parking=${theirs}`];
    const blanks = [...parties, ...syndicate, ...given];
    const id = await idOf('a', agreementCommand, 'draft', '--template', 'parking-live', ...blanks);
    await expect(run('b', agreementCommand, 'show', id)).rejects.toThrow('There is no such agreement. (GET');
    await run('a', agreementCommand, 'propose', id);
    await run('a', agreementCommand, 'sign', id, '1');
    await run('b', agreementCommand, 'sign', id, '1');
    await expect(run('syndicat', agreementCommand, 'sign', id, '2')).rejects.toThrow('read it first');
    const signed = await run('syndicat', agreementCommand, 'sign', id, '1');
    expect(signed).toMatch(/in force/);
    expect(signed).toContain('parking-aubiere: Aubière gives dataset');
    expect(signed).toMatch(/for operations, public-information, planning\./);

    const point = await pointId(http, 'p1');
    const ask = ['--point', point, '--purpose', 'operations'];
    const period = ['--from', '2026-03-10T10:00:00Z', '--to', '2026-03-10T12:00:00Z'];
    expect(await run('b', explainCommand, ...ask, ...period)).toMatch(
      /^Permitted, as asked\.\n {2}2026-03-10 10:00 to 2026-03-10 12:00: each reading and coarser\n/,
    );
    const research = ['--point', point, '--purpose', 'research'];
    expect(await run('b', explainCommand, ...research, ...period)).toMatch(
      /does not give it: it is given for other/,
    );
    await run('a', agreementCommand, 'withdraw', id, '--reason', 'budget');
    expect(await run('b', explainCommand, ...ask, ...period)).toMatch(
      /^Not permitted\.\n.*has withdrawn\.\n$/s,
    );
    expect(await run('b', agreementCommand, 'history', id)).toMatch(/Aubière +withdrew +budget/);
    expect(JSON.parse(await run('b', agreementCommand, 'list', '--json'))).toMatchObject([
      { id, status: 'in-force' },
    ]);
  });

  test('lets a further party join with the like of a clause, and shows what that changes', async () => {
    const { run, idOf } = await openCommands();
    const mine = await idOf('a', datasetCommand, 'create', ...PARKING);
    const theirs = await idOf('d', datasetCommand, 'create', ...PARKING);
    const blanks = ['--party', 'commune=a', '--party', 'territoire=b=Brenne', '--dataset', `parking=${mine}`];
    const id = await idOf('a', agreementCommand, 'draft', '--template', 'parking-live', ...blanks);
    await run('a', agreementCommand, 'propose', id);
    for (const party of ['a', 'b']) await run(party, agreementCommand, 'sign', id, '1');
    await run('a', agreementCommand, 'invite', id, '--party', 'd=Ville D');
    await expect(
      run('d', agreementCommand, 'join', id, '--like', 'water', '--dataset', theirs),
    ).rejects.toThrow('It has no clause water in force: parking-aubiere.');
    await run('d', agreementCommand, 'join', id, '--like', 'parking-aubiere', '--dataset', theirs);
    // of the template: who is invited joins by their own signature
    expect(await run('d', agreementCommand, 'sign', id, '2')).toMatch(/Version 2 \(in force\)/);
    const diff = await run('b', agreementCommand, 'diff', id, '--from', '1', '--to', '2');
    expect(diff).toMatch(/^party d\n {2}- null\n/);
    expect(diff).toMatch(/clause parking-ville-d\n/);
  });

  test('changes of a dataset only what is said, and says what is wrong', async () => {
    const { run, idOf } = await openCommands();
    const id = await idOf('a', datasetCommand, 'create', ...PARKING, '--finest', '15m');
    await run('a', datasetCommand, 'update', id, '--title-en', 'Meters', '--delay', '2h');
    await run('a', datasetCommand, 'audience', id, 'open');
    expect(JSON.parse(await run('a', datasetCommand, 'show', id, '--json'))).toMatchObject({
      revision: 3,
      audience: 'open',
      title: { fr: 'Compteurs', en: 'Meters' },
      selection: { properties: ['active_power'] },
      conditions: { finest: '15m', delayMs: 7_200_000 },
    });
    await expect(run('d', datasetCommand, 'audience', id, 'private')).rejects.toThrow(
      'There is no such dataset.',
    );
    await expect(run('a', datasetCommand, 'create')).rejects.toThrow('--title');
    const draft = ['draft', '--template', 'parking-live', '--party', 'commune=a'];
    await expect(run('a', agreementCommand, ...draft)).rejects.toThrow('Nobody takes the part territoire');
    await expect(run('a', agreementCommand, ...draft, '--party', 'territoire=b')).rejects.toThrow(
      'Say how b is called',
    );
    await expect(run('a', agreementCommand, 'draft', '--template', 'none')).rejects.toThrow(
      'weather-research',
    );
    expect(await run('a', datasetCommand, 'remove', id)).toBe('Compteurs: removed\n');
  });

  test('refuse to change what somebody else has changed since it was read', async () => {
    const { url, run, idOf } = await openCommands();
    const id = await idOf('a', datasetCommand, 'create', ...PARKING);
    const { ask } = await openSessionOf(url, { login: 'a-signs', password: PASSWORD });
    const {
      id: _,
      organisationId: _o,
      revision: _r,
      ...read
    } = (await ask('GET', `datasets/${id}`)) as Record<string, unknown>;
    await run('a', datasetCommand, 'audience', id, 'private');
    await expect(ask('PUT', `datasets/${id}`, read)).rejects.toThrow(/It was changed meanwhile.*412/);
  });
});
