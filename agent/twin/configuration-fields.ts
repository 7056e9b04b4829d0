import { Type } from 'typebox';
import type { Static } from 'typebox';
import { DurationText } from '../../drivers/document/duration.js';
import {
  ModbusFields,
  PROTOCOLS,
  PointDefaults,
  PointKey,
  pointFields,
  sectionFields,
  testFields,
} from '../../drivers/profile-fields.js';

/** The keys of a gateway's configuration file: one declaration for types, validation and messages. */
const closed = { additionalProperties: false } as const;

const Name = Type.String({ minLength: 1, maxLength: 100, description: 'text of 1 to 100 characters' });
const Key = {
  pattern: '^[a-z0-9][a-z0-9_-]{0,63}$',
  description: 'a name of small letters, digits, - and _',
} as const;

const HostPort = Type.String({
  pattern: '^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:[0-9]{1,5})?$',
  description: 'host:port, such as 192.168.1.20:502',
});

const BusFields = Type.Object(
  {
    protocol: Type.Optional(Type.Enum([...PROTOCOLS])),
    tcp: Type.Optional(HostPort),
    'rtu-over-tcp': Type.Optional(HostPort),
    'ascii-over-tcp': Type.Optional(HostPort),
    serial: Type.Optional(
      Type.String({ pattern: '^/.+', description: 'the path of a port, such as /dev/ttyUSB0' }),
    ),
    gpio: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9/][A-Za-z0-9/._-]{0,99}$',
        description: 'a chip of digital inputs, such as gpiochip0',
      }),
    ),
    baud: Type.Optional(
      Type.Integer({
        minimum: 300,
        maximum: 4_000_000,
        description: 'a line speed from 300 to 4000000, such as 9600',
      }),
    ),
    format: Type.Optional(
      Type.String({
        pattern: '^[78][NEO][12]$',
        description: 'data bits, parity and stop bits, such as 8E1 or 8N1',
      }),
    ),
    framing: Type.Optional(Type.String({ description: 'how frames are laid on a serial line' })),
    direction: Type.Optional(Type.Enum(['rts', 'inverted-rts'])),
    timeout: Type.Optional(DurationText),
    lateness: Type.Optional(DurationText),
    pause: Type.Optional(DurationText),
  },
  closed,
);
export type BusFields = Static<typeof BusFields>;

const InstallationFields = Type.Object(
  {
    serial: Type.Optional(Name),
    location: Type.Optional(Name),
    locationName: Type.Optional(Name),
    ratio: Type.Optional(
      Type.Number({ description: 'a number that multiplies: transformer ratio or pulse weight' }),
    ),
    offset: Type.Optional(Type.Number({ description: 'a number that is added after the ratio' })),
  },
  closed,
);

const Windows = Type.Array(DurationText, {
  maxItems: 8,
  description: 'a list of durations, such as [1m, 15m]',
});

const DeviceFields = Type.Object(
  {
    name: Type.Optional(Name),
    bus: Type.String({ description: 'the key of a bus of this file' }),
    address: Type.Optional(
      Type.Unsafe<number | string>({
        type: ['integer', 'string'],
        description: 'the address on the bus',
      }),
    ),
    profile: Type.Optional(Type.String({ description: 'a profile, such as eastron/sdm630-v2' })),
    installation: Type.Optional(InstallationFields),
    interval: Type.Optional(DurationText),
    pause: Type.Optional(DurationText),
    windows: Type.Optional(Windows),
    points: Type.Optional(
      Type.Record(Type.String({ pattern: PointKey.pattern }), Type.Unsafe<unknown>({}), {
        ...closed,
        description: PointKey.description,
      }),
    ),
    maker: Type.Optional(Name),
    model: Type.Optional(Name),
    modbus: Type.Optional(ModbusFields),
    ...sectionFields,
    defaults: Type.Optional(PointDefaults),
  },
  closed,
);
export type DeviceFields = Static<typeof DeviceFields>;

const adjustments = {
  name: Type.Optional(Name),
  interval: Type.Optional(DurationText),
  maxHold: Type.Optional(DurationText),
  deadband: Type.Optional(
    Type.Unsafe<number | string>({
      anyOf: [
        { type: 'number', minimum: 0 },
        { type: 'string', pattern: '^[0-9]{1,2}(\\.[0-9]+)? ?%$' },
      ],
      description: "a number of the point's unit, 0 or more, or a share of the value such as 2%",
    }),
  ),
  minReport: Type.Optional(DurationText),
  heartbeat: Type.Optional(DurationText),
  ...testFields,
  windows: Type.Optional(Windows),
};

/** What a configuration may say of a point that a profile describes. */
export const PointAdjustment = Type.Object(adjustments, closed);
export type PointAdjustment = Static<typeof PointAdjustment>;

/** A point that no profile describes: where it lives and what it means, beside its adjustments. */
export const DescribedPoint = Type.Object({ ...pointFields, ...adjustments }, closed);
export type DescribedPoint = Static<typeof DescribedPoint>;

export const ConfigurationFields = Type.Object(
  {
    gateway: Type.Object(
      {
        name: Name,
        clock: Type.Optional(Type.String({ description: 'the key of a device that tells the time' })),
        timezone: Type.Optional(
          Type.String({ minLength: 3, description: 'an IANA time zone such as Europe/Paris' }),
        ),
      },
      closed,
    ),
    data: Type.Optional(Type.String({ minLength: 1, description: 'a folder' })),
    buses: Type.Optional(
      Type.Record(Type.String({ pattern: Key.pattern }), BusFields, {
        ...closed,
        description: Key.description,
      }),
    ),
    devices: Type.Optional(
      Type.Record(Type.String({ pattern: Key.pattern }), DeviceFields, {
        ...closed,
        description: Key.description,
      }),
    ),
    uplink: Type.Optional(
      Type.Object(
        {
          seal: Type.Optional(DurationText),
          keepalive: Type.Optional(DurationText),
          health: Type.Optional(DurationText),
          retry: Type.Optional(DurationText),
          megabytesPerMonth: Type.Optional(
            Type.Number({
              minimum: 0,
              description:
                '0 or more, what the mobile plan gives this gateway in a month, in MB; 0: no limit',
            }),
          ),
        },
        closed,
      ),
    ),
    buffer: Type.Optional(
      Type.Object(
        {
          commit: Type.Optional(DurationText),
          history: Type.Optional(DurationText),
          retry: Type.Optional(DurationText),
          megabytes: Type.Optional(
            Type.Number({
              minimum: 16,
              description: "16 or more, the most that the buffer's file takes, in MB",
            }),
          ),
          keepFreeMegabytes: Type.Optional(
            Type.Number({
              minimum: 0,
              description: '0 or more, what the buffer leaves free on the disk, in MB',
            }),
          ),
          cardTerabytes: Type.Optional(
            Type.Number({
              exclusiveMinimum: 0,
              description: 'above 0, what the card bears to be written in its life (TBW), in TB',
            }),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type ConfigurationFields = Static<typeof ConfigurationFields>;
