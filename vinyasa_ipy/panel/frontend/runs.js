// The section about runs: a list in pages, and what became of each stage in the one that is open.

import { h } from './dom.js';
import { button, icon, section, wordFor } from './parts.js';
import { ago, moment, plural } from './words.js';

/** @typedef {import('./notebook.js').Notebook} Notebook */

/** @param {Notebook} notebook */
export function runsSection(notebook) {
  const { runs } = notebook;
  return section(notebook, 'runs', 'Runs', runs.length ? ago(runs[0].started) : '', [], () => [
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
    run.note && !open && h('p', { class: 'vy-hint vy-note' }, run.note),
    open && notebook.run.records && records(notebook, notebook.run)
  );
}

/** What can be done with a run: bring its variables back, compare it, write a note on it. @param {Notebook} notebook @param {any} run */
function actions(notebook, run) {
  const others = notebook.runs.filter(other => other.id !== run.id);
  const compare = (/** @type {Event} */ event) => notebook.compare(Number(/** @type {HTMLSelectElement} */ (event.target).value), run.id);
  const write = (/** @type {Event} */ event) => notebook.annotate(run.id, /** @type {HTMLInputElement} */ (event.target).value);
  return [
    h('input', {
      key: 'note',
      'data-key': 'note',
      class: 'vy-input',
      type: 'text',
      maxlength: 500,
      'aria-label': `Note on run ${run.id}`,
      placeholder: 'Write a note',
      value: run.note,
      onchange: write
    }),
    h(
      'div',
      { class: 'vy-actions' },
      button('checkout', 'Check out', () => notebook.checkOut(run.id), {
        disabled: notebook.phase !== 'live',
        title: 'Bring its variables back into the notebook; nothing runs'
      }),
      others.length > 0 &&
        h(
          'select',
          { key: 'compare', 'data-key': 'compare', class: 'vy-button', 'aria-label': `Compare run ${run.id} with`, onchange: compare },
          h('option', { value: '' }, 'Compare with…'),
          ...others.map(other => h('option', { value: other.id }, `run ${other.id}, ${ago(other.started)}`))
        )
    ),
    notebook.recalled?.run === run.id && h('pre', { key: 'recalled', class: 'vy-log', role: 'status', tabindex: 0 }, notebook.recalled.text),
    ...(notebook.comparison?.after.id === run.id ? [comparison(notebook, notebook.comparison), h('h5', {}, 'Stages')] : [])
  ];
}

/** @param {Notebook} notebook @param {any} told */
function comparison(notebook, { before, after, stages }) {
  const side = (/** @type {any} */ one) => `${wordFor(one.state)} ${one.took}`;
  const missing = (/** @type {any} */ run, /** @type {'before' | 'after'} */ which) => {
    const names = stages.filter((/** @type {any} */ stage) => !stage[which]).map((/** @type {any} */ stage) => stage.name);
    return names.length > 0 && h('p', { key: which, class: 'vy-hint' }, `Not in run ${run.id}: ${names.join(', ')}`);
  };
  return h(
    'div',
    { key: 'comparison', role: 'region', 'aria-label': `Run ${before.id} and run ${after.id}` },
    h('h5', {}, `Run ${before.id} → run ${after.id}`),
    h(
      'ul',
      { class: 'vy-bars' },
      ...stages.filter((/** @type {any} */ stage) => stage.before && stage.after).map((/** @type {any} */ stage) =>
        h(
          'li',
          { key: stage.name },
          icon(notebook.looks, stage.lines.length ? 'stale' : 'hit'),
          h('span', { class: 'vy-name' }, stage.name),
          h('span', { class: 'vy-quiet' }, `${side(stage.before)} → ${side(stage.after)}`),
          ...(stage.lines.length ? stage.lines : ['depends on the same']).map((/** @type {string} */ line) => h('span', { class: 'vy-reason' }, line))
        )
      )
    ),
    missing(before, 'before'),
    missing(after, 'after')
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
    ...actions(notebook, run),
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
