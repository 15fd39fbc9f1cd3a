// GraphiQL keeps tabs, panes and theme in local storage under the prefix "graphiql:". Two questions it cannot answer
// by its properties alone are asked of that storage here. Storage may be blocked: then everything is at its default.

function stored(name: string): string | null {
  try {
    return window.localStorage.getItem(`graphiql:${name}`);
  } catch {
    return null;
  }
}

/**
 * Whether the user chose "Persist headers" in the settings. Headers hold tokens, so by default they live no longer
 * than the page; passing false for good would make GraphiQL forget the user's choice.
 */
export function persistsHeaders(): boolean {
  return stored('shouldPersistHeaders') === 'true';
}

/** Whether this browser has been here before: its open or closed side pane is then left as it was. */
export function isFirstVisit(): boolean {
  return stored('tabState') === null;
}
