import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AccessError } from '../access/errors.js';
import { AuthorityError } from '../registry/authority/errors.js';
import { EnrolmentError, GatewayError, RenewalError } from '../registry/errors.js';
import { OrganisationError } from '../registry/organisations/errors.js';
import { SharingError } from '../sharing/errors.js';
import { ProofError } from '../proof/errors.js';

/** RFC 9457 problem document. */
export const PROBLEM = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.Optional(Type.String()),
    /** What is wrong with which part of the request. */
    errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  },
  { description: 'RFC 9457 problem document' },
);

/** A request that cannot be answered, for a reason that its sender can act on. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code:
    | 'bad-request'
    | 'not-found'
    | 'not-acceptable'
    | 'conflict'
    | 'precondition-failed'
    | 'precondition-required';
  readonly retryable = false;

  constructor(code: HttpError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const GATEWAY_STATUS = { 'bad-request': 400, unknown: 404, 'done-before': 409, over: 409 } as const;
const HTTP_STATUS = {
  'bad-request': 400,
  'not-found': 404,
  'not-acceptable': 406,
  conflict: 409,
  'precondition-failed': 412,
  'precondition-required': 428,
} as const;
const ORGANISATION_STATUS = {
  invalid: 400,
  unknown: 404,
  'in-use': 409,
  conflict: 409,
  'changed-since': 409,
  'not-undoable': 409,
} as const;
const SHARING_STATUS = {
  invalid: 400,
  'not-party': 403,
  unknown: 404,
  'not-now': 409,
  'changed-since': 409,
} as const;
const ACCESS_STATUS = {
  unauthenticated: 401,
  'bad-credentials': 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  gone: 410,
  'bad-request': 400,
  'weak-password': 422,
  'too-many-attempts': 429,
  provider: 502,
  sealed: 500,
  'weak-secret': 500,
} as const;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not acceptable as it is',
  428: 'Precondition required',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'Bad gateway',
  503: 'Not available',
};

interface Problem {
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly { path: string; message: string }[];
}

/** Answers an error as a problem document; what is not the caller's business is only logged. */
export const sendError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
  const problem = problemOf(error);
  if (error instanceof AccessError && error.retryAfterMs > 0) {
    void reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000));
  }
  if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
  sendProblem(reply, problem);
};

export const sendProblem = (reply: FastifyReply, problem: Problem): void => {
  const { status } = problem;
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply
    .status(status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({ type: 'about:blank', title: TITLES[status] ?? 'Error', ...problem });
};

/** The status that an error is answered with. */
export const statusOf = (error: FastifyError): number => problemOf(error).status;

const problemOf = (error: FastifyError): Problem => {
  if (error.validation !== undefined) {
    const part = error.validationContext ?? 'request';
    const errors = error.validation.map((fault) => ({
      path: `${part}${fault.instancePath}`,
      message: explain(fault),
    }));
    const detail = errors.map(({ path, message }) => `${path} ${message}`).join('; ');
    return { status: 400, detail: `${detail}.`, errors };
  }
  if (error instanceof HttpError) return { status: HTTP_STATUS[error.code], detail: error.message };
  if (error instanceof AccessError) return { status: ACCESS_STATUS[error.code], detail: error.message };
  if (error instanceof OrganisationError) {
    const { code, message: detail, faults } = error;
    return { status: ORGANISATION_STATUS[code], detail, ...(faults.length === 0 ? {} : { errors: faults }) };
  }
  if (error instanceof SharingError) return { status: SHARING_STATUS[error.code], detail: error.message };
  if (error instanceof EnrolmentError) return { status: enrolmentStatus(error), detail: error.message };
  if (error instanceof RenewalError) {
    return { status: error.code === 'bad-request' ? 400 : 403, detail: error.message };
  }
  if (error instanceof GatewayError) return { status: GATEWAY_STATUS[error.code], detail: error.message };
  if (error instanceof AuthorityError && error.code.startsWith('request-')) {
    return { status: 400, detail: error.message };
  }
  if (error instanceof ProofError && error.code === 'not-found') {
    return { status: 404, detail: error.message };
  }
  const status = error.statusCode ?? 500;
  return status >= 400 && status < 500 ? { status, detail: error.message } : { status: 500 };
};

type Fault = NonNullable<FastifyError['validation']>[number];

/** What a schema's complaint leaves out: which values or names it means. */
const explain = ({ message = 'is not valid', params }: Fault): string => {
  const { allowedValues, additionalProperties } = params;
  if (Array.isArray(allowedValues)) return `must be one of ${allowedValues.join(', ')}`;
  if (Array.isArray(additionalProperties)) return `must not have ${additionalProperties.join(', ')}`;
  return message;
};

const enrolmentStatus = ({ code }: EnrolmentError): number => {
  if (code === 'bad-request') return 400;
  return code === 'replaced' ? 409 : 403;
};
