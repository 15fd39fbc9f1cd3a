/** What the server tells the page, by way of attributes of its root element. */
export interface Settings {
  /** Path that takes operations by POST. */
  readonly endpoint: string;
  /** Absolute ws: or wss: address for subscriptions; undefined when the server has none. */
  readonly subscriptionUrl: string | undefined;
}

/** Reads the settings. Throws when the server left the endpoint out, because nothing would work. */
export function readSettings(root: HTMLElement, page: string = window.location.href): Settings {
  const { endpoint, subscriptionEndpoint } = root.dataset;
  if (!endpoint) {
    throw new Error('The page names no GraphQL endpoint (data-endpoint).');
  }
  return {
    endpoint,
    subscriptionUrl: subscriptionEndpoint ? socketUrl(subscriptionEndpoint, page) : undefined,
  };
}

/** Resolves a path against the page and swaps http for ws, https for wss. */
function socketUrl(path: string, page: string): string {
  const url = new URL(path, page);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url.href;
}
