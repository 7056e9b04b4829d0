import jsonld from 'jsonld';
import { DataFactory, Writer } from 'n3';

/** A document of JSON-LD (W3C JSON-LD 1.1) whose terms are compact IRIs of `PREFIXES`: no other context is fetched. */
export interface LinkedDocument {
  readonly '@context': typeof PREFIXES;
  readonly '@graph': readonly LinkedNode[];
}

export interface LinkedNode {
  readonly [key: string]: unknown;
}

export const PREFIXES = {
  adms: 'http://www.w3.org/ns/adms#',
  dcat: 'http://www.w3.org/ns/dcat#',
  dcatap: 'http://data.europa.eu/r5r/',
  dct: 'http://purl.org/dc/terms/',
  dqv: 'http://www.w3.org/ns/dqv#',
  foaf: 'http://xmlns.com/foaf/0.1/',
  geo: 'http://www.opengis.net/ont/geosparql#',
  hydra: 'http://www.w3.org/ns/hydra/core#',
  oa: 'http://www.w3.org/ns/oa#',
  odrl: 'http://www.w3.org/ns/odrl/2/',
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
  skos: 'http://www.w3.org/2004/02/skos/core#',
  vcard: 'http://www.w3.org/2006/vcard/ns#',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
} as const;

export const LINKED_TYPES = ['application/ld+json', 'text/turtle'] as const;
export type LinkedType = (typeof LINKED_TYPES)[number];

export const linkedDocument = (nodes: readonly LinkedNode[]): LinkedDocument => ({
  '@context': PREFIXES,
  '@graph': nodes,
});

/** A document in one of the forms that it can be asked in. */
export const writeLinked = async (document: LinkedDocument, type: LinkedType): Promise<string> =>
  type === 'text/turtle' ? writeTurtle(document) : JSON.stringify(document);

/** One term as `jsonld` gives it. */
interface Term {
  readonly termType: string;
  readonly value: string;
  readonly language?: string;
  readonly datatype?: { readonly value: string };
}

const writeTurtle = async (document: LinkedDocument): Promise<string> => {
  // its types speak of a document of any form
  const quads = (await jsonld.toRDF(document as object, { documentLoader: fetchNothing })) as {
    readonly subject: Term;
    readonly predicate: Term;
    readonly object: Term;
  }[];
  const writer = new Writer({ prefixes: PREFIXES });
  for (const { subject, predicate, object } of quads) {
    writer.addQuad(resourceOf(subject), DataFactory.namedNode(predicate.value), termOf(object));
  }
  return new Promise((resolve, reject) => {
    writer.end((error: Error | null, text: string) =>
      error === null || error === undefined ? resolve(text) : reject(error),
    );
  });
};

const resourceOf = ({ termType, value }: Term) =>
  termType === 'BlankNode' ? DataFactory.blankNode(value) : DataFactory.namedNode(value);

const termOf = (term: Term) => {
  if (term.termType !== 'Literal') return resourceOf(term);
  const { value, language = '', datatype } = term;
  if (language !== '') return DataFactory.literal(value, language);
  return DataFactory.literal(value, DataFactory.namedNode(datatype?.value ?? `${PREFIXES.xsd}string`));
};

const fetchNothing = async (url: string): Promise<never> => {
  throw new Error(`${url} is not fetched: documents bring their context.`);
};

/** French, and English where there is some, as literals. */
export const texts = (text: {
  readonly fr: string;
  readonly en?: string | undefined;
}): readonly LinkedNode[] => [
  { '@value': text.fr, '@language': 'fr' },
  ...(text.en === undefined ? [] : [{ '@value': text.en, '@language': 'en' }]),
];

/** A reference that says of what class it is. */
export const typed = (id: string, type: string, more: LinkedNode = {}): LinkedNode => ({
  '@id': id,
  '@type': type,
  ...more,
});

/** Whatever somebody wrote as an address, as an IRI that can stand between < and >; `undefined` where it is none. */
export const iriOf = (text: string): string | undefined =>
  URL.canParse(text) ? new URL(text).href : undefined;
