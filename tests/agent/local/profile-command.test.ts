import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { showProfile, testProfiles } from '../../../agent/local/cli/profile-command.js';
import { newProfile } from '../../../agent/local/cli/profile-new.js';
import { editorSchemas } from '../../../agent/twin/editor-schemas.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';

const folder = mkdtempSync(join(tmpdir(), 'profiles-'));
afterAll(() => rmSync(folder, { recursive: true }));

const listen = () => {
  const printed: string[] = [];
  return { printed, output: { print: (text: string) => printed.push(text), explain: () => undefined } };
};

const nobody = {
  ask: (_question: string, option: string) => Promise.reject(new Error(`asked for ${option}`)),
  close: () => undefined,
};

test('a new profile is in order as it stands, and is never written over', async () => {
  const { printed, output } = listen();
  const begun = { maker: 'Société Été', model: "L'un 2", document: 'Manual', page: '4', folder };
  expect(await newProfile(begun, nobody, output)).toBe(0);
  const text = readFileSync(printed[0] ?? '', 'utf8');
  expect(text).toContain('maker: ');
  const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
  const file = join(dirname(printed[0] ?? ''), schema);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(editorSchemas['profile.json'])),
  );
  expect(testProfiles({ ids: ['societe-ete/l-un-2'], profiles: [folder], json: false }, output)).toBe(0);
  await expect(newProfile(begun, nobody, output)).rejects.toThrow('is there already');
});

test('a profile with 64-bit sentinels is shown as JSON', () => {
  const { printed, output } = listen();
  expect(showProfile({ id: 'abb/a43', profiles: [packagedProfiles], json: true }, output)).toBe(0);
  expect(printed[0]).toContain('18446744073709551615');
});

test('no packaged profile has anything to mend', () => {
  const { output } = listen();
  expect(testProfiles({ ids: [], profiles: [packagedProfiles], json: true }, output)).toBe(0);
});
