// The section about stages: their graph or list, live, and the details of the one that is selected.

import { h } from './dom.js';
import { readLog } from './outputs.js';
import { button, clearing, confirmation, icon, lookOf, section, shape, tool, wordFor } from './parts.js';
import { ago, elapsed, moment, plural } from './words.js';

/**
 * @typedef {import('./notebook.js').Notebook} Notebook
 * @typedef {import('./notebook.js').Standing & {name: string}} Stage
 */

const STEP = 1.25; // of one zoom
const LIMITS = [0.3, 3];
const UNSTORED = ['running', 'failed']; // what such a stage displayed stands below its cell only
const URGENT = ['failed', 'running', 'edited', 'stale', 'blocked', 'queued', 'waiting', 'miss'];

/** @param {Notebook} notebook */
export function pipelineSection(notebook) {
  const stages = notebook.standings();
  const { view } = notebook;
  const set = (/** @type {Record<string, unknown>} */ change) => () => {
    Object.assign(view, change);
    notebook.emit();
  };
  const tools = stages.length
    ? [
        notebook.phase === 'live' && tool('look', 'look', 'Check all stages', () => notebook.look()),
        notebook.phase === 'live' && runningStale(notebook),
        view.as === 'graph'
          ? tool('as', 'list', 'Show as a list', set({ as: 'list' }))
          : tool('as', 'graph', 'Show as a graph', set({ as: 'graph' }))
      ]
    : [];
  return section(notebook, 'pipeline', 'Pipeline', summarize(stages), tools, () => [
    ...(notebook.pipeline?.problems ?? []).map((/** @type {string} */ problem) => h('p', { class: 'vy-problem' }, problem)),
    notebook.slow && h('p', { class: 'vy-hint' }, 'Checking takes long here, so it waits until the kernel has rested, or for “Check all stages”.'),
    !stages.length && notebook.pipeline && h('p', { class: 'vy-hint' }, 'Begin a cell with ', h('code', {}, '%%stage NAME'), ' to make it a stage.'),
    stages.length > 0 && (view.as === 'graph' ? graph(notebook, stages) : list(notebook, stages)),
    ...stages.filter(stage => stage.name === view.selected).map(stage => details(notebook, stage))
  ]);
}

/** @param {Notebook} notebook */
function runningStale(notebook) {
  const none = !notebook.stale().length;
  const label = none ? 'Run stale stages: all are up to date' : 'Run stale stages';
  return tool('run stale', 'play', label, () => notebook.runStages(notebook.stale()), { 'aria-disabled': none && 'true' });
}

/** Count the stages by state, those first that ask for something. @param {Stage[]} stages */
function summarize(stages) {
  const rank = (/** @type {string} */ state) => (URGENT.includes(state) ? URGENT.indexOf(state) : URGENT.length);
  const states = stages.map(stage => stage.state).sort((a, b) => rank(a) - rank(b));
  return [...new Set(states)].map(state => `${states.filter(each => each === state).length} ${wordFor(state)}`).join(', ');
}

/** Say a stage's state and what goes with it. @param {Stage} stage */
function status(stage) {
  return [wordFor(stage.state), stage.began ? elapsed(Date.now() / 1000 - stage.began) : stage.words].filter(Boolean).join(' · ');
}

/** Estimate how much of a running stage is done, from what it took before. @param {Stage} stage */
function progress(stage) {
  return stage.began && stage.seconds ? Math.min((Date.now() / 1000 - stage.began) / stage.seconds, 0.98) : 0;
}

/** @param {Stage} stage */
const spoken = stage => `${stage.name}: ${status(stage)}${stage.reason ? `, ${stage.reason}` : ''}`;

// ---- the graph -------------------------------------------------------------------------------------------------

/** @param {Notebook} notebook @param {Stage[]} stages */
function graph(notebook, stages) {
  const { drawing } = notebook.pipeline;
  const { view } = notebook;
  const { width, height, least } = drawing;
  const byName = new Map(stages.map(stage => [stage.name, stage]));
  const zoom = (/** @type {number} */ factor) => () => {
    const shown = document.querySelector('.vy-graph svg')?.getBoundingClientRect().width ?? width;
    const wanted = (view.zoom || shown / width) * factor;
    view.zoom = factor ? Math.min(Math.max(wanted, LIMITS[0]), LIMITS[1]) : 0;
    notebook.emit();
  };
  const style = view.zoom ? `width:${Math.round(width * view.zoom)}px` : `max-width:${width}px;min-width:${least}px;width:100%`;
  const reachable = byName.has(view.selected) ? view.selected : drawing.boxes[0].name;
  return h(
    'div',
    { key: 'graph', class: 'vy-picture' },
    h(
      'div',
      { class: 'vy-graph', onkeydown: (/** @type {KeyboardEvent} */ event) => move(event, drawing.boxes) },
      h(
        'svg',
        { viewBox: `0 0 ${width} ${height}`, style, role: 'group', 'aria-label': `Pipeline, ${plural(stages.length, 'stage')}; arrow keys go from stage to stage` },
        h('g', { class: 'vy-wires' }, ...drawing.wires.map((/** @type {any} */ wire) => h('path', { d: wire.path, ...(near(view.selected, wire) && { class: 'vy-near' }) }))),
        ...drawing.boxes.map((/** @type {any} */ box) => node(notebook, box, /** @type {Stage} */ (byName.get(box.name)), box.name === reachable))
      )
    ),
    h(
      'div',
      { class: 'vy-zoom' },
      tool('smaller', 'minus', 'Zoom out', zoom(1 / STEP)),
      tool('fit', 'fit', 'Fit', zoom(0)),
      tool('larger', 'plus', 'Zoom in', zoom(STEP))
    )
  );
}

/**
 * Bring a stage into view where the graph is larger than its frame, unless somebody is pointing or typing there; tell whether that was done.
 * @param {Element} sidebar
 * @param {string} name
 */
export function reveal(sidebar, name) {
  const frame = sidebar.querySelector('.vy-graph:not(:hover, :focus-within)');
  const box = frame?.querySelector(`[data-stage="${CSS.escape(name)}"]`)?.getBoundingClientRect();
  if (frame && box) {
    const edge = frame.getBoundingClientRect();
    const by = (/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ from, /** @type {number} */ to) =>
      low < from || high > to ? (low + high - from - to) / 2 : 0;
    frame.scrollBy(by(box.left, box.right, edge.left, edge.right), by(box.top, box.bottom, edge.top, edge.bottom));
  }
  return Boolean(frame && box);
}

/** @param {string} selected @param {{source: string, target: string}} wire */
const near = (selected, wire) => selected && (wire.source === selected || wire.target === selected);

/** @param {Notebook} notebook @param {any} box @param {Stage} stage @param {boolean} reachable */
function node(notebook, box, stage, reachable) {
  const look = lookOf(notebook.looks, stage.state);
  const middle = box.height / 2;
  const select = () => notebook.select(stage.name);
  return h(
    'g',
    {
      key: `node ${stage.name}`,
      class: 'vy-node',
      'data-key': `node ${stage.name}`,
      'data-stage': stage.name,
      'data-state': stage.state,
      transform: `translate(${box.x} ${box.y})`,
      role: 'button',
      tabindex: reachable ? 0 : -1,
      'aria-pressed': String(notebook.view.selected === stage.name),
      'aria-label': spoken(stage),
      onclick: select,
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          select();
        }
      }
    },
    h('title', {}, spoken(stage)),
    h('rect', { class: 'vy-box', x: 0.5, y: 0.5, width: box.width - 1, height: box.height - 1, rx: 4, stroke: look.colour, fill: look.colour }),
    h('rect', { class: 'vy-progress', y: box.height - 3, width: Math.round(box.width * progress(stage)), height: 3, fill: look.colour }),
    h('path', {
      class: 'vy-mark',
      transform: `translate(10 ${middle - 13})`,
      d: look.icon,
      stroke: look.colour,
      fill: look.filled ? look.colour : 'none'
    }),
    h(
      'svg', // cuts what is wider in the reader's font than it was reckoned
      { x: 30, width: box.width - 32, height: box.height },
      h('text', { y: middle - 3, class: 'vy-name' }, box.label),
      h('text', { y: middle + 13, class: 'vy-status' }, status(stage))
    )
  );
}

/**
 * Go from stage to stage with the arrow keys: to the nearest in that direction.
 * @param {KeyboardEvent} event
 * @param {any[]} boxes
 */
function move(event, boxes) {
  const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
  const from = boxes.find(box => box.name === /** @type {Element} */ (event.target).getAttribute('data-stage'));
  if (!step || !from) {
    return;
  }
  event.preventDefault();
  const [right, down] = step;
  const ranked = boxes
    .map(box => ({ box, x: box.x - from.x, y: box.y - from.y }))
    .filter(({ x, y }) => x * right + y * down > 0)
    .sort((a, b) => distance(a, down) - distance(b, down));
  if (ranked.length) {
    const pictures = /** @type {Element} */ (event.currentTarget).querySelectorAll('.vy-node');
    /** @type {SVGElement | undefined} */ ([...pictures].find(p => p.getAttribute('data-stage') === ranked[0].box.name))?.focus();
  }
}

/** @param {{x: number, y: number}} spot @param {number} down */
const distance = ({ x, y }, down) => (down ? Math.abs(y) + 2 * Math.abs(x) : Math.abs(x) + 4 * Math.abs(y));

// ---- the list --------------------------------------------------------------------------------------------------

/** @param {Notebook} notebook @param {Stage[]} stages */
function list(notebook, stages) {
  return h('ul', { key: 'list', class: 'vy-list' }, ...stages.map(stage => row(notebook, stage)));
}

/** @param {Notebook} notebook @param {Stage} stage */
function row(notebook, stage) {
  return h(
    'li',
    { key: stage.name },
    h(
      'button',
      {
        'data-key': `stage ${stage.name}`,
        type: 'button',
        class: 'vy-row',
        title: spoken(stage),
        'data-state': stage.state,
        'aria-pressed': String(notebook.view.selected === stage.name),
        onclick: () => notebook.select(stage.name)
      },
      icon(notebook.looks, stage.state),
      h('span', { class: 'vy-name' }, stage.name),
      h('span', { class: 'vy-quiet' }, status(stage))
    )
  );
}

// ---- one stage -------------------------------------------------------------------------------------------------

/** @param {Notebook} notebook @param {Stage} stage */
function details(notebook, stage) {
  const { name } = stage;
  const told = notebook.stage?.stage === name ? notebook.stage : null;
  const live = notebook.phase === 'live';
  const from = `clear from details ${name}`;
  return h(
    'div',
    { key: 'details', class: 'vy-details', role: 'region', 'aria-label': `Stage ${name}` },
    h(
      'div',
      { class: 'vy-title' },
      icon(notebook.looks, stage.state),
      h('h4', { title: name }, name),
      h('span', { class: 'vy-quiet' }, status(stage)),
      tool('close details', 'close', 'Close', () => notebook.select(name))
    ),
    stage.reason && h('p', { class: 'vy-reason' }, stage.reason),
    (stage.lines ?? []).length > 1 && h('ul', { class: 'vy-lines' }, ...stage.lines.map(line => h('li', {}, line))),
    h(
      'div',
      { class: 'vy-actions' },
      button('go', 'Go to cell', () => notebook.goTo(name), { disabled: !notebook.cell(name) }),
      button('run', 'Run', () => notebook.runStages([name]), { disabled: !live, title: 'Run its cell: a hit is brought back' }),
      button('force', 'Force', () => notebook.runStages([name], true), { disabled: !live, title: 'Run it even when nothing has changed' }),
      told?.stored && clearing(notebook, from, { owner: name }, `Clear ${name}`)
    ),
    confirmation(notebook, from),
    ...(told ? facts(told) : []),
    ...(told?.stored || UNSTORED.includes(stage.state) ? log(notebook, stage) : []),
    ...(told ? surroundings(told) : []),
    ...(told ? recent(notebook, told.recent) : [])
  );
}

/** @param {any} told */
function facts({ stored, hits, saved }) {
  if (!stored) {
    return [h('p', { class: 'vy-hint' }, 'Nothing is stored of it.')];
  }
  return [
    h(
      'dl',
      { class: 'vy-facts' },
      ...fact('Computed', h('span', { title: moment(stored.created) }, `${ago(stored.created)}, took ${stored.took}`)),
      ...fact('Saved', hits ? `${saved || '0 s'} in ${plural(hits, 'hit')}` : ''),
      ...fact('Stored', `${stored.results === '1' ? '1 result' : `${stored.results} results`}, ${stored.size}`)
    )
  ];
}

/** Name what went into a stage's stored result, and what came out. @param {any} told */
function surroundings({ stored }) {
  return stored
    ? [
        ...names('Inputs', stored.inputs),
        ...names('Outputs', [...stored.outputs, ...stored.files]),
        ...stored.notes.map((/** @type {string} */ note) => h('p', { class: 'vy-hint' }, note))
      ]
    : [];
}

/** Show what a stage displayed, when that is asked for. @param {Notebook} notebook @param {Stage} stage */
function log(notebook, { name, state }) {
  const { view } = notebook;
  const running = state === 'running';
  const toggle = () => {
    view.log = !view.log;
    notebook.emit();
    notebook.guard(() => notebook.refreshDetails()).then(() => notebook.emit());
  };
  const fold = { 'data-key': 'fold log', type: 'button', class: 'vy-fold', 'aria-expanded': String(Boolean(view.log)), onclick: toggle };
  const read = () => (UNSTORED.includes(state) ? readLog(notebook.cell(name)?.cell) : notebook.log);
  const shown = view.log ? read() : null;
  const frame = { key: 'log', class: `vy-log ${running ? 'vy-following' : ''}`, role: 'region', 'aria-label': `Log of ${name}`, tabindex: 0 };
  return [
    h('h5', { class: 'vy-folding' }, h('button', fold, shape(view.log ? 'open' : 'closed'), running ? 'Log so far' : 'Log')),
    shown?.cut && h('p', { class: 'vy-hint' }, 'Its beginning is left out.'),
    shown && (shown.log ? h('pre', frame, shown.log) : h('p', { class: 'vy-hint' }, running ? 'It has displayed nothing yet.' : 'It displayed nothing.'))
  ];
}

/** @param {string} term @param {import('./dom.js').Given} value */
const fact = (term, value) => (value ? [h('dt', {}, term), h('dd', {}, value)] : []);

/** @param {string} title @param {{name: string, words: string}[]} entries */
function names(title, entries) {
  return entries.length
    ? [
        h('h5', {}, title),
        h('ul', { class: 'vy-names' }, ...entries.map(({ name, words }) => h('li', {}, h('code', {}, name), h('span', { class: 'vy-quiet', title: words }, words))))
      ]
    : [];
}

/** @param {Notebook} notebook @param {any[]} records */
function recent(notebook, records) {
  return records.length
    ? [
        h('h5', {}, 'Recently'),
        h(
          'ul',
          { class: 'vy-names' },
          ...records.map(record =>
            h(
              'li',
              { title: `${record.state}: ${record.reason}` },
              icon(notebook.looks, record.state),
              h('span', { class: 'vy-name' }, `${wordFor(record.state)} in run ${record.run}`),
              h('span', { class: 'vy-quiet' }, `${record.took} · ${ago(record.started)}`)
            )
          )
        )
      ]
    : [];
}
