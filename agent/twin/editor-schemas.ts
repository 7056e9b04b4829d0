import type { TSchema } from 'typebox';
import { ProfileFields } from '../../drivers/profile-fields.js';
import { PropertiesFile, UnitsFile } from './catalogue.js';
import { ConfigurationFields } from './configuration-fields.js';

const titled = (title: string, schema: TSchema): object => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title,
  ...schema,
});

/**
 * JSON Schemas of the files that people write, by their name in `config/schemas/`: what an editor completes and
 * underlines. They come from the declarations that check the files; `npm run schemas` writes them.
 */
export const editorSchemas: Readonly<Record<string, object>> = {
  'configuration.json': titled('Configuration of a gateway', ConfigurationFields),
  'profile.json': titled('Profile of a device model', ProfileFields),
  'properties.json': titled('Observed properties', PropertiesFile),
  'units.json': titled('Units', UnitsFile),
};
