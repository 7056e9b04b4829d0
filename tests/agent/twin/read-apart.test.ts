import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { readConfiguration } from '../../../agent/twin/configuration-file.js';
import { ConfigurationError } from '../../../agent/twin/errors.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { readConfigurationApart } from '../../../agent/twin/read-apart.js';
import { built } from '../../support/built.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const thread = pathToFileURL(built('agent/twin/configuration-thread.js', ['agent', 'drivers']));
const profileFolders = [packagedProfiles];

const write = (devices: string): string => {
  const path = join(temporaryFolder(), 'agent.yaml');
  writeFileSync(
    path,
    `gateway: { name: x }\nbuses: { b: { tcp: h } }\ndevices: { d: { bus: b, address: 1, ${devices} } }\n`,
  );
  return path;
};

test('a configuration read apart is the one read here', async () => {
  const path = write('profile: eastron/sdm630-v2, installation: { ratio: 40 }');
  const apart = await readConfigurationApart({ path, profileFolders }, thread);
  expect(apart).toEqual(readConfiguration(path, profileFolders));
  // A driver knows its points by identity.
  expect(apart.devices[0]?.points[0]?.map).toBeDefined();
});

test('what is wrong with it is said with its place, as here', async () => {
  const path = write('profile: eastron/sdm631');
  const here = (): unknown => readConfiguration(path, profileFolders);
  const apart = await readConfigurationApart({ path, profileFolders }, thread).catch(
    (error: unknown) => error,
  );
  expect(apart).toBeInstanceOf(ConfigurationError);
  expect(apart).toMatchObject({
    code: 'invalid',
    problems: [{ file: path, line: 3, key: 'devices.d.profile' }],
  });
  expect(here).toThrow(String(apart instanceof Error && apart.message));
});

test('a file that is not there is said so', async () => {
  const path = join(temporaryFolder(), 'none.yaml');
  await expect(readConfigurationApart({ path, profileFolders }, thread)).rejects.toMatchObject({
    code: 'unreadable',
    problems: [{ file: path, message: 'there is no such file' }],
  });
});

test('reading ends with the signal', async () => {
  const path = write('profile: eastron/sdm630-v2');
  const stopped = AbortSignal.abort();
  await expect(readConfigurationApart({ path, profileFolders }, thread, stopped)).rejects.toThrow(/abort/i);
});
