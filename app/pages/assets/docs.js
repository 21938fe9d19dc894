// Conveniences; every page can be read without them.

(() => {
  'use strict';

  // The server writes the origin that it was asked under into the page. The address in the browser is nearer to the reader: behind
  // a proxy it may have another scheme, and a path before the server's own paths.
  function nameThisServer(root, { root: path, origin }) {
    const written = new RegExp(`${origin.replace(/[.[\]]/g, '\\$&')}(?![\\w.:-])`, 'g');
    const address = new URL(path, location.href).href.replace(/\/$/, '');
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (text.data.includes(origin)) text.data = text.data.replace(written, () => address);
    }
  }

  // Give each block of code a button that copies it.
  function offerToCopy(block) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      button.textContent = (await copied(block.querySelector('code'))) ? 'Copied' : 'Selected: press Ctrl-C';
      setTimeout(() => (button.textContent = 'Copy'), 1500);
    });
    const around = document.createElement('div');
    around.className = 'copyable';
    block.replaceWith(around);
    around.append(block, button);
  }

  // Browsers let only pages from https or from this machine use navigator.clipboard. The old way works on all pages, but needs a
  // selection; if it fails as well, the reader can copy what is selected.
  async function copied(code) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return document.execCommand('copy');
    }
  }

  // Put the id of the newest event into commands that resume, so that they work as they are copied.
  async function resumeHere({ root: path, stream }) {
    const notes = document.querySelectorAll('.resumes');
    if (notes.length === 0) return;
    const url = new URL(`${stream.slice(1)}?limit=1`, new URL(path, location.href));
    const response = await fetch(url, { headers: { Accept: 'application/json' } });
    if (!response.ok) return; // without a token, for example
    const { lastEventId } = await response.json();
    for (const note of notes) {
      for (const text of note.previousElementSibling.querySelectorAll('.t-string')) {
        text.textContent = text.textContent.replace(/(Last-Event-ID: )[\w-]+/, `$1${lastEventId}`);
      }
      note.textContent = 'The id is that of the newest event when this page was opened; the command shows what has been stored since.';
    }
  }

  // Mark the reader's place in the table of contents; on a small screen, close the table after a click on it.
  function followReader(contents) {
    const links = new Map([...contents.querySelectorAll('a')].map((link) => [link.hash.slice(1), link]));
    const headings = [...links.keys()].map((id) => document.getElementById(decodeURIComponent(id)));
    const mark = () => {
      const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 4);
      const current = links.get((passed.at(-1) ?? headings[0]).id);
      for (const link of links.values()) {
        if (link === current) link.setAttribute('aria-current', 'location');
        else link.removeAttribute('aria-current');
      }
    };
    let waiting = false;
    addEventListener('scroll', () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        mark();
      });
    }, { passive: true });
    mark();
    contents.addEventListener('click', (event) => {
      if (event.target.closest('a') && contents.matches(':popover-open')) contents.hidePopover();
    });
  }

  // On a small screen the links to the pages are a row that scrolls: scroll to the current page.
  const pages = document.querySelector('header.site ul');
  const current = pages.querySelector('[aria-current]');
  if (current) {
    const toMiddle = (pages.clientWidth - current.offsetWidth) / 2;
    pages.scrollLeft += current.getBoundingClientRect().left - pages.getBoundingClientRect().left - toMiddle;
  }

  const { dataset } = document.documentElement;
  if ('origin' in dataset) nameThisServer(document.body, dataset); // pages that were written as files have no server
  document.querySelectorAll('pre.code').forEach(offerToCopy);
  if ('stream' in dataset) resumeHere(dataset).catch(() => {}); // then the example stays, with what is said about it
  const contents = document.getElementById('contents');
  if (contents) followReader(contents);
})();
