/** Who this gateway is. The key is made here and never leaves. */
export interface Identity {
  readonly gatewayId: string;
  /** PEM, PKCS#8, P-256. */
  readonly privateKey: string;
  /** PEM: leaf, then the issuing certificate. */
  readonly certificateChain: string;
  /** PEM of the fleet's root: the only trust anchor. */
  readonly root: string;
  /** SHA-256 of the leaf's DER. */
  readonly thumbprint: Uint8Array;
  readonly broker: { readonly host: string; readonly port: number; readonly serverName: string };
}
