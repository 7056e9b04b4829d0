import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stillMay } from './authorise.js';
import type { HttpContext } from './context.js';

export interface SentFile {
  readonly name: string;
  readonly type: string;
  /** Whole lines, in chunks of which each is read while it is sent. */
  readonly lines: AsyncIterable<string> | Iterable<string>;
}

/** Streams a file. A caller whose right ends meanwhile gets no further chunk: the answer breaks off. */
export const sendFile = (
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { name, type, lines }: SentFile,
): FastifyReply =>
  sendStream(
    context,
    request,
    reply.header('content-disposition', `attachment; filename="${name}"`).type(type),
    lines,
  );

/** The same of what is no file. */
export const sendStream = (
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  lines: SentFile['lines'],
): FastifyReply => reply.send(Readable.from(whilePermitted(context, request, lines), { objectMode: false }));

async function* whilePermitted(
  context: HttpContext,
  request: FastifyRequest,
  lines: SentFile['lines'],
): AsyncGenerator<string> {
  for await (const chunk of lines) {
    if (!stillMay(context, request)) throw new Error('The right to read this ended.');
    yield chunk;
  }
}
