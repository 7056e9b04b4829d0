import { join } from 'node:path';
import { expect, test } from 'vitest';
import { editorSchemas } from '../../agent/twin/editor-schemas.js';
import { packagedProfiles } from '../../agent/twin/packaged.js';
import { TEMPLATE_SCHEMA } from '../../fleet/sharing/templates.js';

const folder = join(packagedProfiles, '../schemas');

const schemas: Readonly<Record<string, object>> = { ...editorSchemas, 'agreement.json': TEMPLATE_SCHEMA };

test.each(Object.keys(schemas))('%s for editors is what `npm run schemas` writes', async (name) => {
  const text = `${JSON.stringify(schemas[name], null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(join(folder, name));
});
