import { useEffect } from 'react';

/** Lets pages that were read be read again without a network (worker.js). Where workers are forbidden there is none. */
export function guard(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = () => void navigator.serviceWorker.register('/_site/worker.js', { scope: '/' }).catch(() => undefined);
  if (document.readyState === 'complete') register();
  else window.addEventListener('load', register, { once: true });
  // The page that a reader comes to first was loaded before there was a worker.
  if (!navigator.serviceWorker.controller) void navigator.serviceWorker.ready.then(({ active }) => active?.postMessage({ keep: window.location.href }));
}

/** Lets the worker keep a page that was shown without being loaded, unless it is left at once. */
export function useKept(href: string, loaded: boolean): void {
  useEffect(() => {
    if (loaded || !('serviceWorker' in navigator)) return;
    const timer = window.setTimeout(() => navigator.serviceWorker.controller?.postMessage({ keep: new URL(href, window.location.href).href }), 1500);
    return () => window.clearTimeout(timer);
  }, [href, loaded]);
}
