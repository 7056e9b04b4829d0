import type { Reach } from './reach.js';
import type { Gateway } from './registry-store.js';
import type { Page } from './views-store.js';

/** Claim tokens, claims, certificates, and their end. Times are UTC ms. */
export interface IdentityStore {
  addEnrolmentToken(token: NewEnrolmentToken): void;
  enrolmentToken(secretHash: string): EnrolmentToken | undefined;
  /** All that are kept, the next to expire first: for whoever has a shell on the machine. */
  enrolmentTokens(): readonly EnrolmentToken[];
  /** Those within reach, by id. */
  enrolmentTokensIn(reach: Reach, page: Page): readonly EnrolmentToken[];
  enrolmentTokenIn(reach: Reach, id: string): EnrolmentToken | undefined;
  /** `false` where there is no such token, or it was used or revoked before. */
  revokeEnrolmentToken(id: string, at: number): boolean;
  /**
   * Uses a token once: marks it used by this gateway and CSR and stores gateway and certificate in the same
   * transaction; where the token says so, the gateway takes over from another one. `false` where it was used
   * meanwhile.
   */
  claim(secretHash: string, use: TokenUse, gateway: Gateway, certificate: GatewayCertificate): boolean;

  /** Uses a token once for a claim that an operator decides. `false` where it was used meanwhile. */
  holdClaim(secretHash: string, use: TokenUse, claim: NewHeldClaim): boolean;
  heldClaim(gatewayId: string): HeldClaim | undefined;
  /** Those that nobody has decided yet, oldest first. */
  heldClaims(): readonly HeldClaim[];
  /** The same within reach that were asked after a time, by the id of the gateway. */
  heldClaimsIn(reach: Reach, askedAfter: number, page: Page): readonly HeldClaim[];
  /** One within reach, decided or not. */
  heldClaimIn(reach: Reach, gatewayId: string): HeldClaim | undefined;
  /** `false` where there is no such claim, or it was decided before. */
  decideClaim(gatewayId: string, decision: ClaimDecision): boolean;
  /** Stores gateway and certificate of an approved claim; `false` where they were stored meanwhile. */
  grantClaim(gateway: Gateway, certificate: GatewayCertificate): boolean;

  certificate(thumbprint: string): GatewayCertificate | undefined;
  /** All certificates ever issued to a gateway, oldest first. */
  certificatesOf(gatewayId: string): readonly GatewayCertificate[];
  /**
   * Stores a renewed certificate. Those of the gateway that were never used, but for the one that was `presented`,
   * are superseded: at most two are good at a time. `false` where the same request has one already.
   */
  addRenewed(certificate: GatewayCertificate, presented: string, at: number): boolean;
  /** At its first use, those of its gateway that were issued before it are superseded; `true`: some were. */
  noteCertificateUsed(thumbprint: string, at: number): boolean;

  /** Refuses a gateway and all its certificates for good; `false` where it is unknown or was revoked before. */
  revokeGateway(gatewayId: string, revocation: Revocation): boolean;
  revocation(gatewayId: string): Revocation | undefined;
  revokedGateways(): readonly string[];
  /** Who took over the devices of this gateway. */
  successorOf(gatewayId: string): string | undefined;
  /** Revoked or superseded, and not expired by themselves, the oldest first. */
  endedCertificates(now: number): readonly EndedCertificate[];
  /** How many certificates there are in each state. */
  countCertificates(now: number): CertificateCount;
}

export interface NewEnrolmentToken {
  readonly id: string;
  readonly secretHash: string;
  readonly organisationId: string;
  readonly createdBy: string;
  readonly expires: number;
  /** Serial number of the only box that may use it. */
  readonly serial?: string | undefined;
  /** An operator has to approve the claim. */
  readonly approval?: boolean | undefined;
  /** Gateway whose devices the new one takes over. */
  readonly replaces?: string | undefined;
  /** Site at which the new gateway stands. */
  readonly siteId?: string | undefined;
}

export interface EnrolmentToken extends NewEnrolmentToken {
  readonly revokedAt?: number | undefined;
  readonly used?: TokenUse;
}

export interface TokenUse {
  readonly gatewayId: string;
  readonly at: number;
  /** SHA-256 (hex) of the CSR: the same CSR again gets the same certificate (a lost answer). */
  readonly csrHash: string;
}

export interface NewHeldClaim {
  readonly gatewayId: string;
  readonly name: string;
  /** What the box says its serial number is. */
  readonly serial: string | undefined;
}

export interface HeldClaim extends NewHeldClaim {
  readonly organisationId: string;
  readonly askedAt: number;
  readonly csrHash: string;
  readonly replaces: string | undefined;
  readonly siteId: string | undefined;
  readonly decision: ClaimDecision | undefined;
}

export interface ClaimDecision {
  readonly approved: boolean;
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

export interface GatewayCertificate {
  /** SHA-256 of the DER, hex. */
  readonly thumbprint: string;
  readonly gatewayId: string;
  readonly pem: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 (hex) of the request that it answers. */
  readonly csrHash?: string;
  /** When its first session opened. */
  readonly usedAt?: number;
  /** A newer one was used since, or given out in its place. */
  readonly supersededAt?: number;
  readonly revokedAt?: number;
}

/** A certificate that is refused though it has not expired. */
export interface EndedCertificate {
  readonly pem: string;
  readonly endedAt: number;
}

export interface Revocation {
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

export interface CertificateCount {
  readonly valid: number;
  /** Beyond two thirds of their time, and not renewed yet. */
  readonly due: number;
  readonly expired: number;
  readonly superseded: number;
  readonly revoked: number;
}
