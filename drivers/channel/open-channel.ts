import type { ChannelEndpoint } from '../driver.js';
import { ChannelError } from './channel-error.js';
import type { Channel } from './channel.js';
import { openProcessChannel } from './process-channel.js';
import { openSerialChannel } from './serial-channel.js';
import { openTcpChannel } from './tcp-channel.js';

/** Opens a byte channel to an endpoint. Rejects with a `ChannelError`, or with the signal's reason. */
export const openChannel = async (endpoint: ChannelEndpoint, signal: AbortSignal): Promise<Channel> => {
  switch (endpoint.type) {
    case 'tcp':
      return openTcpChannel(endpoint, signal);
    case 'serial':
      return openSerialChannel(endpoint, signal);
    case 'program':
      return openProcessChannel(endpoint, signal);
    case 'gpio':
      throw new ChannelError('unsupported', `${endpoint.chip} has lines, and is no channel itself`);
  }
};
