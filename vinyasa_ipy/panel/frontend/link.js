// The line to one kernel: what changed is overheard, and questions are answered from a subshell while a cell runs.
//
// Any message may get lost: a server drops what is published while a cell prints very much, an application drops what it
// has not handled yet when a kernel begins anew, and a page may come late. Only the kernel's status always arrives, and
// what it runs. So the kernel is asked how everything stands when it has become quiet, when a number is missing in what
// it says, and when a stage's cell has begun and nothing is said of that; not after each cell, since applications take
// a kernel that has answered for one that is idle. An answer that is missing when the kernel has done with the question
// is asked for again. Messages are overheard as they come from the server: comms belong to one connection of an
// application, and two notebooks, or two views of one, may share a kernel.

import { CHANGING, Refused } from './server.js';

const STATE = 'vinyasa.state';
const ASK = 'vinyasa.ask';
const PATIENCE = 1000; // milliseconds to wait for what a kernel says about itself,
const SUBSHELL = 5000; // and for a subshell, which is cheap, but a page that has just come may send nothing for 3 seconds
const CALM = 1000; // milliseconds after a cell began or ended until the kernel is asked what has become of all stages
const STAGE = /^\s*%%stage\s/;
const AGAIN = 250; // milliseconds until a question is put again whose answer got lost; each time twice as many,
const LONGEST = 4000; // and at most so many
const LEISURE = 10_000; // milliseconds without a question after which the subshell is given back

/** @param {number} pause @returns {Promise<undefined>} */
const wait = pause => new Promise(done => setTimeout(done, pause));

export class Link {
  /**
   * @param {any} kernel a kernel connection
   * @param {(options: any) => any} makeMessage
   * @param {{connected: (state: any) => void, changed: (change: any) => void, lost: () => void}} listener
   */
  constructor(kernel, makeMessage, listener) {
    this.kernel = kernel;
    this.makeMessage = makeMessage;
    this.listener = listener;
    /** Which loading of the extension speaks, whether it has told everything, and whether the kernel said if there is one. */
    this.era = '';
    this.live = false;
    this.answered = false;
    this.serial = 0;
    this.running = false;
    this.disposed = false;
    this.due = 0;
    this.doubt = 0;
    this.leisure = 0;
    /** @type {Promise<any> | null} */
    this.looking = null;
    /** @type {Promise<string | undefined> | null} */
    this.subshell = null;
    /** What waits for an answer, by message. @type {Map<string, {resolve: (told: any) => void, reject: (reason: Error) => void}>} */
    this.questions = new Map();
    this.onMessage = (/** @type {any} */ _, /** @type {any} */ { msg, direction }) => direction === 'recv' && this.overhear(msg);
    this.onStatus = (/** @type {any} */ _, /** @type {string} */ status) => {
      if (['restarting', 'autorestarting', 'dead'].includes(status)) {
        this.subshell = null; // it has ended with the kernel that lent it
        this.lose();
      }
    };
    this.onConnection = (/** @type {any} */ _, /** @type {string} */ status) => {
      this.questions.forEach(question => question.resolve(null));
      if (status === 'connected') {
        this.giveBack(); // the kernel may have begun anew meanwhile
        this.check(0);
      }
    };
    this.onLeave = () => this.giveBack();
    kernel.anyMessage.connect(this.onMessage);
    kernel.statusChanged.connect(this.onStatus);
    kernel.connectionStatusChanged.connect(this.onConnection);
    window.addEventListener('pagehide', this.onLeave);
    if (kernel.connectionStatus === 'connected') {
      this.check(0);
    }
  }

  /** @param {any} message */
  overhear({ header, parent_header: parent, content }) {
    if (header.msg_type === 'comm_msg' && content.comm_id === STATE) {
      this.hear(content.data);
    } else if (header.msg_type === 'comm_close' && content.comm_id === STATE) {
      this.lose();
    } else if (header.msg_type === 'comm_msg') {
      this.questions.get(content.comm_id)?.resolve(content.data);
    } else if (header.msg_type === 'comm_close' && this.questions.has(content.comm_id)) {
      this.lose(); // nobody answers: the extension was unloaded meanwhile, or isn't loaded yet
      this.check();
    } else if (header.msg_type === 'execute_input' && STAGE.test(content.code) && this.live) {
      clearTimeout(this.doubt);
      this.doubt = window.setTimeout(() => this.look().catch(() => {}), CALM);
    } else if (header.msg_type === 'status' && parent?.msg_type === 'execute_request') {
      this.running = content.execution_state === 'busy';
      if (!this.running) {
        clearTimeout(this.doubt);
        this.check();
      }
    } else if (header.msg_type === 'status' && content.execution_state === 'idle') {
      this.questions.get(parent?.msg_id)?.resolve(null); // too late for those that have their answer
    }
  }

  /** @param {any} change */
  hear({ era, serial, ...change }) {
    clearTimeout(this.doubt);
    this.enter(era);
    this.listener.changed(change);
    const missing = this.serial && serial !== this.serial + 1;
    this.serial = serial;
    if (missing || !this.live) {
      this.look().catch(() => this.check());
    }
  }

  /** @param {string} era */
  enter(era) {
    if (this.era && era !== this.era) {
      this.lose();
    }
    this.era = era;
  }

  /** See in a moment that nothing was missed, unless another cell runs by then, whose end has it seen. */
  check(pause = CALM) {
    this.due ||= window.setTimeout(async () => {
      this.due = 0;
      if (!this.running) {
        await (this.live ? this.look() : this.find()).catch(() => {});
      }
    }, pause);
  }

  /** Ask a kernel of which nothing was heard whether it has loaded the extension. */
  async find() {
    const { language_info: language } = await this.about();
    const subshell = this.kernel.status === 'idle' ? undefined : await this.borrow();
    const message = this.make('shell', 'comm_info_request', { target_name: STATE }, subshell);
    const python = !language || language.name === 'python';
    const reply = python ? await this.kernel.sendShellMessage(message, true, true).done : null;
    if (reply?.content.comms?.[STATE]) {
      await this.look();
    } else if (!this.live && !this.answered) {
      this.answered = true;
      this.listener.lost();
    }
  }

  /** Ask how everything stands. */
  look() {
    this.looking ??= this.ask({ verb: 'state' }).then(state => this.learn(state)).finally(() => (this.looking = null));
    return this.looking;
  }

  /** @param {any} state */
  learn({ era, ...state }) {
    this.enter(era);
    const first = !this.live;
    this.live = true;
    this.answered = true;
    if (first) {
      this.listener.connected(state);
    } else {
      this.listener.changed(state);
    }
  }

  lose() {
    this.era = '';
    this.live = false;
    this.answered = false;
    this.serial = 0;
    this.running = false;
    this.giveUp();
    this.giveBack();
    this.listener.lost();
  }

  /**
   * Ask the kernel, again if the answer got lost.
   * @param {Record<string, unknown> & {verb: string}} request
   * @returns {Promise<any>}
   */
  async ask(request) {
    for (let pause = AGAIN; ; pause *= 2) {
      const told = await this.put(request);
      if (told?.problem) {
        throw new Refused(told.problem);
      }
      if (told) {
        return told;
      }
      if (!this.questions.size) {
        this.giveBack(); // it may be gone
      }
      if (CHANGING.has(request.verb) || pause > LONGEST) {
        throw new Refused('the answer of the kernel got lost. See what has become of it, and try again');
      }
      await wait(pause);
    }
  }

  /** Put a question; return the answer, or null if the kernel has done with it and there is none. @param {any} request */
  async put(request) {
    const message = this.make('shell', 'comm_open', { target_name: ASK, data: request }, await this.borrow());
    if (this.disposed) {
      this.giveBack();
      throw new Refused('the notebook has another kernel by now, or was closed');
    }
    const id = message.header.msg_id;
    message.content.comm_id = id;
    /** @type {Promise<any>} */
    const told = new Promise((resolve, reject) => this.questions.set(id, { resolve, reject }));
    try {
      this.kernel.sendShellMessage(message, false, true);
      return await told;
    } finally {
      this.questions.delete(id);
    }
  }

  /** @param {string} channel @param {string} msgType @param {any} content @param {string} [subshell] */
  make(channel, msgType, content, subshell) {
    const { username, clientId: session } = this.kernel;
    const message = this.makeMessage({ channel, msgType, content, username, session });
    if (subshell) {
      message.header.subshell_id = subshell;
    }
    return message;
  }

  /** Tell what the kernel says about itself: nothing, while it runs a cell that began before the page did. @returns {Promise<any>} */
  async about() {
    return (await Promise.race([this.kernel.info, wait(PATIENCE)]).catch(() => null)) ?? {};
  }

  /** Give a thread of the kernel that answers while a cell runs; where there is none, the end of the cell is waited for. */
  async borrow() {
    clearTimeout(this.leisure);
    this.leisure = window.setTimeout(() => this.rest(), LEISURE);
    const lent = (this.subshell ??= this.makeSubshell());
    const subshell = await lent;
    if (!subshell && this.subshell === lent) {
      this.subshell = null;
    }
    return subshell;
  }

  /** @returns {Promise<string | undefined>} */
  async makeSubshell() {
    const { supported_features: features } = await this.about();
    if (features && !features.includes('kernel subshells')) {
      return undefined;
    }
    const { done } = this.kernel.sendControlMessage(this.make('control', 'create_subshell_request', {}), true, true);
    const made = done.then((/** @type {any} */ { content }) => content.subshell_id).catch(() => undefined);
    const subshell = await Promise.race([made, wait(SUBSHELL)]);
    if (!subshell) {
      this.end(made); // should it come after all
    }
    return subshell;
  }

  /** Give the subshell back, or see again later while something is asked. */
  rest() {
    if (this.questions.size) {
      this.leisure = window.setTimeout(() => this.rest(), LEISURE);
    } else {
      this.giveBack();
    }
  }

  giveBack() {
    const lent = this.subshell;
    this.subshell = null;
    this.end(lent);
  }

  /** End a thread of the kernel. @param {Promise<string | undefined> | null} lent */
  async end(lent) {
    const subshell = await lent;
    if (subshell && !this.kernel.isDisposed && this.kernel.status !== 'dead') {
      this.kernel.sendControlMessage(this.make('control', 'delete_subshell_request', { subshell_id: subshell }), true, true);
    }
  }

  /** Have the kernel execute code that stands in no cell; return what it said. @param {string} code */
  async execute(code) {
    const future = this.kernel.requestExecute({ code, store_history: false });
    /** @type {string[]} */
    const said = [];
    future.onIOPub = (/** @type {any} */ { content }) => said.push(content.data?.['text/plain'] ?? content.text ?? '');
    const { content } = await future.done;
    if (content.status !== 'ok') {
      const missing = content.ename === 'ModuleNotFoundError' ? '. Install vinyasa-ipy in the environment of this kernel' : '';
      throw new Refused(`${content.ename}: ${content.evalue}${missing}`);
    }
    return said.join('');
  }

  /** Have the kernel load the extension. */
  async load() {
    await this.execute('%load_ext vinyasa_ipy');
    await this.find(); // which asks behind what the kernel still does to take questions
  }

  dispose() {
    this.kernel.anyMessage.disconnect(this.onMessage);
    this.kernel.statusChanged.disconnect(this.onStatus);
    this.kernel.connectionStatusChanged.disconnect(this.onConnection);
    window.removeEventListener('pagehide', this.onLeave);
    [this.due, this.doubt, this.leisure].forEach(timer => clearTimeout(timer));
    this.live = false;
    this.listener = { connected() {}, changed() {}, lost() {} }; // what is under way has nobody to tell any more
    this.disposed = true;
    this.giveUp();
    this.giveBack();
  }

  giveUp() {
    this.questions.forEach(({ reject }) => reject(new Refused('nobody answers in the kernel any more: it has ended, or vinyasa was unloaded')));
    this.questions.clear();
  }
}
