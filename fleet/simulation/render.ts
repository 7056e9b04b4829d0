import type { Progress } from './run.js';
import type { Verification } from './verify.js';

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 1 });

export const renderRun = (run: Progress, seconds: number, interrupted: boolean): string => {
  const { gateways, readings, batches, owed, resent, quarantined, trouble } = run;
  const rate = seconds > 0 ? readings / seconds : 0;
  const lines = [
    `${number(readings)} readings in ${number(batches)} batches from ${number(gateways)} gateways, ${number(seconds)} s (${number(Math.round(rate))}/s).`,
    ...(resent > 0 ? [`${number(resent)} batches were sent again.`] : []),
    ...(quarantined > 0 ? [`${number(quarantined)} batches were kept apart: ${trouble ?? ''}`] : []),
    owed === 0
      ? 'All of it is acked.'
      : `${number(owed)} batches are not acked yet: they go when it runs again.`,
    ...(interrupted ? ['Interrupted.'] : []),
  ];
  return `${lines.join('\n')}\n`;
};

export const renderVerification = (verification: Verification): string => {
  const { agrees, gateways, batches, readings, fleetReadings, duplicates, findings, disagreements } =
    verification;
  const { compared, sampledPoints } = verification;
  const lines = [
    `Sent: ${number(readings)} readings in ${number(batches)} batches of ${number(gateways)} gateways. The fleet has ${number(fleetReadings)}; ${number(duplicates)} batches came again.`,
    `Compared one by one: ${number(compared)} readings of ${number(sampledPoints)} points.`,
    ...findings.map(
      ({ gatewayId, what, sent, fleet }) => `  ${gatewayId}  ${what}: sent ${sent}, the fleet has ${fleet}`,
    ),
    ...(disagreements > findings.length ? [`  and ${number(disagreements - findings.length)} more`] : []),
    agrees ? 'Every count agrees.' : `${number(disagreements)} counts do not agree.`,
  ];
  return `${lines.join('\n')}\n`;
};
