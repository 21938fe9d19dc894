// Node's http module alone: a set of responses, and a loop that writes to each.
import { createServer } from 'node:http';

const subscribers = new Set();
let published = 0;

function subscribe(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.flushHeaders();
  subscribers.add(response);
  response.on('close', () => subscribers.delete(response));
}

function publish(request, response) {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    for (const line of Buffer.concat(parts).toString().split('\n')) {
      const frame = Buffer.from(`id: ${++published}\nevent: order.shipped\ndata: ${line}\n\n`);
      for (const subscriber of subscribers) subscriber.write(frame);
    }
    response.writeHead(204).end();
  });
}

createServer((request, response) => (request.method === 'GET' ? subscribe : publish)(request, response))
  .listen(Number(process.argv[2]), '127.0.0.1', 2048);
