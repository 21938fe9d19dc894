// Hold a conversation over WebSocket with the `ws` package, as a Node program would.
// node converse.mjs URL SUBPROTOCOL
//
// Each line of the standard input is sent as a message; `close` closes the connection. Each message, and the close code, is printed as
// one line of JSON.

import { createInterface } from 'node:readline';
import WebSocket from 'ws';

const [url, subprotocol] = process.argv.slice(2);
const socket = new WebSocket(url, subprotocol);
const print = (value) => console.log(JSON.stringify(value));

socket.on('open', () => {
  print({ opened: socket.protocol, extensions: socket.extensions });
  socket.ping('are you there?');
  createInterface({ input: process.stdin }).on('line', (line) => (line === 'close' ? socket.close(1000) : socket.send(line)));
});
socket.on('pong', (payload) => print({ pong: payload.toString() }));
socket.on('message', (message, isBinary) => print(isBinary ? { binary: true } : JSON.parse(message)));
socket.on('error', (error) => print({ error: error.message }));
socket.on('close', (code) => {
  print({ closed: code });
  process.exit(0);
});
