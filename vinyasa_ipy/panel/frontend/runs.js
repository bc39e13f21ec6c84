// The section about runs: a list in pages, and what became of each stage in the one that is open.

import { h } from './dom.js';
import { button, icon, section, wordFor } from './parts.js';
import { ago, moment, plural } from './words.js';

/** @typedef {import('./notebook.js').Notebook} Notebook */

/** @param {Notebook} notebook */
export function runsSection(notebook) {
  const { runs } = notebook;
  return section(notebook, 'runs', 'Runs', runs.length ? `last ${ago(runs[0].started)}` : '', [], () => [
    !runs.length && h('p', { class: 'vy-hint' }, 'No run is recorded yet.'),
    runs.length > 0 && h('ul', { key: 'runs', class: 'vy-list' }, ...runs.map(run => entry(notebook, run))),
    notebook.moreRuns && button('older', 'Show older runs', () => notebook.olderRuns(), { class: 'vy-button vy-more' })
  ]);
}

/** @param {Notebook} notebook @param {any} run */
function entry(notebook, run) {
  const open = notebook.run?.id === run.id;
  const hits = `${run.hits} of ${plural(run.stages, 'stage')} hit`;
  return h(
    'li',
    { key: String(run.id) },
    h(
      'button',
      {
        'data-key': `run ${run.id}`,
        type: 'button',
        class: 'vy-row',
        title: `Run ${run.id}, ${moment(run.started)}: ${run.outcome}, ${hits}`,
        'aria-expanded': String(open),
        onclick: () => notebook.openRun(run.id)
      },
      icon(notebook.looks, run.outcome),
      h('span', { class: 'vy-number' }, `${run.id}`),
      h('span', { class: 'vy-name' }, run.title),
      h('span', { class: 'vy-sr' }, `, ${run.outcome}, ${hits}`),
      h('span', { class: 'vy-quiet' }, `${run.outcome === 'ok' ? `${run.hits}/${run.stages} hit` : run.outcome} · ${run.took}`)
    ),
    open && notebook.run.records && records(notebook, notebook.run)
  );
}

/** @param {Notebook} notebook @param {any} run */
function records(notebook, run) {
  const python = run.python ? `, Python ${run.python}` : '';
  const saved = run.saved ? `, saved ${run.saved}` : '';
  return h(
    'div',
    { class: 'vy-details', role: 'region', 'aria-label': `Run ${run.id}` },
    h('p', { class: 'vy-hint', title: moment(run.started) }, `${ago(run.started)}: ${run.outcome}, took ${run.took}${saved}${python}`),
    h(
      'ul',
      { class: 'vy-bars' },
      ...run.records.map((/** @type {any} */ record) =>
        h(
          'li',
          { title: record.reason },
          icon(notebook.looks, record.state),
          h('span', { class: 'vy-name' }, record.name),
          h('span', { class: 'vy-quiet' }, `${wordFor(record.state)} · ${record.took}`),
          h('span', { class: 'vy-bar', 'data-state': record.state, style: `--share:${Math.max(record.share * 100, 0.5).toFixed(1)}%` }),
          record.state === 'failed' && h('span', { class: 'vy-reason' }, record.reason)
        )
      )
    )
  );
}
