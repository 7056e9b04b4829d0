import { Type } from 'typebox';
import { TEMPLATE } from '../sharing/templates.js';
import type { Routes } from './context.js';

const NAMED = Type.Object({ name: Type.String(), ...TEMPLATE.properties });

/** Agreements with blanks, that the program comes with. */
export const agreementTemplateRoutes: Routes = (server, { templates }) => {
  server.get(
    '/api/v1/agreements/templates',
    {
      config: { action: 'read-agreements' },
      schema: {
        summary: 'Templates of agreements, in French: parts that parties take, datasets, clauses',
        tags: ['sharing'],
        response: { 200: Type.Object({ items: Type.Array(NAMED) }) },
      },
    },
    async () => ({ items: [...templates].map(([name, template]) => ({ name, ...template })) }),
  );
};
