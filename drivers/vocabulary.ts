/**
 * The words that profiles are checked against. They are data of the whole product (`config/catalogue`), so
 * drivers are handed them and do not read them; without a vocabulary a profile's form alone is checked.
 */
export interface Vocabulary {
  /** Kinds of point that there are. */
  readonly kinds: readonly string[];
  readonly properties: ReadonlyMap<string, ObservedProperty>;
  /** By UCUM code. */
  readonly units: ReadonlyMap<string, Unit>;
}

export interface ObservedProperty {
  /** UCUM code; a point may have any unit of the same quantity. */
  readonly unit: string;
  /** How its points may aggregate, the usual one first. */
  readonly kinds: readonly string[];
}

export interface Unit {
  /** Units of one quantity convert into each other. */
  readonly quantity: string;
}
