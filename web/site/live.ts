import { useEffect, useState, useSyncExternalStore } from 'react';
import { useSubscription, type AnyVariables } from 'urql';
import { doc, line } from './client';
import type { TypedDocumentString } from './generated/graphql';

/** Whether the page has loaded and the browser has nothing better to do: what can wait waits for it. */
export function useIdle(): boolean {
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    const rest = () => ('requestIdleCallback' in window ? window.requestIdleCallback(() => setIdle(true), { timeout: 5000 }) : setTimeout(() => setIdle(true), 500));
    if (document.readyState === 'complete') rest();
    else window.addEventListener('load', rest, { once: true });
    return () => window.removeEventListener('load', rest);
  }, []);
  return idle;
}

/** Subscribes while the part is shown, and gives each event to `take`. Gives true while nothing can come, so that the part can ask instead. */
export function useLive<R, V extends object>(text: TypedDocumentString<R, V>, variables: V, take: (event: R) => void, pause = false): boolean {
  const idle = useIdle();
  const connected = useSyncExternalStore(line.watch, line.open, () => false);
  const [{ error }] = useSubscription<R, R, AnyVariables>({ query: doc(text), variables: variables as AnyVariables, pause: pause || !idle }, (_, event) => {
    take(event);
    return event;
  });
  return !!error || !connected;
}
