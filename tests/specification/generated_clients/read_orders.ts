// Read a page of shipments and a stream of them with the generated client; print what was read.
import { listOrderEvents, streamOrderEvents, type OrderEventStreamFrame, type StreamGapReason } from './orders';
import { client } from './orders/client.gen';

declare const process: { argv: string[] };

function told(frame: OrderEventStreamFrame): string {
  switch (frame.event) {
    case 'order.shipped':
      return `stream ${frame.data.orderId}`;
    case 'stream.closing':
      return `closing ${frame.data.reason}`;
    default:
      return '';
  }
}

async function main(baseUrl: string): Promise<void> {
  client.setConfig({ baseUrl });
  const page = await listOrderEvents({ query: { eventTypes: ['order.shipped'], from: 'earliest' }, throwOnError: true });
  for (const event of page.data.events) console.log(`page ${event.eventType}`);

  const { stream } = await streamOrderEvents({
    query: { eventTypes: ['order.shipped'], from: 'earliest', follow: false },
    onSseEvent: (frame) => {
      const text = told(frame as unknown as OrderEventStreamFrame);
      if (text !== '') console.log(text);
    },
  });
  for await (const _data of stream);
  const later: StreamGapReason = 'later';
  console.log(`gap ${later}`);
}

void main(process.argv[2]!);
