// The sidebar as a whole: it shows one notebook at a time, keeps the focus, and says aloud what changed.

import { cacheSection } from './cache.js';
import { h, render } from './dom.js';
import { button } from './parts.js';
import { pipelineSection, reveal } from './pipeline.js';
import { runsSection } from './runs.js';

/** @typedef {import('./notebook.js').Notebook} Notebook */

const PACE = 100; // milliseconds between two updates
const TICK = 500; // milliseconds between updates of what is running
const EDGES = 8; // pixels beside the graph

export class Sidebar {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    /** @type {Notebook | null} */
    this.notebook = null;
    this.visible = false;
    this.timer = 0;
    this.ticking = 0;
    this.draw = this.draw.bind(this);
    this.drawn = 0;
    /** The stage that was brought into view: at first the topmost one, then what runs. @type {string | null} */
    this.shown = null;
    this.wish = () => {
      this.timer ||= window.setTimeout(this.draw, Math.max(0, this.drawn + PACE - performance.now()));
    };
    new ResizeObserver(() => this.fit()).observe(element);
    this.draw();
  }

  /** Have the graph drawn as there is room for it. */
  fit() {
    if (this.element.clientWidth) {
      this.notebook?.fit(this.element.clientWidth - EDGES);
    }
  }

  /** Show another notebook, or none. @param {Notebook | null} notebook */
  show(notebook) {
    if (this.notebook) {
      this.notebook.listeners.delete(this.wish);
      this.notebook.watched = false;
    }
    this.notebook = notebook;
    this.shown = null;
    notebook?.listeners.add(this.wish);
    this.watch();
    this.draw();
  }

  /** @param {boolean} visible */
  setVisible(visible) {
    this.visible = visible;
    this.watch();
  }

  /** Have what is shown asked for while somebody can see it. */
  watch() {
    if (this.notebook) {
      this.notebook.watched = this.visible;
      this.fit();
      this.notebook.refresh();
    }
  }

  draw() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.drawn = performance.now();
    render(this.element, this.describe());
    const { view } = this.notebook ?? {};
    const wanted = view?.focus && this.element.querySelector(`[data-key="${CSS.escape(view.focus)}"]`);
    if (wanted && !wanted.closest('[hidden]')) {
      /** @type {HTMLElement} */ (wanted).focus();
      view.focus = undefined;
    }
    const running = (this.visible && this.notebook?.running()) || '';
    clearTimeout(this.ticking);
    this.ticking = running ? window.setTimeout(this.draw, TICK) : 0;
    const boxes = this.shown === null ? [...(this.notebook?.pipeline?.drawing.boxes ?? [])] : [];
    const next = running || boxes.sort((a, b) => a.y - b.y)[0]?.name || '';
    if (next ? next !== this.shown && reveal(this.element, next) : this.shown) {
      this.shown = next;
    }
  }

  describe() {
    const { notebook } = this;
    if (!notebook) {
      return [h('p', { class: 'vy-notice' }, 'Open a notebook to see its stages, runs and stored results.')];
    }
    return [
      h('div', { key: 'status', class: 'vy-sr', role: 'status' }, speak(notebook)),
      ...notice(notebook),
      ...[notebook.problem, notebook.silence].map(words => words && h('p', { class: 'vy-notice vy-problem', role: 'alert' }, words)),
      pipelineSection(notebook),
      runsSection(notebook),
      cacheSection(notebook)
    ].filter(part => part !== '');
  }
}

/** Say in a sentence what runs and what has failed. @param {Notebook} notebook */
function speak(notebook) {
  const named = (/** @type {string} */ state) =>
    notebook.standings().filter(stage => stage.state === state).map(stage => stage.name);
  return ['running', 'failed'].map(state => [state, named(state)]).filter(([, names]) => names.length).map(([state, names]) => `${state}: ${names}`).join('; ');
}

/** Say what is missing and what to do about it. @param {Notebook} notebook */
function notice(notebook) {
  if (notebook.phase === 'no kernel') {
    return [h('p', { key: 'notice', class: 'vy-notice' }, 'No kernel is running. This is what is stored; it can be cleared.')];
  }
  if (notebook.phase === 'asking') {
    return [h('p', { key: 'notice', class: 'vy-notice' }, 'Waiting for the kernel to say whether it has loaded vinyasa. This is what is stored.')];
  }
  if (notebook.phase === 'not loaded') {
    return [
      h(
        'div',
        { key: 'notice', class: 'vy-notice' },
        h('p', {}, 'This kernel has not loaded vinyasa.'),
        button('load', 'Load it', () => notebook.load(), { title: '%load_ext vinyasa_ipy' })
      )
    ];
  }
  return [];
}
