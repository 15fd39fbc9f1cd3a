import { createRoot } from 'react-dom/client';
import { flushSync } from 'react-dom';
import { Provider } from 'urql';
import { App } from './App';
import { makeClient, type FirstAnswer } from './client';
import './site.css';
import { guard } from './offline';
import { here } from './router';
import { routeOf } from './routes';
import { loadWords } from './words';

/** What the server says beside the page: its language, a status, and the first answers. */
export interface First { readonly language: string; readonly status: number; readonly answers: readonly FirstAnswer[] }

function read(): First {
  const text = document.getElementById('first')?.textContent;
  const empty: First = { language: document.documentElement.lang || 'en', status: 200, answers: [] };
  try {
    return text ? { ...empty, ...(JSON.parse(text) as Partial<First>) } : empty;
  } catch {
    return empty;
  }
}

async function start(root: HTMLElement): Promise<void> {
  const first = read();
  const client = makeClient(first.answers);
  const [{ default: Page }] = await Promise.all([routeOf(here().path).load(), loadWords(first.language)]);
  // The markup of the server is replaced by the same in one step: nothing moves.
  flushSync(() => createRoot(root).render(<Provider value={client}><App first={first} page={Page} /></Provider>));
}

guard();
const root = document.getElementById('root');
if (root) void start(root);
