import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stillGives, type Scope } from '../sharing/scope.js';
import { stillMay } from './authorise.js';
import { scopeOf } from './caller.js';
import type { HttpContext } from './context.js';
import { recordExport, type Exported } from './record-export.js';

export interface Sent {
  /** Whole lines, in chunks of which each is read while it is sent. */
  readonly lines: AsyncIterable<string> | Iterable<string>;
  /** What is read through, where others may have given some of it. */
  readonly scope?: Scope;
}

export interface SentFile extends Sent, Exported {
  readonly type: string;
}

/**
 * Streams a file, which the audit trail tells of. A caller whose right ends meanwhile, or to whom others give less than
 * in the beginning, gets no further chunk: the connection breaks off within the body, which no client takes for its end.
 */
export const sendFile = (
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  file: SentFile,
): FastifyReply => {
  recordExport(context, request, file);
  return sendStream(
    context,
    request,
    reply.header('content-disposition', `attachment; filename="${file.name}"`).type(file.type),
    file,
  );
};

/** The same of what is no file. */
export const sendStream = (
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  sent: Sent,
): FastifyReply => reply.send(Readable.from(whilePermitted(context, request, sent), { objectMode: false }));

async function* whilePermitted(
  context: HttpContext,
  request: FastifyRequest,
  { lines, scope }: Sent,
): AsyncGenerator<string> {
  const requireSame = (): void => {
    if (!stillMay(context, request)) throw new Error('The right to read this ended.');
    if (scope !== undefined && !stillGives(scope, scopeOf(context, request))) {
      throw new Error('What others gave of this was changed or withdrawn.');
    }
  };
  for await (const chunk of lines) {
    requireSame();
    yield chunk;
  }
  // what a new scope no longer gives must not pass for the end either
  requireSame();
}
