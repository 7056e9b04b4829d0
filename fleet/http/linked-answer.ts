import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import {
  LINKED_TYPES,
  linkedDocument,
  writeLinked,
  type LinkedNode,
  type LinkedType,
} from '../sharing/linked-data/linked-data.js';
import { originOf } from './caller.js';
import { HttpError } from './problem.js';

/** What an answer of linked data is described as. */
export const LINKED_CONTENT = {
  'application/ld+json': { schema: { type: 'object', additionalProperties: true } },
  'text/turtle': { schema: { type: 'string' } },
} as const;

/** The form that the caller takes, JSON-LD where they say nothing (RFC 9110, section 12.5.1). */
export const linkedTypeOf = ({ headers }: FastifyRequest): LinkedType => {
  // programs that know of JSON alone read JSON-LD too
  const type = new Negotiator({ headers }).mediaType([...LINKED_TYPES, 'application/json']);
  if (type === undefined) {
    throw new HttpError('not-acceptable', `Accept: one of ${LINKED_TYPES.join(', ')}.`);
  }
  return type === 'text/turtle' ? type : 'application/ld+json';
};

/** The address of this service as the caller knows it, fit to stand in an IRI. */
export const iriOriginOf = (request: FastifyRequest): string => {
  const origin = originOf(request);
  if (!URL.canParse(origin)) throw new HttpError('bad-request', 'Host: no name of a service.');
  return new URL(origin).origin;
};

export const sendLinked = async (
  request: FastifyRequest,
  reply: FastifyReply,
  nodes: readonly LinkedNode[],
): Promise<FastifyReply> => {
  const type = linkedTypeOf(request);
  const text = await writeLinked(linkedDocument(nodes), type);
  return reply
    .header('vary', 'Accept')
    .serializer((payload: string) => payload)
    .type(`${type}; charset=utf-8`)
    .send(text);
};
