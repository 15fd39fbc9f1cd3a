import { useEffect, useState, useSyncExternalStore, type FormEvent } from 'react';
import { CLIENT, costs } from './fetcher';

interface Viewer { readonly displayName: string; readonly role: string }
interface Answer { readonly data?: Record<string, unknown> | null; readonly errors?: readonly { message: string }[] }

/** Whether operations are sent without the session, and so answered as for any reader. It holds until the page is left. */
export const seeing = { asReader: false };

/** Asks the server something of the page's own, as whoever is signed in. */
export async function ask(endpoint: string, query: string, variables: object = {}): Promise<Answer> {
  const response = await fetch(endpoint, {
    method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json', ...CLIENT }, body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

/** Says what the last operation cost, what one may cost, and how many statements the database was sent. */
export function Cost() {
  const cost = useSyncExternalStore(costs.watch, costs.last);
  if (!cost) return null;
  const statements = cost.statements === undefined ? '' : ` · ${cost.statements} ${cost.statements === 1 ? 'statement' : 'statements'}`;
  const left = cost.remaining === undefined ? '' : ` · ${cost.remaining.toLocaleString('en')} left this minute`;
  return <span className="broadsheet-cost" role="status">Cost {cost.cost.toLocaleString('en')} of {cost.limit.toLocaleString('en')}{statements}{left}</span>;
}

const WHO = 'query WhoIsSignedIn { viewer { displayName role } }';
const SIGN_IN = `mutation SignInHere($email: String!, $password: String!, $code: String) {
  signIn(input: { email: $email, password: $password, code: $code }) { viewer { displayName role } userErrors { code message } }
}`;
const SIGN_OUT = 'mutation SignOutHere { signOut { userErrors { code } } }';

/**
 * Says who is signed in, and lets them in and out. What is typed here goes to the server alone: it is in no tab, no history
 * and no storage, unlike a mutation that is written into an editor.
 */
export function Account({ endpoint }: { endpoint: string }) {
  const [viewer, setViewer] = useState<Viewer | null>(null);
  const [said, setSaid] = useState('');
  const [factor, setFactor] = useState(false);
  const [asReader, setAsReader] = useState(false);
  useEffect(() => {
    ask(endpoint, WHO).then((a) => setViewer((a.data?.['viewer'] as Viewer | null | undefined) ?? null), () => setSaid('The server does not answer.'));
  }, [endpoint]);
  const signIn = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const value = (name: string) => String(new FormData(form).get(name) ?? '') || null;
    const answer = await ask(endpoint, SIGN_IN, { email: value('email'), password: value('password'), code: value('code') });
    const payload = answer.data?.['signIn'] as { viewer: Viewer | null; userErrors: readonly { code: string; message: string }[] } | undefined;
    const [mistake] = payload?.userErrors ?? [];
    setFactor(mistake?.code === 'SECOND_FACTOR_REQUIRED' || (factor && !!mistake));
    setSaid(mistake?.message ?? answer.errors?.[0]?.message ?? '');
    setViewer(payload?.viewer ?? null);
  };
  const signOut = async () => {
    await ask(endpoint, SIGN_OUT);
    setViewer(null);
  };
  const turn = (on: boolean) => {
    seeing.asReader = on;
    setAsReader(on);
  };
  if (viewer) {
    return (
      <div className="broadsheet-account" role="group" aria-label="Account">
        <Cost />
        <span><b>{viewer.displayName}</b> · {viewer.role.toLowerCase()}</span>
        <label><input type="checkbox" checked={asReader} onChange={(e) => turn(e.target.checked)} /> See as reader</label>
        <button type="button" onClick={() => void signOut()}>Sign out</button>
      </div>
    );
  }
  return (
    <form className="broadsheet-account" aria-label="Account" onSubmit={(e) => void signIn(e)}>
      <Cost />
      <span>Not signed in</span>
      <input name="email" type="email" required autoComplete="username" placeholder="E-mail" aria-label="E-mail" />
      <input name="password" type="password" required autoComplete="current-password" placeholder="Password" aria-label="Password" />
      {factor && <input name="code" required autoComplete="one-time-code" placeholder="Code" aria-label="Code" />}
      <button type="submit">Sign in</button>
      <span role="status">{said}</span>
    </form>
  );
}
