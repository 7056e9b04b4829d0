/** An edge as `gpiomon` prints it. */
export interface GpioEvent {
  readonly line: number;
  readonly edge: 'rising' | 'falling';
  /** By the kernel's clock, ms. */
  readonly timeMs: number;
}

/** `event:  RISING EDGE offset: 3 timestamp: [    1151.814356387]` (libgpiod 1). */
const VERSION_1 =
  /^event:\s+(RISING|FALLING) EDGE\s+offset:\s*([0-9]{1,5})\s+timestamp:\s*\[\s*([0-9]{1,12}\.[0-9]{1,9})\]$/;
/** `1151.814356387<tab>rising<tab>gpiochip0 3 "GPIO3"` (libgpiod 2). */
const VERSION_2 = /^([0-9]{1,12}\.[0-9]{1,9})\s+(rising|falling)\s+\S{1,64}\s+([0-9]{1,5})(?:\s.{0,200})?$/;

/** Reads a line of either version; `undefined` where it is something else. */
export const parseGpioEvent = (text: string): GpioEvent | undefined => {
  const line = text.trim();
  const [, first, firstLine, firstTime] = VERSION_1.exec(line) ?? [];
  if (first !== undefined)
    return {
      line: Number(firstLine),
      edge: first === 'RISING' ? 'rising' : 'falling',
      timeMs: 1000 * Number(firstTime),
    };
  const [, secondTime, second, secondLine] = VERSION_2.exec(line) ?? [];
  if (second === undefined) return undefined;
  return {
    line: Number(secondLine),
    edge: second === 'rising' ? 'rising' : 'falling',
    timeMs: 1000 * Number(secondTime),
  };
};
