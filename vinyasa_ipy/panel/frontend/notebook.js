// One open notebook: what its cells, its kernel and its store say, brought together.

import { Link } from './link.js';

const LINE = /^%%stage\s+(?:"([^"]*)"|'([^']*)'|([^\s'"#]\S*))/;
const SOON = 120; // milliseconds in which wishes for the same are one
const REST = 3; // times as long as an answer took before the next one is asked for,
const LONGEST = 2000; // and milliseconds that this is at most
const EDITED = 500; // milliseconds without a keystroke or another width after which the graph is drawn again

/**
 * @typedef {{state: string, words: string, reason: string, lines: string[], turn?: number, began?: number, seconds?: number}} Standing
 * @typedef {{name: string, text: string, cell: any, marked: boolean}} StageCell `marked` by its own line; else it is automatic
 * @typedef {{owner?: string, key?: string, sweep?: boolean}} Target what is to be cleared; all when nothing is named
 */

/** Name the stage a cell's text defines, if it does. @param {string} text */
export function stageName(text) {
  const found = LINE.exec(text.replace(/^\n+/, ''));
  return found ? (found[1] ?? found[2] ?? found[3]) : '';
}

/** Give the text by which a cell is drawn; an automatic stage says there what it is called. @param {StageCell} cell */
const drawn = ({ name, text, marked }) => (marked ? text : `%%stage '${name}'\n${text}`);

/** @param {unknown} error */
const say = error => (error instanceof Error ? error.message : String(error));

export class Notebook {
  /**
   * @param {any} panel a notebook panel
   * @param {{server: (path: string, request: any) => Promise<any>, makeMessage: (options: any) => any, localPath: (path: string) => string, runCell: (cell: any, session: any) => Promise<any>}} application
   */
  constructor(panel, application) {
    this.panel = panel;
    this.application = application;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** @type {Link | null} */
    this.link = null;
    this.phase = 'no kernel';
    /** Why what the user wished could not be done, until the next wish; and why nobody can be asked, until somebody can. */
    this.problem = '';
    this.silence = '';
    this.kernelOnly = false;
    this.slow = false;
    /** @type {any} */
    this.pipeline = null;
    /** The symbol and colour of each state. @type {Record<string, any>} */
    this.looks = {};
    /** @type {Record<string, any>} */
    this.live = {};
    /** @type {any[]} */
    this.runs = [];
    this.moreRuns = false;
    /** @type {any} */
    this.cache = null;
    /** The results of the owners that are unfolded. @type {Record<string, any[]>} */
    this.results = {};
    /** The details that are open: of a stage, of a run. @type {any} */
    this.stage = null;
    /** @type {any} */
    this.run = null;
    /** What checking a run out has said, and two runs beside each other. @type {any} */
    this.recalled = null;
    /** @type {any} */
    this.comparison = null;
    /** What the stage that is open displayed, when that is unfolded. @type {any} */
    this.log = null;
    /** What the user looks at and is about to do, and how many results of owners; each notebook has its own. @type {any} */
    this.view = { open: { pipeline: true, runs: true, cache: true }, cache: { find: '', many: 0 }, owners: {}, selected: '', zoom: 0, as: 'graph' };
    this.watched = false;
    /** Pixels that the graph may be wide. */
    this.room = 0;
    /** Answers are awaited one after the other: an older one must not come last. */
    this.asking = false;
    this.askAgain = false;
    this.took = 0;
    this.refreshing = 0;
    this.editing = 0;
    this.listing = 0;
    /** How often what the section about stored results shows was wished for: only the answer to the last wish counts. */
    this.wishes = 0;

    const session = panel.sessionContext;
    this.onKernel = () => this.follow(session.session?.kernel ?? null);
    this.onStatus = () => this.settle();
    this.onContent = () => this.redraw();
    session.kernelChanged.connect(this.onKernel);
    session.statusChanged.connect(this.onStatus);
    session.connectionStatusChanged.connect(this.onStatus);
    panel.context.ready.then(() => panel.isDisposed || panel.content.modelContentChanged.connect(this.onContent));
    this.onKernel();
  }

  dispose() {
    this.panel.sessionContext.kernelChanged.disconnect(this.onKernel);
    this.panel.sessionContext.statusChanged.disconnect(this.onStatus);
    this.panel.sessionContext.connectionStatusChanged.disconnect(this.onStatus);
    this.link?.dispose();
    clearTimeout(this.editing);
    clearTimeout(this.refreshing);
    clearTimeout(this.listing);
    this.listeners.clear();
  }

  /** Say that something changed. */
  emit() {
    this.listeners.forEach(listener => listener());
  }

  // ---- the kernel --------------------------------------------------------------------------------------------

  /** @param {any} kernel */
  follow(kernel) {
    if (this.link && this.link.kernel === kernel) {
      return;
    }
    this.link?.dispose();
    this.live = {};
    this.link = kernel
      ? new Link(kernel, this.application.makeMessage, {
          connected: state => this.connected(state),
          changed: change => this.changed(change),
          lost: () => this.lost()
        })
      : null;
    this.settle();
    this.refresh();
  }

  /** Find the phase: `no kernel`, `asking`, `not loaded` or `live`. */
  settle() {
    const dead = ['dead', 'unknown', 'terminating', 'disconnected'];
    const running = this.link && !dead.includes(this.panel.sessionContext.kernelDisplayStatus);
    const known = this.link?.live ? 'live' : this.link?.answered ? 'not loaded' : 'asking';
    const phase = running ? known : 'no kernel';
    if (phase !== this.phase) {
      this.phase = phase;
      this.emit();
    }
  }

  /** @param {any} state */
  async connected(state) {
    this.take(state.stages);
    this.looks = state.looks;
    this.slow = state.slow;
    this.settle();
    // A kernel may use a store that the server can't see or must not touch.
    const told = await this.server({ verb: 'where' }).catch(() => null);
    this.kernelOnly = told?.folder !== state.folder;
    this.refresh();
  }

  /** @param {any} change */
  changed(change) {
    this.slow = change.slow ?? this.slow;
    const taken = this.take(change.stages ?? {});
    this.emit();
    if (taken.some(stage => stage.state !== 'running')) {
      this.refresh();
    }
  }

  /** Take over what is newer than what is known, and return it: an answer made before a change may come after it. @param {Record<string, any>} stages */
  take(stages) {
    const newer = Object.entries(stages).filter(([name, stage]) => stage.turn > (this.live[name]?.turn ?? 0));
    Object.assign(this.live, Object.fromEntries(newer));
    return newer.map(([, stage]) => stage);
  }

  lost() {
    this.live = {};
    this.kernelOnly = false;
    this.settle();
    this.refresh();
  }

  // ---- what is stored ----------------------------------------------------------------------------------------

  /** @param {any} request */
  server(request) {
    return this.application.server(this.application.localPath(this.panel.context.path), request);
  }

  /** Ask whoever can answer. @param {Record<string, unknown> & {verb: string}} request @returns {Promise<any>} */
  ask(request) {
    return this.kernelOnly && this.link ? this.link.ask(request) : this.server(request);
  }

  /** Ask again for all that is shown, in a moment: also while stages come and go faster than that. */
  refresh() {
    this.refreshing ||= window.setTimeout(() => {
      this.refreshing = 0;
      this.refreshPipeline(true);
    }, Math.min(Math.max(SOON, REST * this.took), LONGEST));
  }

  /** Have the graph drawn again when whoever edits cells, or drags the sidebar's edge, has paused. */
  redraw() {
    clearTimeout(this.editing);
    this.editing = window.setTimeout(() => this.refreshPipeline(), EDITED);
  }

  /** Have the graph drawn for another width. @param {number} room */
  fit(room) {
    if (room !== this.room) {
      this.room = room;
      this.redraw();
    }
  }

  async refreshPipeline(whole = false) {
    if (!this.watched || this.panel.isDisposed) {
      return;
    }
    if (this.asking) {
      this.askAgain = true;
      return;
    }
    this.asking = true;
    const began = performance.now();
    try {
      await this.panel.context.ready;
      this.pipeline = await this.ask({ verb: 'pipeline', cells: this.cells().map(drawn), room: this.room });
      this.looks = this.pipeline.looks;
      this.emit();
      if (whole) {
        const { open } = this.view;
        await Promise.all([open.runs && this.refreshRuns(), open.cache && this.refreshCache(), this.refreshDetails()]);
      }
      this.silence = '';
    } catch (error) {
      this.silence = say(error);
    }
    this.asking = false;
    this.took = performance.now() - began;
    this.emit();
    if (this.askAgain) {
      this.askAgain = false;
      this.refresh();
    }
  }

  async refreshRuns() {
    const told = await this.ask({ verb: 'runs' });
    const oldest = told.runs.at(-1)?.id ?? 0;
    // Pages that were shown stay, unless there are runs between them and the first page.
    const whole = told.runs.some((/** @type {any} */ run) => run.id === this.runs[0]?.id);
    const older = whole ? this.runs.filter(run => run.id < oldest) : [];
    this.moreRuns = older.length ? this.moreRuns : told.more;
    this.runs = [...told.runs, ...older];
  }

  async olderRuns() {
    await this.guard(async () => {
      const told = await this.ask({ verb: 'runs', before: this.runs.at(-1).id });
      this.runs = [...this.runs, ...told.runs];
      this.moreRuns = told.more;
    });
    this.emit();
  }

  async refreshCache() {
    const wish = ++this.wishes;
    const told = await this.ask({ verb: 'cache', ...this.view.cache });
    if (wish !== this.wishes) {
      return; // another answer is on its way, or will be asked for in a moment
    }
    this.cache = told;
    await Promise.all(this.cache.owners.map((/** @type {any} */ owner) => this.refreshResults(owner)));
  }

  /**
   * List other stages and functions than before, in a moment, since whoever types goes on: those whose names hold something, or more of them.
   * @param {{find?: string, many?: number}} change
   */
  list(change) {
    Object.assign(this.view.cache, change);
    this.wishes += 1;
    clearTimeout(this.listing);
    this.listing = window.setTimeout(() => this.guard(() => this.refreshCache()).then(() => this.emit()), SOON);
  }

  /** Ask for the results of an owner that is unfolded. @param {any} owner */
  async refreshResults({ kind, name }) {
    const id = `${kind} ${name}`;
    const many = this.view.owners[id];
    if (many) {
      this.results[id] = (await this.ask({ verb: 'results', owner: name, many })).results;
    }
  }

  async refreshDetails() {
    const { selected } = this.view;
    const wanted = (/** @type {string} */ verb) => this.ask({ verb, stage: selected });
    [this.stage, this.log] = selected ? await Promise.all([wanted('stage'), this.view.log ? wanted('log') : null]) : [null, null];
    if (this.run) {
      const { id } = this.run;
      const told = await this.ask({ verb: 'run', run: id }).catch(() => null);
      this.run = this.run?.id === id ? told : this.run; // it may have been closed meanwhile
    }
  }

  /** Do something, and show in words why it could not be done. @param {() => Promise<any>} act */
  async guard(act) {
    this.problem = '';
    try {
      return await act();
    } catch (error) {
      this.problem = say(error);
      this.emit();
      return undefined;
    }
  }

  // ---- the cells ---------------------------------------------------------------------------------------------

  /** @returns {StageCell[]} */
  cells() {
    const automatic = new Map(Object.entries(this.live).filter(([, stage]) => stage.cell && stage.state).map(([name, { cell }]) => [cell, name]));
    const cells = this.panel.content?.widgets ?? [];
    return cells
      .filter((/** @type {any} */ cell) => cell.model?.type === 'code')
      .map((/** @type {any} */ cell) => ({ cell, text: cell.model.sharedModel.getSource() }))
      .map((/** @type {any} */ found) => ({ ...found, name: stageName(found.text), called: automatic.get(found.cell.model.id) }))
      .map((/** @type {any} */ { cell, text, name, called }) => ({ cell, text, name: name || called, marked: Boolean(name) }))
      .filter((/** @type {StageCell} */ found) => found.name);
  }

  /** Name the stage that is running, if one is. */
  running() {
    return Object.keys(this.live).find(name => this.live[name].state === 'running') ?? '';
  }

  /** Find the last cell that defines a stage. @param {string} name */
  cell(name) {
    return this.cells().findLast(found => found.name === name);
  }

  /**
   * Tell how a stage stands: as the kernel says, as far as its cell has not changed since; else what is stored.
   * @param {string} name
   * @param {StageCell} [cell]
   * @returns {Standing}
   */
  standing(name, cell) {
    const stored = { state: '', words: '', reason: '', lines: [], ...this.pipeline?.stages[name] };
    const standing = { ...stored, ...(this.phase === 'live' ? this.live[name] : undefined) };
    const running = standing.state === 'running';
    if (!running && cell?.cell.node.querySelector('.jp-InputPrompt')?.textContent.includes('*')) {
      return { ...standing, state: 'queued', words: '', reason: 'its cell is queued', lines: [] };
    }
    const source = this.live[name]?.source;
    if (!running && cell && source !== undefined && source.trim() !== cell.text.trim()) {
      return { ...standing, state: 'edited', reason: 'its cell was edited and has not run since', lines: [] };
    }
    return standing;
  }

  /** List all stages in the order of their cells. @returns {(Standing & {name: string})[]} */
  standings() {
    const cells = new Map(this.cells().map(cell => [cell.name, cell]));
    /** @type {Map<string, Standing & {name: string}>} */
    const found = new Map();
    for (const { name, sources } of this.pipeline?.drawing.boxes ?? []) {
      const standing = this.standing(name, cells.get(name));
      const cause = sources.find((/** @type {string} */ source) => ['failed', 'blocked'].includes(found.get(source)?.state ?? ''));
      // The kernel tells this once it has looked; of stages below a failure that it has not met it knows nothing.
      const open = this.live[name] ? ['hit', 'done'].includes(standing.state) : standing.state !== 'queued';
      const blocked = cause && this.phase === 'live' && open;
      found.set(name, { ...standing, ...(blocked && { state: 'blocked', reason: `\`${cause}\`, which comes before it, failed` }), name });
    }
    return [...found.values()];
  }

  // ---- what the user does ------------------------------------------------------------------------------------

  /** @param {string} name */
  async select(name) {
    this.view.selected = this.view.selected === name ? '' : name;
    this.view.confirm = undefined;
    this.stage = null;
    this.emit();
    await this.guard(() => this.refreshDetails());
    this.emit();
  }

  /** @param {number} id */
  async openRun(id) {
    this.run = this.run?.id === id ? null : { id };
    this.emit();
    await this.guard(() => this.refreshDetails());
    this.emit();
  }

  /** @param {number} id @param {string} note */
  async annotate(id, note) {
    this.run = this.run?.id === id ? { ...this.run, note } : this.run; // what was typed stays where it stands
    await this.guard(async () => {
      await this.ask({ verb: 'note', run: id, note });
      await Promise.all([this.refreshRuns(), this.refreshDetails()]);
    });
    this.emit();
  }

  /** Put a run beside an earlier one. @param {number} before @param {number} after */
  async compare(before, after) {
    this.comparison = null;
    await this.guard(async () => {
      this.comparison = before ? await this.ask({ verb: 'compare', before, after }) : null;
    });
    this.emit();
  }

  /** Bring the variables of a run back. @param {number} id */
  async checkOut(id) {
    this.recalled = { run: id, text: 'Waiting for the kernel…' };
    this.emit();
    this.recalled = await this.guard(async () => ({ run: id, text: (await this.link?.execute(`%vinyasa checkout ${id}`)) ?? '' }));
    this.emit();
  }

  /** @param {string} name */
  goTo(name) {
    const found = this.cell(name);
    if (found) {
      const { content } = this.panel;
      content.activeCellIndex = content.widgets.indexOf(found.cell);
      content.scrollToCell?.(found.cell);
      content.activate();
    }
  }

  /** Run the cells of stages, one after the other as far as they succeed. @param {string[]} names */
  async runStages(names, force = false) {
    await this.guard(async () => {
      for (const name of names) {
        const found = this.cell(name);
        if (force) {
          await this.link?.ask({ verb: 'force', stage: name });
        }
        if (found && !(await this.application.runCell(found.cell, this.panel.sessionContext))) {
          return;
        }
      }
    });
  }

  /** List the stages that have to run. */
  stale() {
    const due = new Set(['stale', 'miss', 'waiting', 'failed', 'blocked', 'edited', 'uncached', 'stored', '']);
    return this.standings().filter(stage => due.has(stage.state)).map(stage => stage.name);
  }

  load() {
    return this.guard(() => this.link?.load() ?? Promise.resolve());
  }

  look() {
    return this.guard(() => this.link?.ask({ verb: 'look' }) ?? Promise.resolve());
  }

  /** Show what clearing would cost, and ask. @param {Target} target @param {string} from */
  async preview(target, from) {
    await this.guard(async () => {
      const preview = await this.ask({ verb: 'preview', ...target });
      this.view.undone = undefined;
      this.view.confirm = { target, from, preview };
    });
    this.emit();
  }

  async clear() {
    const { target } = this.view.confirm;
    this.view.confirm = undefined;
    await this.guard(async () => {
      this.view.cleared = { ...(await this.ask({ verb: 'clear', ...target })), ...target };
      await this.afterClearing();
    });
    this.emit();
  }

  async sweep() {
    this.view.confirm = undefined;
    await this.guard(async () => {
      this.view.swept = await this.ask({ verb: 'sweep' });
      await this.afterClearing();
    });
    this.emit();
  }

  /** @param {'undo' | 'discard'} verb */
  async afterwards(verb) {
    const { ticket } = this.view.cleared;
    this.view.cleared = undefined;
    await this.guard(async () => {
      const told = await this.ask({ verb, ticket });
      this.view.undone = verb === 'undo' ? told : undefined;
      await this.afterClearing();
    });
    this.emit();
  }

  async afterClearing() {
    if (this.phase === 'live') {
      this.look();
    }
    await this.refreshPipeline(true);
  }
}
