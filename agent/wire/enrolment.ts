/**
 * How a gateway gets its certificate, and the next one: `POST /api/v1/enrol` and `/api/v1/renew` over HTTPS, JSON
 * both ways. README.md, "Certificates", says why not over MQTT.
 */

/** Body of `POST /api/v1/enrol`. */
export interface EnrolRequest {
  readonly token: string;
  /** PEM PKCS#10 request, P-256, self-signed; the fleet ignores its subject. */
  readonly csr: string;
  /** What people call the gateway. */
  readonly name: string;
  /** Serial number of the box, where it tells one: some tokens are good for one box only. */
  readonly serial?: string;
}

/**
 * Body of the answer: 201, or 200 when the same CSR asks again. All certificates are PEM. Where an operator has to
 * approve the claim it is 202 with an `EnrolWaiting` until that is done.
 */
export interface EnrolResponse {
  readonly gatewayId: string;
  readonly certificate: string;
  /** The issuing certificate. */
  readonly issuer: string;
  readonly root: string;
  readonly broker: {
    /** `null`: the host under which the agent reached the fleet. */
    readonly host: string | null;
    readonly port: number;
    /** Name that the broker's certificate carries, whatever host it is reached under. */
    readonly serverName: string;
  };
}

export interface EnrolWaiting {
  readonly gatewayId: string;
  readonly waiting: true;
}

/** Body of `POST /api/v1/renew`; the answer is an `EnrolResponse` (201, or 200 for the same CSR). */
export interface RenewRequest {
  /** SHA-256 (hex) of the DER of the certificate that is to be followed. */
  readonly certificate: string;
  /** PEM PKCS#10 request for the next key. */
  readonly csr: string;
  /** ES256 (r‖s, base64url) of that certificate's key over `renewalStatement`. */
  readonly proof: string;
}

/** What the key of the old certificate signs: it binds the request for the next one to this very certificate. */
export const renewalStatement = ({ certificate, csr }: Pick<RenewRequest, 'certificate' | 'csr'>): string =>
  `terroir renewal 1\n${certificate}\n${csr}`;

/** A claim token as people copy it: `tt1.<secret, base64url>.<SHA-256 of the root's DER, hex>`. */
export interface ClaimToken {
  readonly secret: string;
  readonly rootFingerprint: string;
}

const TOKEN = /^tt1\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/;

export const formatClaimToken = (token: ClaimToken): string => `tt1.${token.secret}.${token.rootFingerprint}`;

/** Parses a claim token, or gives `undefined` where the text is none. */
export const parseClaimToken = (text: string): ClaimToken | undefined => {
  const [, secret, rootFingerprint] = TOKEN.exec(text.trim()) ?? [];
  return secret === undefined || rootFingerprint === undefined ? undefined : { secret, rootFingerprint };
};

/** The end of a claim link's path: `<fleet's address>/enrol#<token>`. What follows a # is sent to no server. */
const LINK_PATH = /\/enrol\/?$/;

/** A claim token with the fleet's address, for a QR code. */
export const formatClaimLink = (fleetUrl: string, token: string): string =>
  `${fleetUrl.replace(/\/+$/, '')}/enrol#${token}`;

/** Takes a claim link apart, or gives `undefined` where the text is none. */
export const parseClaimLink = (
  text: string,
): { readonly fleetUrl: string; readonly token: string } | undefined => {
  const trimmed = text.trim();
  if (!URL.canParse(trimmed)) return undefined;
  const url = new URL(trimmed);
  const token = url.hash.slice(1);
  if (parseClaimToken(token) === undefined || !LINK_PATH.test(url.pathname)) return undefined;
  return { fleetUrl: `${url.origin}${url.pathname.replace(LINK_PATH, '')}`, token };
};
