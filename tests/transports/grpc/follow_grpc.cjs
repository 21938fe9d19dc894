// A gRPC client that has nothing of ours: grpc-js, and the `.proto` that the server offers. It publishes two events of an order in one
// stream, follows that order from the first of them, and prints what it is sent, each message as one line of JSON.
// Arguments: the folder of the Node packages, the file of the `.proto`, the server's host and port, the order.
const [packages, proto, address, order] = process.argv.slice(2);
const load = require("node:module").createRequire(`${packages}/`);
const grpc = load("@grpc/grpc-js");

const definition = load("@grpc/proto-loader").loadSync(proto, { keepCase: true, longs: Number, oneofs: true });
const { OrderEvents } = grpc.loadPackageDefinition(definition).orders_events.v1;
const client = new OrderEvents(address, grpc.credentials.createInsecure());
const print = (message) => console.log(JSON.stringify(message));

function publish(then) {
  const ids = [];
  const call = client.publishStream();
  call.on("data", ({ request, events }) => {
    print({ request, ids: events.map(({ id }) => id) });
    ids.push(...events.map(({ id }) => id));
  });
  call.on("end", () => then(ids));
  for (const request of [1, 2]) {
    const order_shipped_v1 = { order_id: order, when: "2024-05-01T10:00:00Z" };
    call.write({ request, events: [{ order_shipped_v1 }] });
  }
  call.end();
}

function refused(then) {
  client.subscribe({ limit: 0 }).on("data", print).on("error", ({ code, details }) => {
    print({ code, details });
    then();
  });
}

function follow(last_event_id) {
  const call = client.subscribe({ order_id: [order], last_event_id });
  call.on("data", ({ item, ...message }) => {
    if (item !== "heartbeat") print({ [item]: message[item] });
  });
  call.on("error", ({ code }) => {
    print({ code });
    client.close();
  });
}

publish(([first]) => refused(() => follow(first)));
