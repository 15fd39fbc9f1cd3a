// Tabs and history are kept in the browser's storage. Passwords that somebody writes into an operation or its variables are not.

const SECRET = '\\w*(?:password|secret)\\w*';
const TEXT = '"""[\\s\\S]*?(?:"""|$)|"(?:[^"\\\\\\n]|\\\\.)*(?:"|(?=\\n)|$)'; // a string, also while it is being typed

/** `password: "…"` in a document, `"password": "…"` in variables. */
const LITERAL = new RegExp(`(${SECRET}"?\\s*:\\s*)(?:${TEXT})`, 'gi');
/** `$password: String = "…"`. */
const DEFAULT = new RegExp(`(\\$${SECRET}\\s*:\\s*\\w+!?\\s*=\\s*)(?:${TEXT})`, 'gi');
/** `password: $p`: what the variable p holds is a password too. */
const VARIABLE = new RegExp(`${SECRET}\\s*:\\s*\\$(\\w+)`, 'gi');

/** Variables of this page that held passwords, whatever they are called. */
const named = new Set<string>();

/** Notes the variables that hold passwords in a text. Reports whether one is new. */
function note(text: string): boolean {
  const before = named.size;
  for (const [, name] of text.matchAll(VARIABLE)) if (name) named.add(name);
  return named.size > before;
}

/** A text without the passwords in it. */
function withoutSecrets(text: string): string {
  let clean = text.replace(LITERAL, '$1""').replace(DEFAULT, '$1""');
  for (const name of named) clean = clean.replace(new RegExp(`("${name}"\\s*:\\s*|\\$${name}\\s*:\\s*\\w+!?\\s*=\\s*)(?:${TEXT})`, 'g'), '$1""');
  return clean;
}

/** What is stored is JSON with texts in it, or a text, which may be the JSON of variables. */
function cleaned(name: string, value: string): string {
  if (name.endsWith(':variables') || name.endsWith(':query')) return withoutSecrets(value);
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null) return JSON.stringify(each(parsed));
  } catch {
    // A text.
  }
  return withoutSecrets(value);
}

function each(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (Array.isArray(value)) return value.map(each);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, each(v)]));
}

/** The storage of the browser, into which no password goes; undefined where there is none. */
export function storageWithoutSecrets(): Storage | undefined {
  let storage: Storage;
  try {
    storage = window.localStorage;
  } catch {
    return undefined;
  }
  const keys = () => Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? '').filter((name) => name.startsWith('graphiql:'));
  for (const name of keys()) note(storage.getItem(name) ?? '');
  return {
    get length() { return storage.length; },
    key: (index) => storage.key(index),
    getItem: (name) => storage.getItem(name),
    removeItem: (name) => storage.removeItem(name),
    clear: () => storage.clear(),
    setItem: (name, value) => {
      const grown = note(value);
      storage.setItem(name, cleaned(name, value));
      // The values of variables are stored before the operation that says what they are.
      if (grown) for (const other of keys()) storage.setItem(other, cleaned(other, storage.getItem(other) ?? ''));
    },
  };
}
