import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { beforeAll, expect, test } from 'vitest';
import { folderOfFile, runPackaging } from './support.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const WAIT_MS = 60_000;
const Bom = Type.Object({
  components: Type.Array(
    Type.Object({ name: Type.String(), hashes: Type.Optional(Type.Array(Type.Unknown())) }),
  ),
});

const out = folderOfFile();
beforeAll(() => {
  runPackaging('write-sboms', out);
}, WAIT_MS);

const textOf = (program: string): string => {
  const file = readdirSync(out).find((name) => name.startsWith(program));
  if (file === undefined) throw new Error(`no bill of ${program}`);
  return readFileSync(join(out, file), 'utf8');
};

const namesIn = (program: string): readonly string[] =>
  Value.Parse(Bom, JSON.parse(textOf(program))).components.map(({ name }) => name);

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);

test.each(['terroir-agent', 'terroir-fleet'])('the bill of %s is CycloneDX', async (program) => {
  expect(await validator.validate(textOf(program))).toBeNull();
});

test('a bill that is not CycloneDX is found', async () => {
  const wrong = textOf('terroir-agent').replace('"type": "application"', '"type": "programme"');
  expect(await validator.validate(wrong)).not.toBeNull();
});

test('each program has a bill of its own: what is in it, and no more', () => {
  const agent = namesIn('terroir-agent');
  expect(agent).toEqual(expect.arrayContaining(['mqtt', 'better-sqlite3', 'yaml', 'bindings']));
  for (const name of ['fastify', 'aedes', 'vite', 'prebuild-install']) expect(agent).not.toContain(name);
  const fleet = namesIn('terroir-fleet');
  expect(fleet).toEqual(expect.arrayContaining(['fastify', 'aedes', 'better-sqlite3']));
  for (const name of ['vite', 'vitest']) expect(fleet).not.toContain(name);
});

test('what the console bundles is named, though it is installed for development only', () => {
  const folder = join(project, 'fleet/console/src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.tsx?$/.test(file),
  );
  const imported = sources.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/from '([^.'#][^']*)'/g)].map(
      ([, name = '']) => name,
    ),
  );
  const packages = new Set(
    imported.map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  );
  expect(packages.size).toBeGreaterThan(0);
  expect(namesIn('terroir-fleet')).toEqual(expect.arrayContaining([...packages]));
});

test('a bill names no registry', () => {
  for (const program of ['terroir-agent', 'terroir-fleet'])
    expect(textOf(program)).not.toMatch(/registry\.|\.tgz/);
});
