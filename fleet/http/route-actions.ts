import type { FastifyRequest, RouteOptions } from 'fastify';
import { isAction, type Action } from '../access/actions.js';
import type { Server } from './context.js';

/** One route as it was registered. */
export interface RegisteredRoute {
  readonly method: string;
  readonly url: string;
  readonly action: Action;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route there is, with what a call of it does. */
    readonly routeActions: readonly RegisteredRoute[];
  }
  interface FastifyContextConfig {
    /** What a call of this route does; a route without one is not registered. */
    readonly action?: Action;
  }
}

export interface RouteActions {
  /** Registers routes of a library, which name no action: all of them are this one. */
  under(action: Action, register: () => PromiseLike<unknown>): Promise<void>;
}

/** From now on each route of the server must name its action. Throws where one does not. */
export const requireActions = (server: Server): RouteActions => {
  let implied: Action | undefined;
  const routes: RegisteredRoute[] = [];
  server.decorate('routeActions', routes);
  server.addHook('onRoute', (route: RouteOptions) => {
    const action = route.config?.action ?? implied;
    if (action === undefined || !isAction(action)) {
      throw new Error(`${String(route.method)} ${route.url} names no action (config.action).`);
    }
    route.config = { ...route.config, action };
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, action });
  });
  return {
    under: async (action, register) => {
      implied = action;
      await register();
      implied = undefined;
    },
  };
};

/** The action of the route that a request came to. */
export const actionOf = (request: FastifyRequest): Action => {
  const { action } = request.routeOptions.config;
  if (action === undefined) throw new Error(`${request.url} has no action.`);
  return action;
};
