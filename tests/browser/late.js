// Evaluated before the scripts of a page: between `late.begins()` and `late.ends()` the page gets no message of other pages, and sees
// its storage as it was, as on a machine that is too busy to bring them in time.
{
  const kept = new Map(); // the texts that the page has read
  let held; // functions that pass a message on, while the page is late
  window.late = {
    begins: () => (held = []),
    ends: () => {
      const passing = held;
      held = undefined;
      for (const pass of passing) pass();
    },
  };

  const { getItem } = Storage.prototype;
  Storage.prototype.getItem = function (name) {
    if (!held || !kept.has(name)) kept.set(name, getItem.call(this, name));
    return kept.get(name);
  };
  addEventListener('storage', (event) => held && event.stopImmediatePropagation());

  const { prototype } = BroadcastChannel;
  const { set } = Object.getOwnPropertyDescriptor(prototype, 'onmessage');
  const onmessage = function (listener) {
    set.call(this, (event) => (held ? held.push(() => listener(event)) : listener(event)));
  };
  Object.defineProperty(prototype, 'onmessage', { set: onmessage });
}
