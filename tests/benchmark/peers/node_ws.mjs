// Node's package ws: a loop over the clients, without compression.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

let published = 0;

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    if (request.method === 'POST') publish(Buffer.concat(parts).toString());
    response.writeHead(204).end();
  });
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

function publish(lines) {
  for (const line of lines.split('\n')) {
    const message = Buffer.from(`{"id":"${++published}","data":${line}}`);
    for (const client of sockets.clients) client.send(message, { binary: false });
  }
}

server.listen(Number(process.argv[2]), '127.0.0.1', 2048);
