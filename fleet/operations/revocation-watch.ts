/** How often revocations that another process wrote are looked for, ms. */
const LOOK_EVERY_MS = 2_000;

export interface RevocationWatchDeps {
  /** Ids of all gateways that are refused for good. */
  readonly revoked: () => readonly string[];
  readonly connected: (gatewayId: string) => boolean;
  readonly disconnect: (gatewayId: string, why: string) => void;
  /** Calls back every `ms` until the function that it gives is called. */
  readonly every: (ms: number, callback: () => void) => () => void;
  readonly failed: (error: unknown) => void;
}

/** Ends the sessions of revoked gateways, also of those that the command line revoked beside this process. */
export interface RevocationWatch {
  /** Whether what this gateway sends is to be refused. */
  isRevoked(gatewayId: string): boolean;
  /** Somebody was revoked just now. */
  wake(): void;
  stop(): void;
}

export const startRevocationWatch = (deps: RevocationWatchDeps): RevocationWatch => {
  let revoked: ReadonlySet<string> = new Set();
  const look = (): void => {
    try {
      revoked = new Set(deps.revoked());
      for (const id of revoked) if (deps.connected(id)) deps.disconnect(id, 'revoked');
    } catch (error) {
      deps.failed(error);
    }
  };
  look();
  return {
    isRevoked: (gatewayId) => revoked.has(gatewayId),
    wake: look,
    stop: deps.every(LOOK_EVERY_MS, look),
  };
};
