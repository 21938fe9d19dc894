// The live view: an EventSource, and what it says, frame by frame.

(() => {
  'use strict';

  const KEPT = 300; // frames on the page; older ones go, so that a day of streaming costs no more than a minute
  const RATE_SECONDS = 5;
  const HUES = 4; // the style sheet has so many colours for types of order events

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
  let asked = false; // whether the server has ended the stream because it had sent what was asked for

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
    asked = false;
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
    if (asked || source?.readyState === EventSource.CLOSED) {
      stop();
      if (!asked) explain(url);
    } else {
      say('connecting', 'Connection lost; coming back with the last id');
    }
  }

  // An EventSource hides why it was refused; asking once more tells.
  async function explain(url) {
    try {
      const answer = new AbortController();
      const response = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal: answer.signal });
      if (response.status === 204) return say('ended', 'Ended: there is nothing after the place where this stream would start');
      if (response.ok) return answer.abort(), say('ended', 'Ended; press Start to try again');
      const problem = await response.json();
      const reasons = problem.errors?.map((each) => `${each.name} ${each.message}`) ?? [problem.detail];
      say('refused', `Refused (${response.status}): ${reasons.join('; ')}`);
    } catch {
      say('refused', 'The server cannot be reached, or does not let this page read');
    }
  }

  function onFrame(event) {
    if (event.lastEventId) lastId = event.lastEventId;
    count += 1;
    arrivals.push(performance.now());
    if (pending.length === 0) requestAnimationFrame(show);
    pending.push({ type: event.type, id: event.lastEventId, data: event.data, at: new Date() });
    if (pending.length > KEPT) pending.shift(); // a page that is not looked at is not drawn
    if (event.type === 'stream.closing') onClosing(JSON.parse(event.data).reason);
    if (event.type === 'stream.gap') {
      gaps += 1;
      say('gap', `Gap (${JSON.parse(event.data).reason}): events may be missing before the next one`);
    } else if (orderTypes.includes(event.type)) say('live', 'Live');
  }

  function onClosing(reason) {
    asked = reason === 'end' || reason === 'limit';
    say('ended', asked ? `Ended (${reason}): you have what you asked for` : `The server ends the stream (${reason}); coming back`);
    if (asked) stop();
  }

  // Showing

  function show() {
    const atEnd = frames.scrollHeight - frames.scrollTop - frames.clientHeight < 40;
    frames.append(...pending.map(row));
    pending = [];
    while (frames.childElementCount > KEPT) frames.firstElementChild.remove();
    if (atEnd) frames.scrollTop = frames.scrollHeight;
    element('nothing').hidden = true;
    tell();
  }

  function row({ type, id, data, at }) {
    const kind = orderTypes.includes(type) ? 'order' : type === 'stream.gap' ? 'gap' : type === 'stream.closing' ? 'closing' : 'control';
    const item = make('details', kind === 'order' ? `order hue-${orderTypes.indexOf(type) % HUES}` : kind);
    // The id that an EventSource reports with a closing is the last one; on the wire there is none.
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
    const told = element('state');
    if (told.textContent === text) return;
    told.dataset.state = state;
    told.textContent = text;
  }

  function tell() {
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
      output.textContent = 'The server cannot be reached, or does not let this page publish.';
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
  setInterval(tell, 1000);
  showCommand();
  showSample();
})();
