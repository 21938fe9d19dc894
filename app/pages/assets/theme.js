// Applies the theme that the reader has chosen before anything is painted; without a choice, the theme of the system applies.

(() => {
  'use strict';

  const KEPT_AS = 'orders-events.theme';
  const root = document.documentElement;

  function kept() {
    try {
      return localStorage.getItem(KEPT_AS);
    } catch {
      return null; // some browsers forbid pages to store anything
    }
  }

  function isDark() {
    return (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  }

  function choose(theme) {
    root.dataset.theme = theme;
    try {
      localStorage.setItem(KEPT_AS, theme);
    } catch {
      // Then the choice lasts until the page is closed.
    }
  }

  if (['light', 'dark'].includes(kept())) root.dataset.theme = kept();

  addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    const name = () => (button.firstElementChild.textContent = isDark() ? 'Light' : 'Dark');
    button.addEventListener('click', () => {
      choose(isDark() ? 'light' : 'dark');
      name();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', name);
    name();
    button.hidden = false;
  });
})();
