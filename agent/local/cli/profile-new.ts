import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { editorSchemas } from '../../twin/editor-schemas.js';
import { LocalError } from '../errors.js';
import { SCHEMA_FILE, profileId, profileTemplate, type NewProfile } from '../profile-template.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';
import type { Questions } from './questions.js';

export interface NewOptions {
  readonly maker?: string;
  readonly model?: string;
  readonly document?: string;
  readonly page?: string;
  readonly folder: string;
}

const begin = async (
  { maker, model, document, page }: NewOptions,
  questions: Questions,
): Promise<NewProfile> => ({
  maker: maker ?? (await questions.ask('Maker', '--maker')),
  model: model ?? (await questions.ask('Model', '--model')),
  document: document ?? (await questions.ask('Title of the document with the registers', '--document')),
  page: page ?? (await questions.ask('Page or section in it', '--page')),
});

/** Writes a commented starting file, and the schema that editors check it with; never over a profile that is there. */
export const newProfile = async (
  options: NewOptions,
  questions: Questions,
  output: Output,
): Promise<number> => {
  const { folder } = options;
  const begun = await begin(options, questions);
  const id = profileId(begun);
  if (id === undefined) throw new LocalError('usage', 'maker and model need a letter or digit each');
  const file = join(folder, `${id}.yaml`);
  if (existsSync(file)) throw new LocalError('usage', `${file} is there already`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(join(folder, SCHEMA_FILE), `${JSON.stringify(editorSchemas['profile.json'], null, 2)}\n`);
  writeFileSync(file, profileTemplate(begun));
  output.print(file);
  output.explain(`check it with: terroir-agent profile test ${id} --profiles ${folder}`);
  return EXIT.done;
};
