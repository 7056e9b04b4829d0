import {
  admitting,
  CONTROL_ANSWERS,
  CONTROL_TOPIC,
  difference,
  expelling,
  kicking,
  listedClients,
  type ControlCommand,
} from './dynamic-security.js';
import type { BrokerSession, Incoming } from './broker-session.js';

/** Commands in one message: the plugin writes its file for each of them. */
const COMMANDS_A_MESSAGE = 200;
const ANSWER_TIMEOUT_MS = 5_000;

/**
 * Keeps the list of gateways in step where the broker is a mosquitto with its dynamic security plugin, for as long
 * as one session with it lasts. Another broker refuses the topic, keeps its own rules, and is left alone.
 */
export class AccessKeeper {
  readonly #session: BrokerSession;
  readonly #gateways: () => readonly string[];
  /** Whoever waits for the answer to a message of commands; answers come in the order of the messages. */
  readonly #waiting: (() => void)[] = [];
  #listening = false;

  constructor(session: BrokerSession, gateways: () => readonly string[]) {
    this.#session = session;
    this.#gateways = gateways;
  }

  /** Resolves to whether the broker lets itself be told. */
  async start(): Promise<boolean> {
    this.#listening = await this.#session.subscribe(CONTROL_ANSWERS);
    if (this.#listening) await this.#tell([{ command: 'listClients', verbose: false, count: -1, offset: 0 }]);
    return this.#listening;
  }

  /** Takes an answer of the plugin; gives whether it was one. */
  take({ topic, payload }: Incoming): boolean {
    if (topic !== CONTROL_ANSWERS) return false;
    const clients = listedClients(payload);
    if (clients !== undefined) void this.#tell(difference(clients, this.#gateways()));
    this.#waiting.shift()?.();
    return true;
  }

  /** Resolves once the broker lets the gateway in, or has not said so in time. */
  admit(gatewayId: string): Promise<void> {
    return this.#tell(admitting(gatewayId));
  }

  /** Ends the gateway's session; `forGood`: and lets it do nothing in a later one. */
  end(gatewayId: string, forGood: boolean): Promise<void> {
    return this.#tell(forGood ? expelling(gatewayId) : kicking(gatewayId));
  }

  async #tell(commands: readonly ControlCommand[]): Promise<void> {
    if (!this.#listening) return;
    for (let at = 0; at < commands.length; at += COMMANDS_A_MESSAGE) {
      const message = JSON.stringify({ commands: commands.slice(at, at + COMMANDS_A_MESSAGE) });
      const answered = this.#answer();
      // a session that ends meanwhile starts over with the whole list
      await this.#session.publish(CONTROL_TOPIC, Buffer.from(message)).catch(() => undefined);
      await answered;
    }
  }

  #answer(): Promise<void> {
    return new Promise((resolve) => {
      const answered = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(answered), 1);
        resolve();
      }, ANSWER_TIMEOUT_MS);
      this.#waiting.push(answered);
    });
  }
}
