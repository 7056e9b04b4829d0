/** What the data of a label are. */
export interface LabelForm {
  readonly type: 'integer' | 'float' | 'text';
  /** What follows the number in its data, as meters above 36 kVA write it; elsewhere what it counts (UCUM). */
  readonly unit?: string;
  /** Digits at most. */
  readonly digits?: number;
  /** What text must look like. */
  readonly pattern?: RegExp;
  /** A horodate stands before the data, or (`only`) in place of it. */
  readonly horodate?: 'before' | 'only';
}

const wide =
  (unit: string, digits: number) =>
  (...labels: readonly string[]): readonly (readonly [string, LabelForm])[] =>
    labels.map((label) => [label, { type: 'integer', unit, digits }]);
const timed = (
  unit: string,
  digits: number,
  ...labels: readonly string[]
): readonly (readonly [string, LabelForm])[] =>
  labels.map((label) => [label, { type: 'integer', unit, digits, horodate: 'before' }]);
const texts = (pattern: RegExp, ...labels: readonly string[]): readonly (readonly [string, LabelForm])[] =>
  labels.map((label) => [label, { type: 'text', pattern }]);

const numbered = (stem: string, count: number, pad: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => stem + String(index + 1).padStart(pad, '0'));
const phases = (stem: string): readonly string[] => [stem, ...numbered(stem, 3, 1)];

const ANY = /^.*$/;
const ADDRESS = /^[0-9A-Fa-f]{12}$/;
const index = wide('W.h', 9);
const amperes = wide('A', 3);

/** Linky, historic mode, and the meters before it (Enedis-NOI-CPT_54E, chapter 5; -02E, CBEMM, CBETM). */
export const HISTORIC_LABELS: ReadonlyMap<string, LabelForm> = new Map([
  ...texts(ADDRESS, 'ADCO'),
  ...texts(ANY, 'OPTARIF', 'PTEC', 'DEMAIN', 'HHPHC', 'MOTDETAT', 'PPOT'),
  ...index('BASE', 'HCHC', 'HCHP', 'EJPHN', 'EJPHPM'),
  ...index('BBRHCJB', 'BBRHPJB', 'BBRHCJW', 'BBRHPJW', 'BBRHCJR', 'BBRHPJR'),
  ...wide('A', 2)('ISOUSC'),
  ...wide('min', 2)('PEJP'),
  ...amperes(...phases('IINST'), ...phases('IMAX'), 'ADPS', ...numbered('ADIR', 3, 1)),
  ...wide('W', 5)('PMAX'),
  ...wide('V.A', 5)('PAPP'),
  ...wide('1', 7)('GAZ', 'AUTRE'),
]);

/** Linky, standard mode (Enedis-NOI-CPT_54E, 6.2); the first meters (G1 pilote) say SINST1 and SMAXN. */
export const STANDARD_LABELS: ReadonlyMap<string, LabelForm> = new Map<string, LabelForm>([
  ...texts(ADDRESS, 'ADSC'),
  ...wide('1', 2)('VTIC'),
  ['DATE', { type: 'text', horodate: 'only' }],
  ...texts(ANY, 'NGTF', 'LTARF', 'MSG1', 'MSG2', 'PJOURF+1', 'PPOINTE'),
  ...index('EAST', 'EAIT', ...numbered('EASF', 10, 2), ...numbered('EASD', 4, 2)),
  ...wide('V.A.h{reactive}', 9)(...numbered('ERQ', 4, 1)),
  ...amperes(...numbered('IRMS', 3, 1)),
  ...wide('V', 3)(...numbered('URMS', 3, 1)),
  ...wide('kV.A', 2)('PREF', 'PCOUP'),
  ...wide('V.A', 5)(...phases('SINSTS'), 'SINSTI', 'SINST1'),
  ...timed('V.A', 5, ...phases('SMAXSN'), ...phases('SMAXSN').map((label) => `${label}-1`)),
  ...timed('V.A', 5, 'SMAXIN', 'SMAXIN-1', 'SMAXN', 'SMAXN-1'),
  ...timed('W', 5, 'CCASN', 'CCASN-1', 'CCAIN', 'CCAIN-1'),
  ...timed('V', 3, ...numbered('UMOY', 3, 1)),
  ...timed('1', 2, ...numbered('DPM', 3, 1), ...numbered('FPM', 3, 1)),
  ...texts(/^[0-9A-Fa-f]{8}$/, 'STGE'),
  ...texts(/^[0-9]{14}$/, 'PRM'),
  ...wide('1', 3)('RELAIS'),
  ...wide('1', 2)('NTARF', 'NJOURF', 'NJOURF+1'),
]);

/** Tariff periods of the meters above 36 kVA, as `PTCOUR` and the labels of ICE name them (Enedis-NOI-CPT_02E). */
export const PERIODS = [
  'P',
  'PM',
  'HCE',
  'HCH',
  'HH',
  'HCD',
  'HD',
  'JA',
  'HPE',
  'HPH',
  'HPD',
  'SCM',
  'HM',
  'DSM',
] as const;

const suffixed = (unit: string, ...labels: readonly string[]): readonly (readonly [string, LabelForm])[] =>
  labels.map((label) => [
    label,
    { type: unit === '' ? 'float' : 'integer', ...(unit === '' ? {} : { unit }) },
  ]);
const perPeriod = (stem: string): readonly string[] => PERIODS.map((period) => stem + period);
/** `p` is the billing period under way, `p1` the one before. */
const bothPeriods = (stem: string): readonly string[] => [
  ...perPeriod(`${stem}p`),
  ...perPeriod(`${stem}p1`),
];
const six = (before: string, after = ''): readonly string[] =>
  numbered(before, 6, 1).map((label) => label + after);

/** PME-PMI, SAPHIR, ICE and CJE (Enedis-NOI-CPT_02E). Their numbers bear their unit on the line. */
export const LARGE_LABELS: ReadonlyMap<string, LabelForm> = new Map([
  ...texts(ADDRESS, 'ADS'),
  ...texts(ANY, 'TRAME', 'MESURES1', 'MESURES2', 'CONTRAT', 'APPLI', 'Appli', 'MODE', 'CONFIG'),
  ...texts(ANY, 'PTCOUR', 'PTCOUR1', 'PTCOUR2', 'PREAVIS', 'PREAVIS1', 'PREAVIS2'),
  ...texts(ANY, 'TARIFDYN', 'ETATDYN1', 'ETATDYN2'),
  ...texts(ANY, ...[1, 2].flatMap((n) => ['CD', 'CF', 'FD', 'FF'].map((end) => `TDYN${n}${end}`))),
  ...texts(ANY, 'DATE', 'DATECOUR', ...six('DATEPA'), 'DebP', 'DebP-1', 'FinP-1'),
  ...texts(ANY, 'DebP_2', 'DebP-1_2', 'FinP-1_2', 'DEBUTp', 'FINp', 'DEBUTp1', 'FINp1'),
  ...suffixed('Wh', 'EA_s', 'EA_i', 'EA'),
  ...suffixed('varh', 'ER+_s', 'ER-_s', 'ER+_i', 'ER-_i', 'ERP', 'ERN'),
  ...suffixed('VAh', 'EAPP_s', 'EAPP_i'),
  ...suffixed('kW', ...six('PA', '_s'), ...six('PA', '_i'), ...six('PA'), 'PA1MN', 'PA10MN'),
  ...suffixed('kvar', 'PREA1MN', 'PREA10MN'),
  ...suffixed('kWh', 'EAP_s', 'EAP_i', 'EaP-1_s', 'EaP-1_i', 'EaP_s2', 'EaP-1_s2', ...bothPeriods('EA')),
  ...suffixed(
    'kvarh',
    'ER+P_s',
    'ER-P_s',
    'ER+P_i',
    'ER-P_i',
    'ER+P-1_s',
    'ER-P-1_s',
    'ER+P-1_i',
    'ER-P-1_i',
  ),
  ...suffixed('kvarh', ...bothPeriods('ERP'), ...bothPeriods('ERN')),
  ...suffixed('kW', ...perPeriod('PS')),
  ...suffixed('', 'PS', 'PMAX_s', 'PMAX_i', 'TGPHI', 'TGPHI_s', 'TGPHI_i'),
  ...suffixed('%', 'KDC', 'KDCD'),
  ...suffixed('V', 'U10MN'),
  ...suffixed('', 'CAFp', 'CAFp1'),
]);

/**
 * Labels whose values are of the tariff period under way: at each switch they begin to mean another thing. By the label
 * that names the period.
 */
export const PERIOD_LABELS: ReadonlyMap<string, string> = new Map([
  ...['EAP_s', 'EAP_i', 'ER+P_s', 'ER-P_s', 'ER+P_i', 'ER-P_i', 'PS', 'PMAX_s', 'PMAX_i'].map(
    (label) => [label, 'PTCOUR1'] as const,
  ),
  ...['EaP-1_s', 'EaP-1_i', 'ER+P-1_s', 'ER-P-1_s', 'ER+P-1_i', 'ER-P-1_i'].map(
    (label) => [label, 'PTCOUR1'] as const,
  ),
  ...['EaP_s2', 'EaP-1_s2'].map((label) => [label, 'PTCOUR2'] as const),
]);

/** A list of values set apart by colons. */
export interface List {
  readonly parts: readonly string[];
  /** Parts that may be missing at the beginning, at the end. */
  readonly leading?: number;
  readonly trailing?: number;
}

const four: List = { parts: numbered('', 4, 1) };

/** CJE, the meter of the yellow tariff (Enedis-NOI-CPT_02E). */
export const LISTS: ReadonlyMap<string, List> = new Map<string, List>([
  [
    'JAUNE',
    {
      parts: ['hour', 'minute', 'day', 'month', 'period', 'excess_period', 'power', 'coefficient'],
      leading: 4,
    },
  ],
  ['ENERG', { parts: numbered('', 6, 1) }],
  ...['PMAXC', 'TDEPA', 'PMAXP', 'PSOUSC', 'PSOUSP'].map((label) => [label, four] as const),
  ['PERCC', { parts: ['day', 'month', 'hour', 'season'], trailing: 1 }],
  ['PERCP', { parts: ['day', 'month', 'hour', 'season'], leading: 3 }],
  ['FCOU', { parts: ['hour', 'minute', 'code'], leading: 2 }],
]);

export const TEXT_PARTS: ReadonlySet<string> = new Set(['JAUNE.period', 'JAUNE.excess_period']);
