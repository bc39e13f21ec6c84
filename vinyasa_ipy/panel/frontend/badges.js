// The badge beside a stage's cell: how the stage stands, for eyes and for screen readers.

import { h, render } from './dom.js';
import { icon, wordFor } from './parts.js';

/** @typedef {import('./notebook.js').Notebook} Notebook */

/** Make the badges of a notebook's cells follow its stages. @param {Notebook} notebook */
export function follow(notebook) {
  const paint = () => {
    const standings = new Map(notebook.standings().map(stage => [stage.name, stage]));
    const cells = new Map(notebook.cells().map(found => [found.cell, found]));
    for (const cell of notebook.panel.content?.widgets ?? []) {
      const found = cells.get(cell);
      const standing = found && notebook.phase === 'live' ? (standings.get(found.name) ?? { ...notebook.standing(found.name, found), name: found.name }) : null;
      const known = standing && !['', 'miss'].includes(standing.state);
      paintCell(cell.node, known ? standing : null, notebook.looks);
    }
  };
  notebook.listeners.add(paint);
}

/** @param {HTMLElement} node @param {{name: string, state: string, words: string, reason: string} | null} stage @param {Record<string, any>} looks */
function paintCell(node, stage, looks) {
  const place = node.querySelector('.jp-Cell-inputWrapper');
  if (!place) {
    return;
  }
  const present = place.querySelector(':scope > .vy-badge');
  if (!stage) {
    present?.remove();
    return;
  }
  const badge = present ?? place.appendChild(document.createElement('div'));
  const word = wordFor(stage.state);
  const spoken = `stage ${stage.name}: ${word}${stage.reason ? `, ${stage.reason}` : ''}`;
  for (const [name, value] of Object.entries({ class: 'vy-badge', role: 'img', title: spoken, 'aria-label': spoken, 'data-state': stage.state })) {
    badge.setAttribute(name, value);
  }
  render(badge, [icon(looks, stage.state), h('span', {}, word)].filter(part => part !== undefined));
}
