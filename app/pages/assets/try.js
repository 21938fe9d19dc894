// The live view: an EventSource, and its frames one by one.

(() => {
  'use strict';

  const KEPT = 300; // frames on the page; older ones are removed, so that a day of streaming needs no more memory than a minute
  const RATE_SECONDS = 5;
  const HUES = 4; // the number of colours for order events in the style sheet

  const element = (id) => document.getElementById(id);
  const form = element('stream');
  const frames = element('frames');
  const orderTypes = form.dataset.order.trim().split(' ');
  const controlTypes = form.dataset.control.trim().split(' ');

  let source = null;
  let lastId = '';
  let count = 0;
  let gaps = 0;
  let arrivals = [];
  let pending = [];
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

  function showCommand() {
    element('command').querySelector('code').textContent = `curl -N '${streamUrl()}'`;
  }

  // Following

  function start(resumeAfter) {
    stop();
    complete = false;
    const url = streamUrl(resumeAfter);
    say('connecting', 'Connecting');
    source = new EventSource(url);
    source.addEventListener('open', () => say('live', 'Live'));
    source.addEventListener('error', () => onError(url));
    for (const type of [...orderTypes, ...controlTypes]) source.addEventListener(type, onFrame);
    source.addEventListener('message', onFrame);
    element('start').disabled = true;
    element('stop').disabled = false;
    element('resume').disabled = true;
  }

  function stop() {
    source?.close();
    source = null;
    element('start').disabled = false;
    element('stop').disabled = true;
    element('resume').disabled = !lastId;
  }

  function onError(url) {
    if (complete || source?.readyState === EventSource.CLOSED) {
      stop();
      if (!complete) explain(url);
    } else {
      say('connecting', 'Connection lost; reconnecting with the last id');
    }
  }

  // An EventSource hides why it was refused, so send the request once more to find out.
  async function explain(url) {
    try {
      const answer = new AbortController();
      const response = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal: answer.signal });
      if (response.status === 204) return say('ended', 'Ended: no event is stored after the start position');
      if (response.ok) return answer.abort(), say('ended', 'Ended; press Start to try again');
      const problem = await response.json();
      const reasons = problem.errors?.map((each) => `${each.name} ${each.message}`) ?? [problem.detail];
      say('refused', `Refused (${response.status}): ${reasons.join('; ')}`);
    } catch {
      say('refused', 'The server cannot be reached, or does not allow this page to read');
    }
  }

  function onFrame(event) {
    if (event.lastEventId) lastId = event.lastEventId;
    count += 1;
    arrivals.push(performance.now());
    if (pending.length === 0) requestAnimationFrame(show);
    pending.push({ type: event.type, id: event.lastEventId, data: event.data, at: new Date() });
    if (pending.length > KEPT) pending.shift(); // the browser does not draw a hidden page
    if (event.type === 'stream.closing') onClosing(JSON.parse(event.data).reason);
    if (event.type === 'stream.gap') {
      gaps += 1;
      say('gap', `Gap (${JSON.parse(event.data).reason}): events may be missing before the next one`);
    } else if (orderTypes.includes(event.type)) say('live', 'Live');
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

  function row({ type, id, data, at }) {
    const kind = orderTypes.includes(type) ? 'order' : type === 'stream.gap' ? 'gap' : type === 'stream.closing' ? 'closing' : 'control';
    const item = make('details', kind === 'order' ? `order hue-${orderTypes.indexOf(type) % HUES}` : kind);
    // With a closing frame an EventSource reports the last id; on the wire the frame has none.
    const wire = [...(kind === 'closing' ? [] : [`id: ${id}`]), `event: ${type}`, `data: ${data}`, ''].join('\n');
    const summary = make('summary');
    summary.append(
      make('time', '', at.toTimeString().slice(0, 8)),
      make('span', 'type', type),
      make('span', 'id', kind === 'closing' ? '' : id),
      make('span', 'data', data),
    );
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
      const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      output.className = response.ok ? 'good' : 'bad';
      output.replaceChildren(make('strong', '', `${response.status}`), make('pre', 'wire', JSON.stringify(await response.json(), null, 2)));
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
