// What a program in TypeScript that publishes may write, and what it may not.

import { publisher, type PublishedEvent, type PublishError, type Publisher } from './client.publisher.js';

const stored: string[] = [];
const orders: Publisher = publisher(
  { url: new URL('https://orders.example/events/orders'), storageKey: 'outbox', storage: sessionStorage, maxEvents: 10, maxBytes: 9 },
  {
    onPublished: (events) => stored.push(...events.map(({ id }) => id)),
    onRefused: ({ status, problem }, events) => [status, problem?.violations?.[0]?.pointer, events[0]?.eventType],
    onState: ({ state, pending, retryInMs }) => [state, pending.toFixed(), retryInMs?.toFixed()],
  },
);
const one: Promise<PublishedEvent> = orders.publish({ eventType: 'order.shipped', data: { orderId: 'or_1' } });
const several: Promise<PublishedEvent[]> = orders.publish([{ eventType: 'order.shipped', eventId: 'e', data: {} }] as const);
several.catch(({ reason, problem }: PublishError) => (reason === 'refused' ? problem?.detail : orders.pending));
orders.close();

// @ts-expect-error  an event has data
orders.publish({ eventType: 'order.shipped' });
// @ts-expect-error  there is no such option
publisher({ maxSize: 3 });

export { one, stored };
