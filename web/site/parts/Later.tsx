import { useEffect, useState, type ReactNode } from 'react';
import { Widget } from '../context';
import { Loading } from './Loading';

/** A part of a page whose code comes by itself. When it does not come, the part fails alone, and tries again when it is told to. */
export function Later<P>({ load, title, children }: { load: () => Promise<P>; title?: string; children: (part: P) => ReactNode }) {
  const [part, setPart] = useState<{ readonly of: P }>();
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let over = false;
    load().then((of) => { if (!over) setPart({ of }); }, (e: unknown) => { if (!over) setError(e ?? true); });
    return () => { over = true; };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what is loaded stays the same
  }, [tries]);
  if (part) return children(part.of);
  if (!error) return <Loading />;
  return <Widget title={title} error={error} again={() => { setError(undefined); setTries(tries + 1); }} />;
}
