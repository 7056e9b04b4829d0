import { InvalidArgumentError } from 'commander';
import { SIGNAL_KINDS, type SignalKind } from './signals.js';

/** `1000000`, `100k`, `1M`: a whole number. */
export const parseCount = (text: string): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(k|M)?$/.exec(text) ?? [];
  const count = Number(amount) * (unit === 'M' ? 1e6 : unit === 'k' ? 1e3 : 1);
  if (amount === undefined || !Number.isInteger(count)) {
    throw new InvalidArgumentError('give a whole number such as 20, 100k or 1M.');
  }
  return count;
};

/** `0.05`, `5%`: from 0 to below 1. */
export const parseShare = (text: string): number => {
  const [, amount, percent] = /^(\d+(?:\.\d+)?)(%)?$/.exec(text) ?? [];
  const share = Number(amount) / (percent === undefined ? 1 : 100);
  if (amount === undefined || share >= 1) {
    throw new InvalidArgumentError('give a share such as 0.05 or 5%, below the whole.');
  }
  return share;
};

/** `1`, `60`, `max`. */
export const parseSpeed = (text: string): number => {
  if (text === 'max') return Infinity;
  const speed = Number(text);
  if (!(speed > 0 && speed <= 1e6)) throw new InvalidArgumentError('give how many times faster, or max.');
  return speed;
};

/** `gauge,gauge,counter`. */
export const parseKinds = (text: string): SignalKind[] =>
  text.split(',').map((name) => {
    const kind = SIGNAL_KINDS.find((candidate) => candidate === name.trim());
    if (kind === undefined) throw new InvalidArgumentError(`kinds are ${SIGNAL_KINDS.join(', ')}.`);
    return kind;
  });

/** `host:port`, an IPv6 address in brackets. */
export const parseBroker = (text: string): { readonly host: string; readonly port: number } => {
  const url = URL.canParse(`mqtts://${text}`) ? new URL(`mqtts://${text}`) : undefined;
  if (url === undefined || url.hostname === '' || url.port === '') {
    throw new InvalidArgumentError('give host:port.');
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
};
