import { Type } from 'typebox';
import { PROOF_RESOLUTIONS } from '../proof/prover.js';
import { FINEST } from '../sharing/conditions.js';
import { noteReads, PURPOSE_QUERY, scopeOf } from './caller.js';
import type { Routes } from './context.js';
import { recordExport } from './record-export.js';
import { parseTime } from './time.js';

export const PROOF_TYPE = 'application/vnd.terroir.proof+cbor';

/** Proofs of origin. */
export const proofRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/points/:id/proof',
    {
      config: { action: 'prove-data' },
      schema: {
        summary: 'Proof of origin of one reading or window',
        description:
          'A file that `terroir-fleet verify` checks offline, with the root certificate alone: signed header, the ' +
          'point’s own column with its path in the hash tree, certificates, and the directory entries that describe ' +
          'it. Given where raw readings are; windows that the gateway signed also where these and the one before are.',
        tags: ['data'],
        params: Type.Object({ id: Type.String({ maxLength: 64, description: 'Id of the point.' }) }),
        querystring: Type.Object(
          {
            at: Type.String({
              maxLength: 40,
              description: 'ISO 8601: the newest reading at or before it, or the window that it lies in.',
            }),
            resolution: Type.Optional(
              Type.Enum(['raw', ...PROOF_RESOLUTIONS], { description: 'raw by default.' }),
            ),
            ...PURPOSE_QUERY,
          },
          { additionalProperties: false },
        ),
        response: {
          200: {
            description: 'The proof.',
            content: { [PROOF_TYPE]: { schema: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }) } },
          },
        },
      },
    },
    async (request, reply) => {
      const { id: pointId } = request.params;
      const { at, resolution = 'raw' } = request.query;
      const scope = scopeOf(context, request);
      const asked = { scope, pointId, at: parseTime('at', at) };
      const proof = await (resolution === 'raw'
        ? context.proofs.reading(asked)
        : context.proofs.window({ ...asked, resolution }));
      const organisationId = (await context.views.point(asked.scope, pointId))?.organisationId;
      recordExport(context, request, {
        name: `${pointId}.proof`,
        ...(organisationId === undefined ? {} : { organisationId }),
      });
      noteReads(context, request, scope)({ pointId, times: [asked.at], resolutionMs: FINEST[resolution] });
      return reply
        .header('content-disposition', `attachment; filename="${pointId}.proof"`)
        .type(PROOF_TYPE)
        .send(Buffer.from(proof));
    },
  );
};
