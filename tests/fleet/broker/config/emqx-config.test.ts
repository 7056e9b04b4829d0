import { describe, expect, test } from 'vitest';
import { emqxFiles } from '../../../../fleet/broker/config/emqx-config.js';
import { emqxRules, type Asked } from './emqx-rules.js';
import { readTerms } from './erlang-terms.js';

const A = 'gwaaaaaaaaaaaaaa';
const B = 'gwbbbbbbbbbbbbbb';
const FLEET = 'terroir-fleet-2';

const files = new Map(
  emqxFiles({
    folder: '/etc/terroir-broker',
    host: '0.0.0.0',
    port: 8883,
    fleetClients: ['terroir-fleet-1', FLEET],
    gateways: [],
  }).map(({ name, text }) => [name, text]),
);
const fileOf = (name: string): string => files.get(name) ?? '';

describe('the rules for EMQX', () => {
  const allowed = emqxRules(fileOf('acl.conf'));
  const publishes = (username: string, topic: string, more: Partial<Asked> = {}): boolean =>
    allowed({ username, action: 'publish', qos: 1, topic, ...more });
  const subscribes = (username: string, topic: string, qos = 1): boolean =>
    allowed({ username, action: 'subscribe', qos, topic });

  test('let a gateway speak and listen on its own topics, at QoS 1 and without retaining', () => {
    for (const kind of ['hello', 'batch', 'status']) {
      expect(publishes(A, `terroir/1/${A}/up/${kind}`)).toBe(true);
      expect(publishes(A, `terroir/1/${A}/up/${kind}`, { retain: true })).toBe(false);
      expect(publishes(A, `terroir/1/${A}/up/${kind}`, { qos: 0 })).toBe(false);
    }
    expect(subscribes(A, `terroir/1/${A}/down/+`)).toBe(true);
    expect(subscribes(A, `terroir/1/${A}/down/+`, 0)).toBe(false);
  });

  test('give it nothing else, shared or not', () => {
    const places = [
      `terroir/1/${B}/up/batch`,
      `terroir/1/${A}/down/ack`,
      `terroir/1/${A}/up`,
      'a/b',
      'terroir',
    ];
    const odd = [
      '$SYS/broker',
      '$queue/x',
      '$delayed/1/x',
      '',
      '..',
      `terroir/1/${A}/up/a/b`,
      `terroir/2/${A}/up/x`,
    ];
    for (const topic of [...places, ...odd]) expect(publishes(A, topic), topic).toBe(false);
    const filters = [
      '#',
      '+/#',
      '+',
      '$SYS/#',
      '$queue/q/#',
      '$stream/s/#',
      'terroir/#',
      `terroir/1/${B}/down/+`,
    ];
    const wide = [
      'terroir/1/+/up/#',
      'terroir/1/+/down/+',
      `terroir/1/${A}/#`,
      `terroir/1/${A}/up/+`,
      `+/1/${A}/down/+`,
    ];
    for (const topic of [...filters, ...wide]) expect(subscribes(A, topic), topic).toBe(false);
  });

  test('let each process of the fleet hear all and answer all, and no more', () => {
    expect(subscribes(FLEET, 'terroir/1/+/up/#')).toBe(true);
    expect(publishes(FLEET, `terroir/1/${A}/down/ack`)).toBe(true);
    expect(publishes(FLEET, `terroir/1/${A}/down/ack`, { retain: true })).toBe(false);
    expect(publishes(FLEET, `terroir/1/${A}/up/batch`)).toBe(false);
    expect(publishes(FLEET, `terroir/1/${FLEET}/up/batch`)).toBe(false);
    for (const topic of ['#', 'terroir/#', 'terroir/1/+/down/#', '$SYS/#', `terroir/1/${FLEET}/down/+`]) {
      expect(subscribes(FLEET, topic), topic).toBe(false);
    }
  });

  test('are read strictly: what is no term is refused', () => {
    for (const text of ['{allow, all}', '{allow all}.', '{allow, [all}.', "{allow, 'all'}.", '{}.x']) {
      expect(() => readTerms(text), text).toThrow(/where|no term/);
    }
    expect(() => emqxRules('{allow, all, {subscribe, [{retain, true}]}, ["x"]}.')).toThrow('options');
  });
});

/** Keys with their whole paths; blocks and one-line blocks alike. */
const settingsOf = (text: string): Map<string, string> => {
  const found = new Map<string, string>();
  const path: string[] = [];
  const lines = text
    .replaceAll(/^\s*#.*$/gm, '')
    .replaceAll(/^(\w+) \{ (.+) \}$/gm, (_all, block: string, inner: string) =>
      inner
        .split(', ')
        .map((each) => `${block}.${each}`)
        .join('\n'),
    )
    .split('\n')
    .map((line) => line.trim());
  for (const line of lines.filter((each) => each !== '')) {
    const [, block] = /^([\w.]+) \{$/.exec(line) ?? [];
    const [, key, value] = /^([\w.]+) = (.+)$/.exec(line) ?? [];
    if (block !== undefined) path.push(block);
    else if (line === '}' && path.length > 0) path.pop();
    else if (key !== undefined && value !== undefined) found.set([...path, key].join('.'), value);
    else throw new Error(`no setting: ${line}`);
  }
  expect(path).toEqual([]);
  return found;
};

test('the settings for EMQX are of the forms that it reads', () => {
  const duration = /^"\d+(ms|s|m|h|d|w)"$/;
  const path = /^"\/etc\/terroir-broker\/[\w.]+"$/;
  const forms: Record<string, RegExp> = {
    'mqtt.peer_cert_as_username': /^cn$/,
    'mqtt.peer_cert_as_clientid': /^cn$/,
    'mqtt.retain_available': /^false$/,
    'mqtt.max_qos_allowed': /^1$/,
    'mqtt.max_packet_size': /^"\d+(B|KB|MB)"$/,
    'mqtt.max_inflight': /^\d+$/,
    'mqtt.max_mqueue_len': /^\d+$/,
    'mqtt.session_expiry_interval': duration,
    'mqtt.idle_timeout': duration,
    'mqtt.shared_subscription': /^true$/,
    'listeners.ssl.default.bind': /^"0\.0\.0\.0:8883"$/,
    'listeners.ssl.default.max_connections': /^\d+$/,
    'listeners.ssl.default.messages_rate': /^"\d+\/s"$/,
    'listeners.ssl.default.bytes_rate': /^"\d+(KB|MB)\/s"$/,
    'listeners.ssl.default.ssl_options.cacertfile': path,
    'listeners.ssl.default.ssl_options.certfile': path,
    'listeners.ssl.default.ssl_options.keyfile': path,
    'listeners.ssl.default.ssl_options.verify': /^verify_peer$/,
    'listeners.ssl.default.ssl_options.fail_if_no_peer_cert': /^true$/,
    'listeners.ssl.default.ssl_options.versions': /^\["tlsv1\.3", "tlsv1\.2"\]$/,
    'listeners.ssl.default.ssl_options.handshake_timeout': duration,
    'listeners.ssl.default.ssl_options.reuse_sessions': /^false$/,
    'listeners.tcp.default.enable': /^false$/,
    'listeners.ws.default.enable': /^false$/,
    'listeners.wss.default.enable': /^false$/,
    'dashboard.listeners.http.bind': /^"127\.0\.0\.1:18083"$/,
    'authorization.no_match': /^deny$/,
    'authorization.deny_action': /^ignore$/,
    'authorization.sources':
      /^\[\{ type = file, enable = true, path = "\/etc\/terroir-broker\/acl\.conf" \}\]$/,
    'retainer.enable': /^false$/,
    'delayed.enable': /^false$/,
    'sys_topics.sys_msg_interval': /^disabled$/,
    'sys_topics.sys_heartbeat_interval': /^disabled$/,
  };
  const settings = settingsOf(fileOf('terroir.hocon'));
  expect([...settings.keys()].toSorted()).toEqual(Object.keys(forms).toSorted());
  for (const [key, value] of settings) expect(value, key).toMatch(forms[key] ?? /^$/);
});
