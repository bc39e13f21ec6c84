// The section about stored results: how much of what, and clearing it with a way back.

import { h } from './dom.js';
import { button, clearing, confirmation, section, shape } from './parts.js';
import { ago, moment, plural } from './words.js';

/** @typedef {import('./notebook.js').Notebook} Notebook */

/** @param {Notebook} notebook */
export function cacheSection(notebook) {
  const { cache } = notebook;
  const { total = { results: 0 }, owners = [] } = cache ?? {};
  const summary = total.results ? `${plural(total.results, 'result')}, ${total.size}` : cache ? 'empty' : '';
  const tools = total.results ? [clearing(notebook, 'clear all', {}, 'Clear everything')] : [];
  return section(notebook, 'cache', 'Cache', summary, tools, () => [
    undoing(notebook),
    confirmation(notebook, 'clear all'),
    total.saved && h('p', { class: 'vy-hint' }, `Hits have saved ${total.saved} so far.`),
    cache && !owners.length && h('p', { class: 'vy-hint' }, 'Nothing is stored.'),
    owners.length > 0 && h('ul', { key: 'owners', class: 'vy-list' }, ...owners.map((/** @type {any} */ owner) => entry(notebook, owner)))
  ]);
}

/** Offer the way back after clearing, while the files are still there. @param {Notebook} notebook */
function undoing(notebook) {
  const { cleared } = notebook.view;
  const act = (/** @type {'undo' | 'discard'} */ verb) => () => {
    notebook.view.focus = 'fold cache';
    notebook.afterwards(verb);
  };
  return (
    cleared &&
    h(
      'div',
      { key: 'undoing', class: 'vy-confirm' },
      h('p', {}, `Cleared ${plural(cleared.results, 'result')}, ${cleared.size}. For an hour this can be undone.`),
      h('div', { class: 'vy-actions' }, button('undo', 'Undo', act('undo')), button('discard', 'Free the space now', act('discard')))
    )
  );
}

/** @param {Notebook} notebook @param {any} owner */
function entry(notebook, owner) {
  const { name, kind, entries } = owner;
  const id = `${kind} ${name}`;
  const open = Boolean(notebook.view.owners[id]);
  const from = `clear ${id}`;
  const toggle = () => {
    notebook.view.owners[id] = !open;
    notebook.emit();
  };
  return h(
    'li',
    { key: id },
    h(
      'div',
      { class: 'vy-line' },
      h(
        'button',
        { 'data-key': `owner ${id}`, type: 'button', class: 'vy-row', 'aria-expanded': String(open), title: describe(owner), onclick: toggle },
        shape(open ? 'open' : 'closed'),
        h('span', { class: 'vy-name' }, name),
        h('span', { class: 'vy-quiet' }, `${entries.length > 1 ? `${entries.length} × · ` : ''}${owner.size}`)
      ),
      clearing(notebook, from, { owner: name }, `Clear ${name}`)
    ),
    confirmation(notebook, from),
    open && h('p', { class: 'vy-hint vy-inner' }, describe(owner)),
    open && h('ul', { class: 'vy-list vy-inner' }, ...entries.map((/** @type {any} */ result) => line(notebook, name, result)))
  );
}

/** @param {any} owner */
function describe({ kind, entries, size, hits, saved }) {
  const gain = hits ? `; ${plural(hits, 'hit')} saved ${saved || '0 s'}` : '';
  return `${kind}: ${plural(entries.length, 'result')}, ${size}${gain}`;
}

/** @param {Notebook} notebook @param {string} owner @param {any} result */
function line(notebook, owner, result) {
  const from = `clear ${owner} ${result.key} ${result.created}`;
  return h(
    'li',
    { key: `${result.key} ${result.created}` },
    h(
      'div',
      { class: 'vy-line' },
      h('span', { class: 'vy-name', title: moment(result.created) }, ago(result.created)),
      h('span', { class: 'vy-quiet' }, `took ${result.took} · ${result.size}`),
      clearing(notebook, from, { owner, key: result.key }, `Clear the result of ${owner} computed ${ago(result.created)}`)
    ),
    confirmation(notebook, from)
  );
}
