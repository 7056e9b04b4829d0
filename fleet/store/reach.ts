/** Whose rows somebody reads or acts on: those of these organisations; at one site alone, where a role is limited to it. */
export interface Reach {
  readonly organisations: ReadonlySet<string>;
  readonly siteId?: string;
}
