// Small comforts; every page can be read without them.

(() => {
  'use strict';

  const served = document.documentElement.hasAttribute('data-served');
  const ORIGIN = 'http://127.0.0.1:8000';

  // Commands name the reader's own server.
  function nameThisServer(root) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (text.data.includes(ORIGIN)) text.data = text.data.replaceAll(ORIGIN, location.origin);
    }
  }

  // Blocks of code have a button that copies them.
  function offerToCopy(block) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      button.textContent = (await copied(block.querySelector('code').textContent)) ? 'Copied' : 'Press Ctrl-C';
      setTimeout(() => (button.textContent = 'Copy'), 1500);
    });
    const around = document.createElement('div');
    around.className = 'copyable';
    block.replaceWith(around);
    around.append(block, button);
  }

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false; // a page that is not served over https, or from this machine, may not write to the clipboard
    }
  }

  // The table of contents shows where the reader is, and on a small screen closes when it has been used.
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

  // On a small screen the pages are a row that scrolls: show where the reader is.
  const pages = document.querySelector('header.site ul');
  const current = pages.querySelector('[aria-current]');
  if (current) {
    const toMiddle = (pages.clientWidth - current.offsetWidth) / 2;
    pages.scrollLeft += current.getBoundingClientRect().left - pages.getBoundingClientRect().left - toMiddle;
  }

  if (served) nameThisServer(document.body);
  document.querySelectorAll('pre.code').forEach(offerToCopy);
  const contents = document.getElementById('contents');
  if (contents) followReader(contents);
})();
