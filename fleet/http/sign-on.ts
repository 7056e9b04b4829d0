import { Type } from 'typebox';
import { AccessError } from '../access/errors.js';
import { SIGN_ON_MS } from '../access/sign-on/sign-on.js';
import type { Routes } from './context.js';
import { cameIn, originOf, recordRefusals } from './login.js';
import { ownOf } from './own-account.js';
import { setSessionCookies } from './session-cookie.js';

const COOKIE = 'terroir_sign_on';
const PATH = '/api/v1/sign-on';

/** Signing in at an organisation's own identity provider. */
export const signOnRoutes: Routes = (server, context) => {
  addListed(server, context);
  addStart(server, context);
  addCallback(server, context);
};

const addListed: Routes = (server, context) => {
  server.get(
    PATH,
    {
      config: { action: 'log-in' },
      schema: {
        summary: 'Identity providers that everybody may see',
        tags: ['access'],
        security: [],
        response: {
          200: Type.Object({ items: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })) }),
        },
      },
    },
    async () => ({ items: [...context.people.signOn.listed()] }),
  );
};

const addStart: Routes = (server, context) => {
  server.post(
    `${PATH}/:id/start`,
    {
      config: { action: 'log-in' },
      schema: {
        summary: 'Begin to sign in at an identity provider',
        description: 'Send the browser to `url`; it comes back with a session.',
        tags: ['access'],
        security: [],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        body: Type.Object(
          {
            invitation: Type.Optional(
              Type.String({ maxLength: 200, description: 'Token of an invitation to accept this way.' }),
            ),
            link: Type.Optional(
              Type.Boolean({ description: 'Be known by this identity too; needs a session.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ url: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { invitation, link } = request.body;
      const linkTo = link === true ? ownOf(context, request).person.id : undefined;
      const order = { providerId: request.params.id, invitation, linkTo };
      const { url, state, secure } = await context.people.signOn.begin(order);
      // the way back begins at the provider's site: Strict would keep the cookie from it
      void reply.setCookie(COOKIE, state, {
        path: PATH,
        httpOnly: true,
        sameSite: 'lax',
        secure,
        maxAge: SIGN_ON_MS / 1000,
      });
      return { url };
    },
  );
};

const addCallback: Routes = (server, context) => {
  server.get(
    `${PATH}/callback`,
    {
      config: { action: 'log-in' },
      schema: {
        summary: 'Where an identity provider sends the browser back to',
        tags: ['access'],
        security: [],
        response: { 303: Type.Null() },
      },
    },
    async (request, reply) => {
      const { signOn, logins } = context.people;
      void reply.clearCookie(COOKIE, { path: PATH });
      const search = new URL(request.url, 'http://fleet').search;
      const came = { how: '' };
      try {
        const opened = await recordRefusals(context, request, async () => {
          const finished = await signOn.finish(request.cookies[COOKIE], search);
          return context.audit.change(
            () => {
              const { person, secondFactor, did } = finished.commit();
              came.how = did;
              return logins.comeIn(person, 'sign-on', { secondFactor }, originOf(request));
            },
            (done) => ({ ...cameIn(request, done), after: { needs: done.needs, signOn: came.how } }),
          );
        });
        setSessionCookies(request, reply, opened);
        return await reply.redirect(came.how === 'linked' ? '/#account' : '/', 303);
      } catch (error) {
        if (!(error instanceof AccessError)) throw error;
        request.log.info({ code: error.code, detail: error.message }, 'sign-on refused');
        return reply.redirect(`/#sign-on-refused=${error.code}`, 303);
      }
    },
  );
};
