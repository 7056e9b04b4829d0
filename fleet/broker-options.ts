import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { ExternalBrokerSettings } from './open-broker.js';

const DEFAULT_PORT = 8883;

/** Where an external broker is. */
export interface BrokerUrl {
  readonly host: string;
  readonly port: number;
}

/** What the command line says of an external broker. */
export interface BrokerOptions {
  readonly broker?: BrokerUrl;
  readonly brokerKey?: string;
  readonly brokerCertificate?: string;
  readonly brokerCa?: string;
  readonly brokerCrl?: string;
}

/** `mqtts://host[:port]`; nothing else is encrypted and known by certificate. */
export const parseBrokerUrl = (text: string): BrokerUrl => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare =
    url !== undefined && ['', '/'].includes(url.pathname) && url.search === '' && url.username === '';
  if (url?.protocol !== 'mqtts:' || url.hostname === '' || !bare) {
    throw new InvalidArgumentError(
      'write it as mqtts://host:port; who the fleet is there, its certificate says.',
    );
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
  };
};

/** The settings of these options; `undefined`: the embedded broker. Throws where they do not go together. */
export const externalBroker = (options: BrokerOptions): ExternalBrokerSettings | undefined => {
  const { broker, brokerKey, brokerCertificate, brokerCa, brokerCrl } = options;
  if (broker === undefined) {
    if ([brokerKey, brokerCertificate, brokerCa, brokerCrl].some((option) => option !== undefined)) {
      throw new Error('--broker-key, --broker-certificate, --broker-ca and --broker-crl are for a --broker.');
    }
    return undefined;
  }
  if ((brokerKey === undefined) !== (brokerCertificate === undefined)) {
    throw new Error('--broker-key and --broker-certificate belong together.');
  }
  const credentials =
    brokerKey === undefined || brokerCertificate === undefined
      ? {}
      : {
          credentials: {
            keyPem: readFileSync(brokerKey, 'utf8'),
            certificatePem: readFileSync(brokerCertificate, 'utf8'),
          },
        };
  return {
    ...broker,
    ...credentials,
    ...(brokerCrl === undefined ? {} : { revocationList: resolve(brokerCrl) }),
    ...(brokerCa === undefined ? {} : { ca: readFileSync(brokerCa, 'utf8') }),
  };
};
