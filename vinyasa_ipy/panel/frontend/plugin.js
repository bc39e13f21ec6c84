// What JupyterLab and Notebook load: one sidebar that follows the current notebook, and the badges.

import { follow } from './badges.js';
import { Notebook } from './notebook.js';
import { makeServer } from './server.js';
import { Sidebar } from './sidebar.js';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161">' +
  '<path d="M6 1.5h4v3.5h-1.4v1.7h4v4.3h-1.2v-3.1h-6.8v3.1h-1.2v-4.3h4v-1.7h-1.4Z"/>' +
  '<rect x="1.7" y="10.9" width="4" height="3.6" rx=".6"/><rect x="10.3" y="10.9" width="4" height="3.6" rx=".6"/></g></svg>';
const ID = 'vinyasa-sidebar';

/**
 * Make the plugins from the packages the application shares.
 * @param {(name: string) => Promise<any>} load
 */
export async function makePlugins(load) {
  const packages = ['application', 'apputils', 'cells', 'coreutils', 'notebook', 'services', 'ui-components'];
  const [application, apputils, cells, coreutils, notebooks, services, components] = await Promise.all(
    packages.map(name => load(`@jupyterlab/${name}`))
  );
  const { Widget } = await load('@lumino/widgets');
  addStyle();

  /** @param {any} app @param {any} tracker @param {any} palette @param {any} restorer */
  const activate = (app, tracker, palette, restorer) => {
    /** @type {Map<any, Notebook>} */
    const open = new Map();
    const { contents } = app.serviceManager;
    const means = {
      server: makeServer(services, coreutils.URLExt),
      makeMessage: services.KernelMessage.createMessage,
      localPath: (/** @type {string} */ path) => contents.localPath(path),
      runCell: async (/** @type {any} */ cell, /** @type {any} */ session) => {
        const reply = await cells.CodeCell.execute(cell, session).catch(() => null);
        return reply?.content.status === 'ok';
      }
    };
    const find = (/** @type {any} */ panel) => {
      const known = open.get(panel);
      if (known || !panel) {
        return known ?? null;
      }
      const notebook = new Notebook(panel, means);
      open.set(panel, notebook);
      follow(notebook);
      panel.disposed.connect(() => {
        notebook.dispose();
        open.delete(panel);
      });
      return notebook;
    };

    const body = document.createElement('div');
    body.className = 'vy-sidebar';
    const widget = new Widget({ node: body });
    const sidebar = new Sidebar(body);
    widget.id = ID;
    widget.title.caption = 'Vinyasa';
    widget.title.icon = new components.LabIcon({ name: 'vinyasa:pipeline', svgstr: ICON });
    widget.node.setAttribute('role', 'region');
    widget.node.setAttribute('aria-label', 'Vinyasa');
    widget.onAfterShow = () => sidebar.setVisible(true);
    widget.onAfterHide = () => sidebar.setVisible(false);
    app.shell.add(widget, 'left', { rank: 900, type: 'Vinyasa' });
    restorer?.add(widget, ID);

    app.commands.addCommand('vinyasa:show', {
      label: 'Show Vinyasa: Pipeline, Runs and Cache',
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(ID)
    });
    palette?.addItem({ command: 'vinyasa:show', category: 'Vinyasa' });

    tracker.widgetAdded.connect((/** @type {any} */ _, /** @type {any} */ panel) => find(panel));
    tracker.currentChanged.connect((/** @type {any} */ _, /** @type {any} */ panel) => sidebar.show(find(panel)));
    sidebar.show(find(tracker.currentWidget));
    const repaint = (/** @type {any} */ _, /** @type {any} */ { notebook }) =>
      [...open.values()].find(one => one.panel.content === notebook)?.emit();
    notebooks.NotebookActions.executionScheduled?.connect(repaint);
    notebooks.NotebookActions.executed.connect(repaint);
  };

  return [
    {
      id: 'vinyasa-ipy:sidebar',
      description: 'The pipeline, runs and cache of the current notebook, and badges on the cells of its stages.',
      autoStart: true,
      requires: [notebooks.INotebookTracker],
      optional: [apputils.ICommandPalette, application.ILayoutRestorer],
      activate
    }
  ];
}

function addStyle() {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL('./style.css', import.meta.url).href;
  document.head.append(link);
}
