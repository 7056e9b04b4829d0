import { Type } from 'typebox';
import { inOrganisation } from '../access/decide.js';
import { ROLES } from '../store/people-store.js';
import { attemptOf, authorise } from './authorise.js';
import type { Routes } from './context.js';

const Roles = Type.Array(Type.Enum([...ROLES]), { uniqueItems: true });
const PARAMS = Type.Object({ id: Type.String({ maxLength: 64 }) });
const POLICY = Type.Object({
  secondFactor: Type.Array(Type.Enum([...ROLES]), {
    description: 'Roles that need a second factor, by this organisation or one above it.',
  }),
});

/** What an organisation asks of those who sign in. */
export const signInPolicyRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/organisations/:id/sign-in-policy',
    {
      config: { action: 'read-people' },
      schema: {
        summary: 'What an organisation asks of those who sign in',
        tags: ['people'],
        params: PARAMS,
        response: { 200: POLICY },
      },
    },
    async (request) => {
      authorise(context, request, inOrganisation(request.params.id));
      return { secondFactor: [...context.people.needs.rolesAt(request.params.id)] };
    },
  );
  server.put(
    '/api/v1/organisations/:id/sign-in-policy',
    {
      config: { action: 'manage-people' },
      schema: {
        summary: 'Say which roles need a second factor, here and below',
        description:
          'Holds at once: people with one factor set up the second before anything else. What an organisation above ' +
          'asks stays.',
        tags: ['people'],
        params: PARAMS,
        body: Type.Object({ secondFactor: Roles }, { additionalProperties: false }),
        response: { 200: POLICY },
      },
    },
    async (request) => {
      const { id } = request.params;
      authorise(context, request, inOrganisation(id));
      const { needs } = context.people;
      const before = needs.rolesAt(id);
      const { secondFactor } = request.body;
      context.audit.change(
        () => needs.require(id, secondFactor),
        () => ({
          ...attemptOf(request),
          resource: { type: 'organisation', id, organisationId: id },
          before: { secondFactor: [...before] },
          after: { secondFactor: [...needs.rolesAt(id)] },
          outcome: 'done',
        }),
      );
      return { secondFactor: [...needs.rolesAt(id)] };
    },
  );
};
