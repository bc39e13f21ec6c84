// What stands below a cell, as text: the log of a stage that is running or has failed, of which nothing is stored.

const MOST = 20000; // characters that are shown: the end, where errors and results stand
/** Colours and the like, and what names windows and links: up to a bell or ESC \. */
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g;

/** @param {any} cell @returns {{log: string, cut: boolean}} */
export function readLog(cell) {
  const outputs = cell?.model.outputs?.toJSON() ?? [];
  const log = outputs.filter((/** @type {any} */ output) => !output.metadata?.vinyasa).map(say).join('');
  return { log: log.slice(-MOST), cut: log.length > MOST };
}

/** Say an output as a terminal would show it. @param {any} output */
function say(output) {
  if (output.output_type === 'stream') {
    return plain(join(output.text));
  }
  if (output.output_type === 'error') {
    const lines = plain((output.traceback ?? []).join('\n')).replace(/^-+\n/, '');
    return `${lines || `${output.ename}: ${output.evalue}`}\n`;
  }
  const data = output.data ?? {};
  return `${plain(join(data['text/plain'] ?? `[${Object.keys(data).join(', ')}]`))}\n`;
}

/** @param {string} text */
const plain = text => text.replace(ESCAPES, '');

/** The notebook's format has texts whole or by lines. @param {string | string[]} text */
const join = text => (Array.isArray(text) ? text.join('') : text);
