// The section about stored results: how much of what, and clearing it with a way back.

import { h } from './dom.js';
import { button, clearing, confirmation, section, shape, tool } from './parts.js';
import { ago, moment, plural } from './words.js';

/** @typedef {import('./notebook.js').Notebook} Notebook */

const OWNERS = 50; // stages and functions that are listed at first, and more at each wish
const PAGE = 30; // results of an owner that are shown at first, and more at each wish

/** @param {Notebook} notebook */
export function cacheSection(notebook) {
  const { cache } = notebook;
  const { total = { results: 0 }, owners = [] } = cache ?? {};
  const summary = total.results ? `${plural(total.results, 'result')}, ${total.size}` : cache ? 'empty' : '';
  const tools = total.results ? [sweeping(notebook), clearing(notebook, 'clear all', {}, 'Clear everything')] : [];
  return section(notebook, 'cache', 'Cache', summary, tools, () => [
    undoing(notebook),
    undone(notebook),
    swept(notebook),
    confirmation(notebook, 'sweep'),
    confirmation(notebook, 'clear all'),
    total.results > 0 && budget(total),
    total.saved && h('p', { class: 'vy-hint' }, `Hits have saved ${total.saved} so far.`),
    finding(notebook),
    cache && !owners.length && h('p', { class: 'vy-hint' }, notebook.view.cache.find ? 'Nothing that is stored is called so.' : 'Nothing is stored.'),
    owners.length > 0 && h('ul', { key: 'owners', class: 'vy-list' }, ...owners.map((/** @type {any} */ owner) => entry(notebook, owner))),
    cache?.more > 0 && more(notebook)
  ]);
}

/** Where there are too many for one page, look for some by their names. @param {Notebook} notebook */
function finding(notebook) {
  const { find } = notebook.view.cache;
  const look = (/** @type {Event} */ event) => notebook.list({ find: /** @type {HTMLInputElement} */ (event.target).value, many: 0 });
  const label = 'Find stages and functions by name';
  return (
    (find || notebook.cache?.more > 0) &&
    h('input', { key: 'find', 'data-key': 'find', class: 'vy-input', type: 'search', 'aria-label': label, placeholder: label, value: find, oninput: look })
  );
}

/** @param {Notebook} notebook */
function more(notebook) {
  const { owners, more } = notebook.cache;
  return button('more owners', `Show more of ${plural(more, 'other')}`, () => notebook.list({ many: owners.length + OWNERS }), { class: 'vy-button vy-more' });
}

/** Say how much of what may be stored is. @param {any} total */
function budget({ size, budget, budget_files: files, full }) {
  const share = `${Math.max(full * 100, 0.5).toFixed(1)}%`;
  return h(
    'p',
    { key: 'budget', class: 'vy-hint vy-budget', title: `${budget} and ${files} files may be stored; what is worth least goes first` },
    `${size} of ${budget} that may be stored`,
    h('span', { class: 'vy-bar', style: `--share:${share}` })
  );
}

/** @param {Notebook} notebook */
function sweeping(notebook) {
  const ask = () => {
    notebook.view.focus = 'keep';
    notebook.view.swept = undefined;
    notebook.preview({ sweep: true }, 'sweep');
  };
  return tool('sweep', 'sweep', 'Sweep: remove what is worth least', ask);
}

/** Say what a sweep has removed. @param {Notebook} notebook */
function swept(notebook) {
  const { swept } = notebook.view;
  return swept && h('p', { key: 'swept', class: 'vy-hint', role: 'status' }, `Swept ${plural(swept.results, 'result')}, ${swept.size}.`);
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

/** Say what undoing has done: nothing, where all has been made again meanwhile. @param {Notebook} notebook */
function undone(notebook) {
  const { undone } = notebook.view;
  const words = undone?.files ? 'What was cleared is back.' : 'Nothing had to be brought back: all that was cleared has been made again meanwhile.';
  return undone && h('p', { key: 'undone', class: 'vy-hint', role: 'status' }, words);
}

/** @param {Notebook} notebook @param {any} owner */
function entry(notebook, owner) {
  const { name, kind } = owner;
  const id = `${kind} ${name}`;
  const many = notebook.view.owners[id] ?? 0;
  const from = `clear ${id}`;
  const show = (/** @type {number} */ number) => () => {
    notebook.view.owners[id] = number;
    notebook.emit();
    notebook.guard(() => notebook.refreshResults(owner)).then(() => notebook.emit());
  };
  return h(
    'li',
    { key: id },
    h(
      'div',
      { class: 'vy-line' },
      h(
        'button',
        { 'data-key': `owner ${id}`, type: 'button', class: 'vy-row', 'aria-expanded': String(many > 0), title: describe(owner), onclick: show(many ? 0 : PAGE) },
        shape(many ? 'open' : 'closed'),
        h('span', { class: 'vy-name' }, name),
        h('span', { class: 'vy-quiet' }, `${owner.results > 1 ? `${owner.results.toLocaleString('en')} × · ` : ''}${extent(owner)}`)
      ),
      clearing(notebook, from, { owner: name }, `Clear ${name}`)
    ),
    confirmation(notebook, from),
    many > 0 && h('p', { class: 'vy-hint vy-inner' }, describe(owner)),
    many > 0 && h('ul', { class: 'vy-list vy-inner' }, ...(notebook.results[id] ?? []).map((/** @type {any} */ result) => line(notebook, name, result))),
    many > 0 && owner.results > many && button(`more ${id}`, 'Show older results', show(many + PAGE), { class: 'vy-button vy-more' })
  );
}

/** Say the size of what an owner has; of very many results only what stands in their own files is known. @param {any} owner */
const extent = ({ size, whole }) => (whole ? size : `${size} or more`);

/** @param {any} owner */
function describe(owner) {
  const { kind, results, hits, saved } = owner;
  const gain = hits ? `; ${plural(hits, 'hit')} saved ${saved || '0 s'}` : '';
  return `${kind}: ${plural(results, 'result')}, ${extent(owner)}${gain}`;
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
