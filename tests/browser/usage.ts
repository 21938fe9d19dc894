// What a program in TypeScript may write, and what it may not.

import { subscribe, type Gap, type OrderEvent, type StateName, type Subscription } from './client.js';

const shipped: string[] = [];
const gaps: Gap[] = [];
let state: StateName = 'connecting';

const subscription: Subscription = subscribe(
  {
    url: new URL('https://orders.example/events/orders'),
    eventTypes: ['order.shipped'] as const,
    orderId: ['or_1', 'or_2'],
    majorVersion: 1,
    since: new Date(),
    storageKey: 'orders',
    storage: sessionStorage,
    transport: 'fetch',
    headers: { Authorization: 'Bearer token' },
    pauseWhenHidden: true,
  },
  {
    onEvent: async (event: OrderEvent) => {
      shipped.push(event.data.orderId);
      await Promise.resolve();
    },
    onGap: (gap) => gaps.push(gap),
    onClosing: ({ reason }) => reason.toUpperCase(),
    onCheckpoint: ({ id }) => id.length,
    onState: (next) => {
      state = next.state;
      next.retryInMs?.toFixed();
    },
    onError: ({ status, problem }) => problem?.detail ?? String(status),
  },
);
subscription.pause();
subscription.resume();
const place: string | undefined = subscription.lastEventId;
subscribe({ orderId: 'or_1', from: 'earliest' }, { onEvent: ({ id, type, rawData }) => [id, type, rawData] }).close();
subscribe();

// @ts-expect-error  there is no such option
subscribe({ eventType: 'order.shipped' });
subscribe({ transport: 'websocket' });
subscribe({ transport: 'auto' });
// @ts-expect-error  there is no such transport
subscribe({ transport: 'pigeon' });
// @ts-expect-error  there is no such start
subscribe({ from: 'beginning' });
// @ts-expect-error  there is no such handler
subscribe({}, { onMessage: () => {} });
// @ts-expect-error  a subscription tells its state
subscription.state = 'open';
// @ts-expect-error  nothing may have come yet
subscription.lastEventId.length;

export { gaps, place, shipped, state };
