import { Type } from 'typebox';
import { erasePerson } from '../access/audit/erase-person.js';
import { requireAnotherOwner } from '../access/accounts.js';
import { FLEET } from '../access/decide.js';
import { AccessError } from '../access/errors.js';
import { subjectId } from '../access/subject.js';
import { peopleOf } from '../erasure/erase-people.js';
import { attemptOf, authorise } from './authorise.js';
import type { Routes } from './context.js';

export const ERASURE_TYPE = 'application/vnd.terroir.erasure+cbor';

/** Erasing a person: it reaches into the trails of all organisations, so it takes who answers for all of them. */
export const erasePersonRoutes: Routes = (server, context) => {
  server.delete(
    '/api/v1/people/:id',
    {
      config: { action: 'erase-person' },
      schema: {
        summary: 'Erase a person: account, sessions, factors, identities, and what audit trails say of them',
        description:
          'For owners of the organisation on top. Answers with the signed receipt, which `terroir-fleet verify` checks. ' +
          'Trails go on verifying: each says which entries lost their content.',
        tags: ['people'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        querystring: Type.Object(
          { reason: Type.String({ minLength: 1, maxLength: 500, description: 'Kept in the receipt.' }) },
          { additionalProperties: false },
        ),
        response: {
          200: {
            description: 'The receipt.',
            content: {
              [ERASURE_TYPE]: { schema: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }) },
            },
          },
        },
      },
    },
    async (request, reply) => {
      authorise(context, request, FLEET);
      const { id: personId } = request.params;
      const by = subjectId(request.subject);
      if (by === personId) throw new AccessError('conflict', 'Somebody else must erase you.');
      const { registry, audit, now } = context;
      requireAnotherOwner({ store: registry, organisations: () => registry.organisations() }, personId);
      const { subject, from } = attemptOf(request);
      const receipt = registry.audit.together(() => {
        const erased = erasePerson({ registry, audit, now }, personId, { subject, from });
        if (erased === undefined) throw new AccessError('not-found', 'There is no such person.');
        const said = { personId, reason: request.query.reason, by, batches: [] };
        return context.sealErasure({ ...said, people: peopleOf([erased]) });
      });
      return reply
        .header('content-disposition', `attachment; filename="${personId}.erasure"`)
        .type(ERASURE_TYPE)
        .send(Buffer.from(receipt));
    },
  );
};
