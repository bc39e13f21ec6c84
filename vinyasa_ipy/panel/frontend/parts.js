// What the sections of the sidebar have in common: icons, buttons, the word for a state, and asking before clearing.

import { h } from './dom.js';
import { plural } from './words.js';

/** @typedef {import('./notebook.js').Notebook} Notebook */

/** Shapes in a square of 16. */
const SHAPES = {
  open: 'M4 6l4 4l4-4',
  closed: 'M6 4l4 4l-4 4',
  clear: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4',
  play: 'M5 3.2v9.6l7.5-4.8Z',
  look: 'M12.8 6.5A5 5 0 1 0 13 8.6M13 3.5v3h-3',
  graph: 'M6 2.5h4v3h-4ZM2 10.5h4v3h-4ZM10 10.5h4v3h-4ZM8 5.5v2.5M4 10.5v-2.5h8v2.5',
  list: 'M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  fit: 'M2.5 6v-3.5h3.5M13.5 6v-3.5h-3.5M2.5 10v3.5h3.5M13.5 10v3.5h-3.5',
  sweep: 'M10.5 2.5l-3 6.5M4.5 8l6 2.8-2 3.2-7-.8M5 13.4l1-1.8',
  close: 'M4 4l8 8M12 4l-8 8'
};

/** @param {keyof typeof SHAPES} shape */
export const shape = shape =>
  h('svg', { class: 'vy-shape', viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' }, h('path', { d: SHAPES[shape] }));

/**
 * Find how a state looks.
 * @param {Record<string, any> | undefined} looks
 * @param {string} state
 */
export const lookOf = (looks, state) => looks?.[OUTCOMES[state] ?? state] ?? looks?.[''];

/** Outcomes of runs, verdicts, and what only a front end knows, as states of stages. @type {Record<string, string>} */
const OUTCOMES = { edited: 'stale', queued: 'waiting', ok: 'hit', died: 'failed', interrupted: 'failed', uncached: '', skipped: 'waiting' };
/** Words for states that are not words for people. @type {Record<string, string>} */
const WORDS = { miss: 'not run', queued: 'waiting', '': 'not known' };

/** @param {string} state */
export const wordFor = state => WORDS[state] ?? state;

/** @param {Record<string, any> | undefined} looks @param {string} state */
export function icon(looks, state) {
  const look = lookOf(looks, state);
  return (
    look &&
    h(
      'svg',
      { class: 'vy-icon', viewBox: '0 0 12 12', width: 12, height: 12, 'aria-hidden': 'true' },
      h('path', { d: look.icon, stroke: look.colour, fill: look.filled ? look.colour : 'none' })
    )
  );
}

/**
 * @param {string} key
 * @param {string} label
 * @param {() => void} act
 * @param {Record<string, any>} more
 */
export const button = (key, label, act, more = {}) =>
  h('button', { key, 'data-key': key, type: 'button', class: 'vy-button', onclick: act, ...more }, label);

/**
 * A button that shows a shape; its label is for the tooltip and for screen readers.
 * @param {string} key
 * @param {keyof typeof SHAPES} picture
 * @param {string} label
 * @param {() => void} act
 * @param {Record<string, any>} more
 */
export const tool = (key, picture, label, act, more = {}) =>
  h(
    'button',
    { key, 'data-key': key, type: 'button', class: 'vy-tool', title: label, 'aria-label': label, onclick: act, ...more },
    shape(picture)
  );

/**
 * A section that folds.
 * @param {Notebook} notebook
 * @param {string} name
 * @param {string} title
 * @param {string} summary
 * @param {import('./dom.js').Given[]} tools
 * @param {() => import('./dom.js').Given[]} body
 */
export function section(notebook, name, title, summary, tools, body) {
  const { open } = notebook.view;
  const toggle = () => {
    open[name] = !open[name];
    notebook.emit();
    notebook.refresh();
  };
  return h(
    'section',
    { key: name, class: 'vy-section', 'aria-labelledby': `vy-${name}` },
    h(
      'header',
      { class: 'vy-header' },
      h(
        'h3',
        { id: `vy-${name}` },
        h(
          'button',
          { 'data-key': `fold ${name}`, type: 'button', class: 'vy-fold', 'aria-expanded': String(open[name]), onclick: toggle },
          shape(open[name] ? 'open' : 'closed'),
          title
        )
      ),
      h('span', { class: 'vy-summary', title: summary }, summary),
      ...(open[name] ? tools : [])
    ),
    open[name] && h('div', { class: 'vy-body' }, ...body())
  );
}

/**
 * The question before clearing, beside what would be cleared; the safe answer has the focus.
 * @param {Notebook} notebook
 * @param {string} from the key of the button that asked
 */
export function confirmation(notebook, from) {
  const { confirm } = notebook.view;
  if (confirm?.from !== from) {
    return null;
  }
  const { target, preview } = confirm;
  if (target.sweep) {
    return question(notebook, from, 'Sweep', 'what is worth least', preview, preview.results ? 'For good: it is the space that is wanted.' : '');
  }
  const what = target.key ? `one result of “${target.owner}”` : target.owner !== undefined ? `“${target.owner}”` : 'everything';
  return question(notebook, from, 'Clear', what, preview, '');
}

/**
 * Ask, with what it would free and what that took to make; where nothing would go, there is nothing to ask.
 * @param {Notebook} notebook
 * @param {string} from
 * @param {'Clear' | 'Sweep'} verb
 * @param {string} what
 * @param {any} preview
 * @param {string} remark
 */
function question(notebook, from, verb, what, preview, remark) {
  const keep = () => {
    notebook.view.confirm = undefined;
    notebook.view.focus = from;
    notebook.emit();
  };
  const act = () => {
    notebook.view.focus = verb === 'Clear' ? 'undo' : 'fold cache';
    return verb === 'Clear' ? notebook.clear() : notebook.sweep();
  };
  const idle = verb === 'Sweep' && !preview.results;
  const them = preview.results === 1 ? 'it' : 'them';
  const cost = `${plural(preview.results, 'result')}, ${preview.size}. Making ${them} again takes about ${preview.took}.`;
  return h(
    'div',
    {
      key: `confirm ${from}`,
      class: 'vy-confirm',
      role: 'alertdialog',
      'aria-label': `${verb} ${what}?`,
      'aria-describedby': 'vy-cost',
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          keep();
        }
      }
    },
    h('strong', {}, `${verb} ${what}?`),
    h('p', { id: 'vy-cost' }, idle ? 'Nothing has to go: the stored results keep to what is allowed.' : `${cost} ${remark}`),
    h(
      'div',
      { class: 'vy-actions' },
      button('keep', idle ? 'Close' : 'Keep', keep),
      !idle && button('clear', verb, act, { class: 'vy-button vy-danger' })
    )
  );
}

/**
 * A button that asks before it clears.
 * @param {Notebook} notebook
 * @param {string} key
 * @param {import('./notebook.js').Target} target
 * @param {string} label
 */
export function clearing(notebook, key, target, label) {
  const ask = () => {
    notebook.view.focus = 'keep';
    notebook.preview(target, key);
  };
  return tool(key, 'clear', label, ask);
}
