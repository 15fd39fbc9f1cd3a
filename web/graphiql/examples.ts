import index from './examples/index.json';

/** One saved operation of the menu. */
export interface Example {
  /** The part of the menu that it stands in. */
  readonly group: string;
  /** Shown in the menu. */
  readonly title: string;
  /** One sentence on when a client wants it. */
  readonly about: string;
  /** The GraphQL document, with one named operation. */
  readonly query: string;
  /** Variables as JSON text, "" for none. */
  readonly variables: string;
  /** The operation's name, which GraphiQL also shows on the tab. */
  readonly operationName: string;
  /** The least role that may run it; undefined: everybody. */
  readonly needs: string | undefined;
  /** What the site is asked for to fill the variables: paths into the answer by the names of variables. */
  readonly fill: Fill | undefined;
}

interface Fill { readonly query: string; readonly variables: Readonly<Record<string, string>> }

interface Entry {
  readonly file: string; readonly group: string; readonly title: string; readonly about: string; readonly variables: Record<string, unknown> | null; readonly needs?: string; readonly fill?: Fill;
}

const documents = import.meta.glob<string>('./examples/*.graphql', { query: '?raw', import: 'default', eager: true });

/** All examples in the order of the menu. The files lie apart from the code so that other tools can read them too. */
export const examples: readonly Example[] = (index as unknown as readonly Entry[]).map(({ file, group, title, about, variables, needs, fill }) => {
  const query = documents[`./examples/${file}`];
  const operationName = query && /^(?:query|mutation|subscription)\s+(\w+)/m.exec(query)?.[1];
  if (!query || !operationName) {
    throw new Error(`Example ${file} is missing or has no named operation.`);
  }
  return { group, title, about, query, operationName, needs, fill, variables: variables ? JSON.stringify(variables, null, 2) : '' };
});

/** The variables of an example with what the site has; as they are where it has nothing, or does not answer. */
export async function filled(example: Example, ask: (query: string) => Promise<{ readonly data?: unknown }>): Promise<string> {
  if (!example.fill) return example.variables;
  const variables = JSON.parse(example.variables || '{}') as Record<string, unknown>;
  const { data } = await ask(example.fill.query).catch(() => ({ data: undefined }));
  for (const [name, path] of Object.entries(example.fill.variables)) {
    const value = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], data);
    if (value === undefined || value === null) continue;
    const [first = '', index] = name.split('.');
    if (index === undefined) variables[first] = value;
    else (variables[first] as unknown[])[Number(index)] = value;
  }
  return JSON.stringify(variables, null, 2);
}
