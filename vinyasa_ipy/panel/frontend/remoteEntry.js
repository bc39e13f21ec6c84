// A Module Federation container by hand, so that nothing has to be bundled: JupyterLab calls `init` with the packages
// it shares, then `get` for the list of plugins.
(() => {
  const here = /** @type {HTMLScriptElement} */ (document.currentScript).src;
  /** @type {Record<string, Record<string, {get: () => Promise<() => any>}>>} */
  let shared = {};

  /** @param {string} name */
  const load = async name => {
    const versions = shared[name];
    if (!versions) {
      throw new Error(`vinyasa: this application does not share ${name}`);
    }
    const [newest] = Object.keys(versions).sort((a, b) => b.localeCompare(a, undefined, { numeric: true }));
    return (await versions[newest].get())();
  };

  /** @type {any} */
  const page = window;
  page._JUPYTERLAB = page._JUPYTERLAB || {};
  page._JUPYTERLAB['vinyasa-ipy'] = {
    /** @param {typeof shared} scope */
    init(scope) {
      shared = scope;
    },
    async get() {
      const { makePlugins } = await import(new URL('./plugin.js', here).href);
      const plugins = await makePlugins(load);
      return () => ({ __esModule: true, default: plugins });
    }
  };
})();
