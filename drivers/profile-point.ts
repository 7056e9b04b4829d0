import { durationMs } from './document/duration.js';
import { nearest } from './document/nearest.js';
import type { Path, Report } from './document/yaml-document.js';
import type { Dialect, TelegramDialect } from './dialect.js';
import { REGISTER_KEYS, type PointDefaults, type PointFields } from './profile-fields.js';
import { pointScaling } from './profile-loop.js';
import { buildRegister } from './profile-register.js';
import { asRange, checkRange, checkTests, NUMERIC_TESTS, testsOf } from './profile-tests.js';
import type { FieldPoint, ProfilePoint, RegisterMap, RegisterPoint } from './profile.js';
import type { Vocabulary } from './vocabulary.js';

/** Where a point stands and what surrounds it. */
export interface PointContext {
  readonly path: Path;
  readonly report: Report;
  readonly defaults: PointDefaults;
  readonly addressBase: number;
  /** The shortest interval the device bears, ms. */
  readonly minIntervalMs: number;
  readonly vocabulary: Vocabulary | undefined;
  readonly dialect: Dialect;
  /** What the file says under the protocol's name, checked. */
  readonly section: unknown;
}

/** Where a point lives, and what its raw values are. */
type Place = Pick<FieldPoint, 'field'> | Pick<RegisterPoint, 'register' | 'vectors'>;

type ValueType = ProfilePoint['valueType'];

const isWhole = (number: number | undefined): boolean => number === undefined || Number.isInteger(number);

/** Scaled, an integer stays one only where scale and offset are whole. */
const numberType = (fields: PointFields, raw: 'integer' | 'float'): ValueType =>
  raw === 'integer' && isWhole(fields.scale) && isWhole(fields.offset) ? 'integer' : 'float';

const registerValueType = (fields: PointFields, { type }: RegisterMap): ValueType => {
  if (type === 'string') return 'text';
  if (type === 'bool' || fields.states !== undefined) return 'state';
  if (fields.exponent !== undefined || fields.loop !== undefined) return 'float';
  return numberType(fields, type.startsWith('float') ? 'float' : 'integer');
};

const registerPlace = (
  fields: PointFields,
  context: PointContext,
): readonly [ValueType, Pick<RegisterPoint, 'register' | 'vectors'>] => {
  if (fields.field !== undefined)
    context.report([...context.path, 'field'], `belongs to other protocols than ${context.dialect.protocol}`);
  if (fields.address === undefined)
    context.report([...context.path, 'address'], 'is missing: a register address, 0 to 65535');
  const register = buildRegister({ ...fields, address: fields.address ?? context.addressBase }, context);
  checkWritable(fields, register, context);
  return [
    registerValueType(fields, register),
    { register, vectors: checkVectors(fields, register, context) },
  ];
};

const fieldPlace = (
  fields: PointFields,
  telegrams: TelegramDialect,
  context: PointContext,
): readonly [ValueType, Pick<FieldPoint, 'field'>] => {
  const { path, report, dialect } = context;
  for (const key of [...REGISTER_KEYS, 'vectors', 'writable'] as const)
    if (fields[key] !== undefined) report([...path, key], `a point of ${dialect.protocol} has none`);
  if (fields.field === undefined) {
    report([...path, 'field'], 'is missing: which field of the telegrams this is');
    return ['float', { field: '' }];
  }
  const read = telegrams.field(fields.field, context.section);
  if ('problem' in read) {
    report([...path, 'field'], `${fields.field} ${read.problem}`, read.accepted);
    return ['float', { field: fields.field }];
  }
  const { name, type } = read.value;
  const valueType =
    fields.states !== undefined ? 'state' : type === 'text' ? 'text' : numberType(fields, type);
  return [valueType, { field: name }];
};

const placeOf = (fields: PointFields, context: PointContext): readonly [ValueType, Place] => {
  const { telegrams } = context.dialect;
  return telegrams === undefined ? registerPlace(fields, context) : fieldPlace(fields, telegrams, context);
};

/** One misspelt property is one problem: what it would have told of the point is not missed as well. */
const propertyUnknown = (fields: PointFields, { vocabulary }: PointContext): boolean =>
  vocabulary !== undefined && !vocabulary.properties.has(fields.property);

const KINDS_OF: Readonly<Record<ValueType, readonly string[] | undefined>> = {
  state: ['state', 'event'],
  text: ['text'],
  integer: undefined,
  float: undefined,
};

const kindOf = (fields: PointFields, valueType: ValueType, context: PointContext): string => {
  const at = [...context.path, 'kind'];
  const property = context.vocabulary?.properties.get(fields.property);
  const special = KINDS_OF[valueType];
  const kind = fields.kind ?? special?.[0] ?? context.defaults.kind ?? property?.kinds[0];
  if (kind === undefined) {
    if (propertyUnknown(fields, context)) return 'gauge';
    context.report(at, 'is missing: how the point aggregates, such as gauge or counter');
    return 'gauge';
  }
  const numeric = context.vocabulary?.kinds.filter(
    (candidate) => candidate !== 'state' && candidate !== 'text',
  );
  const accepted = special ?? property?.kinds ?? numeric;
  if (accepted !== undefined && !accepted.includes(kind)) {
    const why = special === undefined ? fields.property : `a point whose value is a ${valueType}`;
    context.report(at, `${kind} does not suit ${why}`, nearest(kind, accepted));
  } else if (special === undefined && kind === 'state') {
    context.report([...context.path, 'states'], 'is missing: the codes of a state and their names');
  }
  return kind;
};

/** The unit must measure what the property is; without one the point has the property's own. */
const unitOf = (fields: PointFields, valueType: ValueType, context: PointContext): string => {
  const { vocabulary, report, path } = context;
  const property = vocabulary?.properties.get(fields.property);
  const unitless = valueType === 'state' || valueType === 'text';
  const unit = fields.unit ?? (unitless ? '1' : property?.unit);
  if (vocabulary !== undefined && propertyUnknown(fields, context)) {
    const known = nearest(fields.property, vocabulary.properties.keys());
    report([...path, 'property'], `${fields.property} is no observed property of the catalogue`, known);
  }
  if (unit === undefined) {
    if (propertyUnknown(fields, context)) return '1';
    report([...path, 'unit'], 'is missing: a UCUM code such as W, kW.h or Cel');
    return '1';
  }
  if (vocabulary === undefined) return unit;
  const quantity = property === undefined ? undefined : vocabulary.units.get(property.unit)?.quantity;
  checkUnit('unit', unit, quantity, context);
  if (fields.dialUnit !== undefined) {
    checkUnit('dialUnit', fields.dialUnit, vocabulary.units.get(unit)?.quantity ?? quantity, context);
  }
  return unit;
};

const checkUnit = (key: string, unit: string, quantity: string | undefined, context: PointContext): void => {
  const units = context.vocabulary?.units ?? new Map<string, { readonly quantity: string }>();
  const found = units.get(unit);
  if (found !== undefined && (quantity === undefined || found.quantity === quantity)) return;
  const fitting = [...units].filter(
    ([, candidate]) => quantity === undefined || candidate.quantity === quantity,
  );
  const message =
    found === undefined ? `${unit} is no UCUM code of the catalogue` : `${unit} does not measure ${quantity}`;
  context.report(
    [...context.path, key],
    message,
    nearest(
      unit,
      fitting.map(([code]) => code),
    ),
  );
};

const checkNumbers = (
  fields: PointFields,
  valueType: ValueType,
  kind: string,
  context: PointContext,
): void => {
  const at = (key: string): Path => [...context.path, key];
  const numeric = valueType === 'integer' || valueType === 'float';
  for (const key of ['scale', 'offset', 'loop', 'decimals', ...NUMERIC_TESTS] as const) {
    if (!numeric && fields[key] !== undefined) context.report(at(key), `a ${valueType} has none`);
  }
  if (fields.scale === 0) context.report(at('scale'), 'must not be 0: every value would be the same');
  checkTests(fields, context.path, context.report);
  if (fields.rollover !== undefined && kind !== 'counter')
    context.report(at('rollover'), 'belongs to a counter only');
};

const checkWritable = (
  fields: PointFields,
  { table, type, exponent }: RegisterMap,
  context: PointContext,
): void => {
  if (fields.writable === undefined) return;
  const at = [...context.path, 'writable'];
  if (table === 'input' || table === 'discrete') {
    context.report(at, `a register of the table ${table} cannot be written`, ['holding', 'coil']);
  }
  if (type === 'string') context.report(at, 'text is not written');
  if (exponent !== undefined || fields.loop !== undefined)
    context.report(at, 'a value with an exponent or a loop is not written');
  checkRange(fields.writable, at, context.report);
};

const checkVectors = (
  fields: PointFields,
  register: RegisterMap,
  context: PointContext,
): RegisterPoint['vectors'] => {
  const bytes = register.table === 'coil' || register.table === 'discrete' ? 1 : 2 * register.length;
  return (fields.vectors ?? []).map((vector, index) => {
    const raw = vector.raw.replaceAll(' ', '').toLowerCase();
    const path = [...context.path, 'vectors', String(index), 'raw'];
    if (raw.length !== 2 * bytes)
      context.report(path, `has ${raw.length / 2} bytes where the point has ${bytes}`);
    return { ...vector, raw };
  });
};

const intervalOf = (fields: PointFields, context: PointContext): number | undefined => {
  if (fields.interval === undefined) return undefined;
  const intervalMs = durationMs(fields.interval);
  if (intervalMs < Math.max(context.minIntervalMs, 1)) {
    context.report(
      [...context.path, 'interval'],
      `${fields.interval} is below the shortest that the device bears`,
    );
  }
  return intervalMs;
};

/** Fills in one point of a profile, or of a device without one. What is wrong is reported. */
export const buildPoint = (key: string, fields: PointFields, context: PointContext): ProfilePoint => {
  const [valueType, place] = placeOf(fields, context);
  const kind = kindOf(fields, valueType, context);
  const unit = unitOf(fields, valueType, context);
  checkNumbers(fields, valueType, kind, context);
  const intervalMs = intervalOf(fields, context);
  const range = asRange(fields.range);
  const tests = testsOf(fields);
  const writable = asRange(fields.writable);
  return {
    key,
    name: fields.name ?? key,
    kind,
    property: fields.property,
    unit,
    valueType,
    ...pointScaling(fields, context.path, context.report),
    ...place,
    installation: fields.installation ?? context.defaults.installation ?? ['ratio', 'offset'],
    ...(fields.dialUnit === undefined ? {} : { dialUnit: fields.dialUnit }),
    ...(fields.states === undefined ? {} : { states: fields.states }),
    ...(range === undefined ? {} : { range }),
    ...(fields.maxRate === undefined ? {} : { maxRatePerS: fields.maxRate }),
    ...(Object.keys(tests).length === 0 ? {} : { tests }),
    ...(fields.rollover === undefined ? {} : { rollover: fields.rollover }),
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(fields.decimals === undefined ? {} : { decimals: fields.decimals }),
    ...(writable === undefined ? {} : { writable: { min: writable[0], max: writable[1] } }),
  };
};
