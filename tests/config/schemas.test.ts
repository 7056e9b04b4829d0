import { join } from 'node:path';
import { expect, test } from 'vitest';
import { editorSchemas } from '../../agent/twin/editor-schemas.js';
import { packagedProfiles } from '../../agent/twin/packaged.js';

const folder = join(packagedProfiles, '../schemas');

test.each(Object.keys(editorSchemas))('%s for editors is what `npm run schemas` writes', async (name) => {
  const text = `${JSON.stringify(editorSchemas[name], null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(join(folder, name));
});
