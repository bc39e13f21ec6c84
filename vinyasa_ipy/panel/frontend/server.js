// Questions to the server extension, which answers without a kernel and while one is busy.

/** What must not be asked twice. */
export const CHANGING = new Set(['note', 'clear', 'sweep', 'undo', 'discard']);

/** Something that can't be answered, in the words of whoever refused. */
export class Refused extends Error {}

/**
 * @param {any} services `@jupyterlab/services`
 * @param {any} urls `URLExt` of `@jupyterlab/coreutils`
 */
export function makeServer(services, urls) {
  const { ServerConnection } = services;
  const settings = ServerConnection.makeSettings();

  /**
   * Ask about the store of the notebook at `path`.
   * @param {string} path
   * @param {Record<string, unknown> & {verb: string}} request
   * @returns {Promise<any>}
   */
  return async function ask(path, request) {
    const way = CHANGING.has(request.verb) ? 'change' : 'look';
    const url = urls.join(settings.baseUrl, 'vinyasa', 'api', way) + urls.objectToQueryString({ path });
    const response = await ServerConnection.makeRequest(url, { method: 'POST', body: JSON.stringify(request) }, settings);
    const told = await response.json().catch(() => ({}));
    if (!response.ok) {
      throw new Refused(told.reason || told.message || `the server answered ${response.status}`);
    }
    if (told.problem) {
      throw new Refused(told.problem);
    }
    return told;
  };
}
