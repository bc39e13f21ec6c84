// The line to one kernel: it says what changed, and answers questions from a subshell while a cell runs.

import { Refused } from './server.js';

const STATE = 'vinyasa.state';
const ASK = 'vinyasa.ask';
const PATIENCE = 1000; // milliseconds to wait for a subshell

/** @param {any} comm */
const subshell = comm =>
  Promise.race([comm.subshellStarted, new Promise(done => setTimeout(done, PATIENCE))]).catch(() => {});

export class Link {
  /**
   * @param {any} kernel a kernel connection
   * @param {{connected: (state: any) => void, changed: (change: any) => void, lost: () => void}} listener
   */
  constructor(kernel, listener) {
    this.kernel = kernel;
    this.listener = listener;
    this.live = false;
    /** @type {any} */
    this.comm = null;
    /** How to fail the questions that have no answer yet. @type {Set<(reason: Error) => void>} */
    this.open = new Set();
    this.onStatus = (/** @type {any} */ _, /** @type {string} */ status) => {
      if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
        this.lose();
      }
    };
    kernel.statusChanged.connect(this.onStatus);
    kernel.registerCommTarget(STATE, (/** @type {any} */ comm) => this.follow(comm));
    this.find();
  }

  /** Find the line of a kernel that was loaded before this page was. */
  async find() {
    const reply = await this.kernel.requestCommInfo({ target_name: STATE }).catch(() => null);
    const [id] = Object.keys(reply?.content?.comms ?? {});
    if (id && !this.comm && !this.kernel.isDisposed) {
      this.follow(this.kernel.createComm(STATE, id));
    }
  }

  /** Connect to a kernel that has loaded the extension. */
  async connect() {
    const state = await this.ask({ verb: 'state' });
    this.live = true;
    this.listener.connected(state);
  }

  /** Follow a kernel that has loaded the extension: listen first, so that nothing is missed. @param {any} comm */
  follow(comm) {
    this.hear(comm);
    this.persist(comm);
  }

  /** Ask until there is an answer: while a kernel begins, one can get lost. @param {any} comm */
  async persist(comm) {
    for (let pause = PATIENCE; this.comm === comm && !this.live && !this.kernel.isDisposed; pause *= 2) {
      const later = new Promise(done => setTimeout(done, pause));
      await Promise.race([this.connect(), later]).catch(() => later);
    }
  }

  /** @param {any} comm */
  hear(comm) {
    this.comm = comm;
    comm.commsOverSubshells = 'disabled'; // we only listen
    comm.onMsg = (/** @type {any} */ message) => this.comm === comm && this.listener.changed(message.content.data);
    comm.onClose = () => this.comm === comm && this.lose();
  }

  lose() {
    this.comm = null;
    this.live = false;
    this.giveUp();
    this.listener.lost();
  }

  /**
   * Ask the kernel.
   * @param {Record<string, unknown> & {verb: string}} request
   * @returns {Promise<any>}
   */
  async ask(request) {
    const comm = this.kernel.createComm(ASK);
    await subshell(comm);
    const told = await new Promise((resolve, reject) => {
      this.open.add(reject);
      comm.onClose = (/** @type {any} */ message) => {
        this.open.delete(reject);
        resolve(message.content.data);
      };
      comm.open(request);
    });
    if (told.problem) {
      throw new Refused(told.problem);
    }
    return told;
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
    if (!this.comm) {
      await this.connect();
    }
  }

  dispose() {
    this.kernel.statusChanged.disconnect(this.onStatus);
    this.live = false;
    this.giveUp();
  }

  giveUp() {
    this.open.forEach(fail => fail(new Refused('the kernel is gone')));
    this.open.clear();
  }
}
