import { getNamedType, getNullableType, isInputObjectType, isListType, isNonNullType, Kind, parse, typeFromAST, type DocumentNode, type GraphQLInputType, type GraphQLSchema } from 'graphql';

/** The files that were chosen, by the path of the variable that takes them, such as `file` or `input.file`. */
const chosen = new Map<string, readonly File[]>();

/** The schema by which places are found; the pane, where files are chosen, says it. */
let known: GraphQLSchema | undefined;

/** Says by which schema places are found. */
export function findBy(schema: GraphQLSchema | null | undefined): void {
  known = schema ?? known;
}

/** A place in the variables of an operation that takes a file, or several. */
export interface Place { readonly path: string; readonly several: boolean; readonly required: boolean }

/** How many levels of input objects are looked through. */
const DEPTH = 4;

/** Gives the places for files in the variables of a document, or of one of its operations. */
export function places(schema: GraphQLSchema, document: DocumentNode, operationName?: string | null): readonly Place[] {
  const found = new Map<string, Place>();
  const look = (path: string, type: GraphQLInputType, depth: number) => {
    const bare = getNullableType(type);
    if (getNamedType(bare).name === 'Upload') {
      found.set(path, { path, several: isListType(bare), required: isNonNullType(type) });
    } else if (isInputObjectType(bare) && depth < DEPTH) {
      for (const field of Object.values(bare.getFields())) look(`${path}.${field.name}`, field.type, depth + 1);
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION || (operationName && definition.name?.value !== operationName)) continue;
    for (const { variable, type } of definition.variableDefinitions ?? []) {
      const input = typeFromAST(schema, type) as GraphQLInputType | undefined;
      if (input) look(variable.name.value, input, 0);
    }
  }
  return [...found.values()];
}

/** Chooses the files of a place; none takes them away. */
export function choose(path: string, files: readonly File[]): void {
  if (files.length > 0) chosen.set(path, files);
  else chosen.delete(path);
}

/** The files of a place. */
export function filesOf(path: string): readonly File[] {
  return chosen.get(path) ?? [];
}

interface Params { readonly query: string; readonly operationName?: string | null; readonly variables?: unknown }

/**
 * Gives the body of a request with the files that were chosen for the variables of an operation, by the GraphQL multipart
 * request specification; undefined when there are none.
 */
export function multipart({ query, operationName, variables }: Params): FormData | undefined {
  if (chosen.size === 0 || !known) return undefined;
  const taken = new Set(places(known, parse(query), operationName).map(({ path }) => path));
  const wanted = [...chosen].filter(([path]) => taken.has(path));
  if (wanted.length === 0) return undefined;
  const values = structuredClone(variables ?? {}) as Record<string, unknown>;
  const map: Record<string, string[]> = {};
  const parts: File[] = [];
  for (const [path, files] of wanted) {
    const several = Array.isArray(at(values, path)) || files.length > 1;
    put(values, path, several ? files.map(() => null) : null);
    for (const [i, file] of files.entries()) {
      map[parts.length] = [`variables.${path}${several ? `.${i}` : ''}`];
      parts.push(file);
    }
  }
  const form = new FormData();
  form.append('operations', JSON.stringify({ query, operationName, variables: values }));
  form.append('map', JSON.stringify(map));
  parts.forEach((file, i) => form.append(String(i), file, file.name));
  return form;
}

function at(values: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], values);
}

function put(values: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let below = values;
  for (const key of keys) below = (below[key] ??= {}) as Record<string, unknown>;
  below[last] = value;
}
