import index from './examples/index.json';

/** One saved operation of the menu. */
export interface Example {
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
}

const documents = import.meta.glob<string>('./examples/*.graphql', { query: '?raw', import: 'default', eager: true });

/** All examples in the order of the menu. The files lie apart from the code so that the server's tests run them too. */
export const examples: readonly Example[] = index.map(({ file, title, about, variables }) => {
  const query = documents[`./examples/${file}`];
  const operationName = query && /^(?:query|mutation|subscription)\s+(\w+)/m.exec(query)?.[1];
  if (!query || !operationName) {
    throw new Error(`Example ${file} is missing or has no named operation.`);
  }
  return { title, about, query, operationName, variables: variables ? JSON.stringify(variables, null, 2) : '' };
});
