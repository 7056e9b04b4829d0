import { DateTime } from 'luxon';
import type { Organisation } from '../../store/registry-store.js';
import type { Dataset, DatasetContent } from '../dataset.js';
import type { ThemeCatalogue } from '../themes.js';
import { iriOf, texts, typed, type LinkedNode } from './linked-data.js';
import { ACCESS_RIGHTS, authority, DATA_THEMES, frequencyOf, licenceOf } from './vocabulary.js';

/** A page of the catalogue. */
export interface CataloguePage {
  /** Of the service: `https://…`, without a path. */
  readonly origin: string;
  readonly datasets: readonly Dataset[];
  readonly total: number;
  /** Addresses of this page, the first and the following one, behind the origin. */
  readonly pages: { readonly self: string; readonly first: string; readonly next: string | null };
  /** Who runs the service. */
  readonly top: Pick<Organisation, 'id' | 'name'>;
  readonly organisations: ReadonlyMap<string, Organisation>;
  readonly themes: ThemeCatalogue;
}

const FRENCH = typed(authority('language', 'FRA'), 'dct:LinguisticSystem');
const ENGLISH = typed(authority('language', 'ENG'), 'dct:LinguisticSystem');

/** The catalogue as DCAT-AP 3.0.1 says it, paged as Hydra says it. */
export const catalogueNodes = (page: CataloguePage): readonly LinkedNode[] => {
  const { origin, datasets, total, pages, top } = page;
  const id = `${origin}/api/v1/catalogue`;
  const references = datasets.map((dataset) => ({ '@id': datasetId(page, dataset) }));
  return [
    {
      '@id': id,
      '@type': ['dcat:Catalog', 'hydra:Collection'],
      'dct:title': texts({ fr: `Données de ${top.name}`, en: `Data of ${top.name}` }),
      'dct:description': texts({
        fr: 'Mesures des capteurs du territoire, avec leur provenance.',
        en: 'Readings of the territory’s sensors, with their provenance.',
      }),
      'dct:publisher': agent(page, top),
      'dct:language': [FRENCH, ENGLISH],
      'foaf:homepage': typed(`${origin}/`, 'foaf:Document'),
      'dcat:themeTaxonomy': typed(DATA_THEMES, 'skos:ConceptScheme', {
        'dct:title': texts({ fr: 'Thème de données', en: 'Data theme' }),
      }),
      'dcat:dataset': references,
      'dcat:service': service(page, references),
      'hydra:totalItems': total,
      'hydra:view': {
        '@id': origin + pages.self,
        '@type': 'hydra:PartialCollectionView',
        'hydra:first': { '@id': origin + pages.first },
        ...(pages.next === null ? {} : { 'hydra:next': { '@id': origin + pages.next } }),
      },
    },
    ...datasets.map((dataset) => datasetNode(page, dataset)),
  ];
};

const datasetId = ({ origin }: CataloguePage, { id }: Dataset): string => `${origin}/api/v1/datasets/${id}`;
const serviceId = ({ origin }: CataloguePage): string => `${origin}/api/v1`;

const agent = ({ origin }: CataloguePage, { id, name }: Pick<Organisation, 'id' | 'name'>): LinkedNode => ({
  '@id': `${origin}/api/v1/organisations/${id}`,
  '@type': ['foaf:Agent', 'foaf:Organization'],
  'foaf:name': name,
});

const service = (page: CataloguePage, datasets: readonly LinkedNode[]): LinkedNode => ({
  '@id': serviceId(page),
  '@type': 'dcat:DataService',
  'dct:title': texts({ fr: 'API Terroir', en: 'Terroir API' }),
  'dcat:endpointURL': typed(serviceId(page), 'rdfs:Resource'),
  'dcat:endpointDescription': typed(`${page.origin}/api/v1/openapi.json`, 'rdfs:Resource'),
  'dcat:servesDataset': datasets,
});

const datasetNode = (page: CataloguePage, dataset: Dataset): LinkedNode => {
  const { id, organisationId, revision, content } = dataset;
  const { title, description, keywords, audience, periodicity } = content;
  const holder = page.organisations.get(organisationId);
  return {
    '@id': datasetId(page, dataset),
    '@type': 'dcat:Dataset',
    'dct:identifier': id,
    'dcat:version': String(revision),
    'dct:title': texts(title),
    'dct:description': texts(description ?? title),
    ...(holder === undefined ? {} : { 'dct:publisher': agent(page, holder) }),
    'dcat:keyword': [
      ...(keywords?.fr ?? []).flatMap((fr) => texts({ fr })),
      ...(keywords?.en ?? []).map((en) => ({ '@value': en, '@language': 'en' })),
    ],
    'dct:language': title.en === undefined ? [FRENCH] : [FRENCH, ENGLISH],
    'dct:accessRights': typed(ACCESS_RIGHTS[audience], 'dct:RightsStatement'),
    ...themeOf(page, content),
    ...(periodicity === undefined
      ? {}
      : { 'dct:accrualPeriodicity': typed(frequencyOf(periodicity), 'dct:Frequency') }),
    'dct:spatial': placesOf(content, holder),
    ...temporalOf(content),
    ...contactOf(content),
    ...qualityOf(content),
    ...standardOf(content),
    'dcat:distribution': [
      distribution(page, dataset, CSV_DISTRIBUTION),
      distribution(page, dataset, JSON_DISTRIBUTION),
    ],
  };
};

const themeOf = ({ themes }: CataloguePage, { theme }: DatasetContent): LinkedNode => {
  const known = theme === undefined ? undefined : themes.themes[theme];
  if (known === undefined) return {};
  return { 'dcat:theme': typed(known.authority, 'skos:Concept', { 'skos:prefLabel': texts(known) }) };
};

const COMMUNE = /^\d[\dAB]\d{3}$/;

/** The place that its description names, and the commune whose it is, by INSEE's own identifiers. */
const placesOf = ({ coverage }: DatasetContent, holder: Organisation | undefined): readonly LinkedNode[] => [
  ...(coverage?.place === undefined
    ? []
    : [{ '@type': 'dct:Location', 'skos:prefLabel': texts(coverage.place) }]),
  ...(holder?.code !== undefined && holder.code !== null && COMMUNE.test(holder.code)
    ? [
        typed(`http://id.insee.fr/geo/commune/${holder.code}`, 'dct:Location', {
          'skos:prefLabel': texts({ fr: holder.name }),
        }),
      ]
    : []),
];

const dateOf = (text: string | undefined): LinkedNode | undefined => {
  if (text === undefined || !DateTime.fromISO(text).isValid) return undefined;
  const type = /^\d{4}-\d{2}-\d{2}$/.test(text) ? 'xsd:date' : 'xsd:dateTime';
  const value = type === 'xsd:date' ? text : DateTime.fromISO(text, { zone: 'utc' }).toISO();
  return { '@value': value, '@type': type };
};

const temporalOf = ({ coverage }: DatasetContent): LinkedNode => {
  const [from, to] = [dateOf(coverage?.from), dateOf(coverage?.to)];
  if (from === undefined && to === undefined) return {};
  return {
    'dct:temporal': {
      '@type': 'dct:PeriodOfTime',
      ...(from === undefined ? {} : { 'dcat:startDate': from }),
      ...(to === undefined ? {} : { 'dcat:endDate': to }),
    },
  };
};

const contactOf = ({ contact }: DatasetContent): LinkedNode => {
  if (contact === undefined) return {};
  const email = contact.email === undefined ? undefined : iriOf(`mailto:${contact.email}`);
  return {
    'dcat:contactPoint': {
      '@type': ['vcard:Kind', 'vcard:Organization'],
      'vcard:fn': contact.name,
      ...(email === undefined ? {} : { 'vcard:hasEmail': { '@id': email } }),
    },
  };
};

/** As the W3C's Data Quality Vocabulary says it. */
const qualityOf = ({ quality }: DatasetContent): LinkedNode =>
  quality === undefined
    ? {}
    : {
        'dqv:hasQualityAnnotation': {
          '@type': 'dqv:QualityAnnotation',
          'oa:hasBody': { '@type': 'oa:TextualBody', 'rdf:value': texts(quality) },
        },
      };

const standardOf = ({ schema }: DatasetContent): LinkedNode => {
  const iri = schema === undefined ? undefined : iriOf(schema);
  return iri === undefined ? {} : { 'dct:conformsTo': typed(iri, 'dct:Standard') };
};

interface Form {
  readonly name: string;
  readonly path: string;
  readonly fileType: string;
  readonly mediaType: string;
  readonly title: { readonly fr: string; readonly en: string };
}

const CSV_DISTRIBUTION: Form = {
  name: 'csv',
  path: 'readings',
  fileType: 'CSV',
  mediaType: 'text/csv',
  title: { fr: 'Mesures d’une période (CSV)', en: 'Readings of a period (CSV)' },
};

const JSON_DISTRIBUTION: Form = {
  name: 'json',
  path: 'latest',
  fileType: 'JSON',
  mediaType: 'application/json',
  title: { fr: 'Dernières mesures (API)', en: 'Newest readings (API)' },
};

const distribution = (page: CataloguePage, dataset: Dataset, form: Form): LinkedNode => {
  const address = { '@id': `${datasetId(page, dataset)}/${form.path}` };
  const licence = licenceOf(dataset.content.licence);
  const iri = licence === undefined ? undefined : iriOf(licence);
  return {
    '@id': `${datasetId(page, dataset)}#${form.name}`,
    '@type': 'dcat:Distribution',
    'dct:title': texts(form.title),
    'dcat:accessURL': address,
    ...(form.name === 'csv' ? { 'dcat:downloadURL': address } : {}),
    'dcat:accessService': { '@id': serviceId(page) },
    'dct:format': typed(authority('file-type', form.fileType), 'dct:MediaTypeOrExtent'),
    'dcat:mediaType': typed(`http://www.iana.org/assignments/media-types/${form.mediaType}`, 'dct:MediaType'),
    ...(iri === undefined ? {} : { 'dct:license': typed(iri, 'dct:LicenseDocument') }),
    'dcatap:availability': typed(authority('planned-availability', 'AVAILABLE'), 'skos:Concept', {
      'skos:prefLabel': texts({ fr: 'disponible', en: 'available' }),
    }),
  };
};
