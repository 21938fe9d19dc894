// The live view: the frames of a stream one by one, over the transport that is chosen.

(() => {
  'use strict';

  const KEPT = 300; // frames on the page; older ones are removed, so that a day of streaming needs no more memory than a minute
  const RATE_SECONDS = 5;
  const TOKEN_WANTED = 'The server asks for an access token.';

  const element = (id) => document.getElementById(id);
  const form = element('stream');
  const frames = element('frames');
  const orderTypes = form.dataset.order.trim().split(' ');
  const controlTypes = form.dataset.control.trim().split(' ');
  const parameterTypes = JSON.parse(form.dataset.types);

  let leave = null; // ends the connection, if there is one
  let lastId = '';
  let count = 0;
  let gaps = 0;
  let arrivals = [];
  let pending = [];
  let token = null; // to publish; the cookie of a session only reads
  let unpublished = false; // whether the server asked for a token when an event was to be published
  let complete = false; // whether the server ended the stream because it had sent everything that was asked for

  // What to follow

  function streamUrl(resumeAfter) {
    const server = element('server')?.value || location.href;
    const url = new URL(form.dataset.path, server);
    const types = [...form.querySelectorAll('[type=checkbox]:checked')];
    for (const type of types) url.searchParams.append(type.name, type.value);
    for (const field of form.querySelectorAll('select[name], input[name]:not([type=checkbox])')) {
      if (field.value.trim()) url.searchParams.set(field.name, field.value.trim());
    }
    if (resumeAfter) url.searchParams.set('lastEventId', resumeAfter);
    return url.href.replaceAll('%2C', ',').replaceAll('%3A', ':');
  }

  function stream(resumeAfter) {
    const socket = new URL(form.dataset.socket, element('server')?.value || location.href);
    socket.protocol = socket.protocol.replace('http', 'ws');
    return { url: streamUrl(resumeAfter), socket: socket.href, orderTypes, controlTypes, parameterTypes };
  }

  const transport = () => window.transports[element('transport').value];

  function showCommand() {
    element('same').textContent = transport().same;
    element('command').querySelector('code').textContent = transport().command(stream());
  }

  // Following

  function start(resumeAfter) {
    stop();
    complete = false;
    const followed = stream(resumeAfter);
    say('connecting', 'Connecting');
    leave = transport().follow(followed, {
      opened: () => say('live', 'Live'),
      frame: onFrame,
      lost: () => say('connecting', 'Connection lost; reconnecting with the last id'),
      refused: onRefusal,
      closed: (how) => onClosed(how, followed.url),
    });
    offer(true);
  }

  function stop() {
    leave?.();
    leave = null;
    offer(false);
  }

  // A button that is disabled loses the focus, so the one that takes its place gets it.
  function offer(isFollowing) {
    const focused = document.activeElement;
    element('start').disabled = isFollowing;
    element('stop').disabled = !isFollowing;
    element('resume').disabled = isFollowing || !lastId;
    if (focused?.disabled) element(isFollowing ? 'stop' : 'start').focus();
  }

  function onRefusal(why) {
    stop();
    say('refused', textOf(why));
  }

  function onClosed(how, url) {
    stop();
    if (!complete) explain(how, url);
  }

  function textOf(problem) {
    const reasons = problem.errors?.map((each) => `${each.name ?? each.pointer} ${each.message}`) ?? [problem.detail];
    return `Refused (${problem.status}): ${reasons.join('; ')}`;
  }

  // A browser hides why a connection was refused, so send the request once more to find out.
  async function explain(how, url) {
    try {
      const answer = new AbortController();
      const response = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal: answer.signal });
      if (response.status === 204) return say('ended', 'Ended: no event is stored after the start position');
      if (response.ok) return answer.abort(), say('ended', how);
      say('refused', textOf(await response.json()));
      if (response.status === 401) window.session?.ask(TOKEN_WANTED);
    } catch {
      say('refused', 'The server cannot be reached, or does not allow this page to read');
    }
  }

  function onFrame(frame) {
    if (frame.id) lastId = frame.id;
    count += 1;
    arrivals.push(performance.now());
    if (pending.length === 0) requestAnimationFrame(show);
    pending.push({ ...frame, at: new Date() });
    if (pending.length > KEPT) pending.shift(); // the browser does not draw a hidden page
    if (frame.kind === 'closing') onClosing(frame.reason);
    if (frame.kind === 'gap') {
      gaps += 1;
      say('gap', `Gap (${frame.reason}): events may be missing before the next one`);
    } else if (frame.kind === 'order') say('live', 'Live');
  }

  function onClosing(reason) {
    complete = reason === 'end' || reason === 'limit';
    say('ended', complete ? `Ended (${reason}): you have everything that you asked for` : `The server ends the stream (${reason}); reconnecting`);
    if (complete) stop();
  }

  // Showing

  function show() {
    const atEnd = frames.scrollHeight - frames.scrollTop - frames.clientHeight < 40;
    frames.append(...pending.map(row));
    pending = [];
    while (frames.childElementCount > KEPT) frames.firstElementChild.remove();
    if (atEnd) frames.scrollTop = frames.scrollHeight;
    element('nothing').hidden = true;
    showCounters();
  }

  function row({ kind, type, id, data, wire, eventType, at }) {
    const item = make('details', kind);
    if (kind === 'order') item.dataset.hue = orderTypes.indexOf(eventType);
    const summary = make('summary');
    summary.append(make('time', '', at.toTimeString().slice(0, 8)), make('span', 'type', type), make('span', 'id', id), make('span', 'data', data));
    item.append(summary, make('pre', 'wire', wire));
    return item;
  }

  function make(name, className = '', text = '') {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function say(state, text) {
    const shown = element('state');
    if (shown.textContent === text) return;
    shown.dataset.state = state;
    shown.textContent = text;
  }

  function showCounters() {
    const since = performance.now() - RATE_SECONDS * 1000;
    arrivals = arrivals.filter((each) => each > since);
    element('count').textContent = count.toLocaleString('en');
    element('rate').textContent = (arrivals.length / RATE_SECONDS).toFixed(1);
    element('gaps').textContent = gaps.toLocaleString('en');
    element('gaps-counter').hidden = gaps === 0;
    element('last').textContent = lastId || 'none';
  }

  // Publishing

  const samples = JSON.parse(element('publish').dataset.samples);

  function showSample() {
    const sample = structuredClone(samples[element('publish-type').value]);
    if ('when' in sample.data) sample.data.when = new Date().toISOString();
    element('publish-body').value = JSON.stringify(sample, null, 2);
  }

  async function publish() {
    const output = element('published');
    output.className = '';
    output.textContent = 'Sending';
    try {
      const url = new URL(form.dataset.path, element('server')?.value || location.href);
      const body = element('publish-body').value;
      const authorization = token && { Authorization: `Bearer ${token}` };
      const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json', ...authorization }, body });
      unpublished = response.status === 401;
      output.className = response.ok ? 'good' : 'bad';
      output.replaceChildren(make('strong', '', `${response.status}`), make('pre', 'wire', JSON.stringify(await response.json(), null, 2)));
      if (unpublished) window.session?.ask(TOKEN_WANTED);
    } catch {
      output.className = 'bad';
      output.textContent = 'The server cannot be reached, or does not allow this page to publish.';
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    start();
  });
  form.addEventListener('input', showCommand);
  addEventListener('signed-in', ({ detail }) => {
    token = detail;
    if (element('state').dataset.state === 'refused') start(lastId);
    if (unpublished && token) publish();
  });
  element('stop').addEventListener('click', () => {
    stop();
    say('idle', 'Stopped');
  });
  element('resume').addEventListener('click', () => start(lastId));
  element('clear').addEventListener('click', () => {
    frames.replaceChildren();
    element('nothing').hidden = false;
  });
  element('publish').addEventListener('submit', (event) => {
    event.preventDefault();
    publish();
  });
  element('publish-type').addEventListener('change', showSample);
  setInterval(showCounters, 1000);
  showCommand();
  showSample();
})();
