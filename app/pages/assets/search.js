// Search the documentation. The index is loaded when the search is opened for the first time.

(() => {
  'use strict';

  const MOST_RESULTS = 20;
  const AROUND = 70; // characters of the text that are shown before and after the first word that was found

  const panel = document.getElementById('search');
  const button = document.getElementById('search-button');
  const field = document.getElementById('search-words');
  const outcome = document.getElementById('search-outcome');
  const results = document.getElementById('search-results');
  let sections = null;

  async function load() {
    const index = new URL(panel.dataset.index, location.href);
    const response = await fetch(index);
    if (!response.ok) throw new Error(response.status);
    const found = await response.json();
    sections = found.map((each) => ({ ...each, url: new URL(each.url, index).href, inTitle: each.title.toLowerCase(), inText: each.text.toLowerCase(), inPage: each.page.toLowerCase() }));
  }

  /** Return how well a section fits words: 0 if one of them is not in it. */
  function fit({ inTitle, inText, inPage }, words) {
    let sum = 0;
    for (const word of words) {
      const times = inText.split(word, 4).length - 1;
      if (!times && !inTitle.includes(word) && !inPage.includes(word)) return 0;
      sum += times + (inTitle.includes(word) ? 10 : 0) + (inTitle.startsWith(word) ? 10 : 0) + (inPage.includes(word) ? 2 : 0);
    }
    return inTitle === words.join(' ') ? sum + 100 : sum;
  }

  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!sections || words.length === 0) return say('', []);
    const found = sections.map((section) => ({ section, fits: fit(section, words) })).filter(({ fits }) => fits > 0);
    found.sort((one, other) => other.fits - one.fits);
    const shown = found.slice(0, MOST_RESULTS).map(({ section }) => result(section, words));
    const more = found.length > MOST_RESULTS ? `The best ${MOST_RESULTS} of ${found.length} results` : `${found.length} results`;
    say(found.length === 0 ? 'Nothing is found.' : found.length === 1 ? '1 result' : more, shown);
  }

  function say(text, shown) {
    outcome.textContent = text;
    results.replaceChildren(...shown);
  }

  function result({ page, title, text, url }, words) {
    const link = make('a', make('strong', title || page), ' ', make('span', page));
    link.href = url;
    return make('li', link, make('p', ...marked(around(text, words), words)));
  }

  function around(text, words) {
    const first = Math.max(0, Math.min(...words.map((word) => text.toLowerCase().indexOf(word)).filter((at) => at >= 0), text.length) - AROUND);
    const start = first === 0 || first >= text.length - AROUND ? 0 : text.indexOf(' ', first) + 1;
    const shown = text.slice(start, start + 2.5 * AROUND);
    return (start > 0 ? '… ' : '') + (shown.length < text.length - start ? shown.replace(/ \S*$/, ' …') : shown);
  }

  function marked(text, words) {
    const wanted = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
    return text.split(new RegExp(`(${wanted})`, 'i')).map((part, at) => (at % 2 ? make('mark', part) : part));
  }

  function make(name, ...children) {
    const made = document.createElement(name);
    made.append(...children);
    return made;
  }

  async function opened() {
    if (sections) return;
    say('Loading', []);
    try {
      await load();
      show();
    } catch {
      say('The index of the search cannot be loaded.', []);
    }
  }

  // With the arrow keys from the field to the results and back; Enter in the field opens the first result.
  function onKey(event) {
    const stops = [field, ...results.querySelectorAll('a')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) stops[stops.indexOf(document.activeElement) + step]?.focus();
    else if (event.key !== 'Enter' || document.activeElement !== field) return;
    else stops[1]?.click();
    event.preventDefault();
  }

  function isTyping({ target }) {
    return target.isContentEditable || ['INPUT', 'SELECT', 'TEXTAREA'].includes(target.tagName);
  }

  panel.addEventListener('toggle', ({ newState }) => newState === 'open' && opened());
  panel.addEventListener('keydown', onKey);
  field.addEventListener('focus', () => field.select()); // `toggle` comes later, when words may have been typed
  field.addEventListener('input', show);
  results.addEventListener('click', (event) => event.target.closest('a') && panel.hidePopover());
  addEventListener('keydown', (event) => {
    const asked = (event.key === '/' && !isTyping(event)) || (event.key === 'k' && (event.ctrlKey || event.metaKey));
    if (!asked) return;
    event.preventDefault();
    panel.showPopover();
    field.select(); // if the search was just closed, the field may have the focus still, and is not given it again
  });
  button.hidden = location.protocol === 'file:'; // a page that was opened as a file may load nothing
})();
