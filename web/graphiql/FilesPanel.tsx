import { useGraphiQL, useOperationsEditorState, type GraphiQLPlugin } from '@graphiql/react';
import { parse } from 'graphql';
import { useEffect, useMemo, useReducer } from 'react';
import { choose, filesOf, findBy, places } from './files';

/** Side pane with a file input for each variable of the operation that takes a file. */
export const FILES_PLUGIN: GraphiQLPlugin = {
  title: 'Files to upload',
  icon: FilesIcon,
  content: FilesPanel,
};

function FilesIcon() {
  return (
    <svg viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M12 16V4M7 9l5-5 5 5M4 16v4h16v-4" />
    </svg>
  );
}

function FilesPanel() {
  const schema = useGraphiQL((state) => state.schema);
  const [operations] = useOperationsEditorState();
  const [, changed] = useReducer((n: number) => n + 1, 0);
  const found = useMemo(() => {
    try {
      return schema ? places(schema, parse(operations)) : [];
    } catch {
      return []; // it is being typed
    }
  }, [schema, operations]);
  useEffect(() => findBy(schema), [schema]);
  const take = (path: string, files: readonly File[]) => {
    choose(path, files);
    changed();
  };
  return (
    <section className="broadsheet-files" aria-label="Files to upload">
      <h2 className="broadsheet-examples-heading">Files to upload</h2>
      <p>Files that are sent with the operation, for its variables of the type <code>Upload</code>.</p>
      {found.length === 0 && (
        <p>
          This operation takes none. One that does begins like <code>{'mutation ($file: Upload!) { uploadMedia(input: { file: $file })'}</code>.
        </p>
      )}
      {found.map(({ path, several, required }) => (
        <p key={path}>
          <label>
            <code>${path}</code>{required && ' (needed)'}
            <br />
            <input type="file" multiple={several} onChange={(e) => take(path, [...(e.target.files ?? [])])} />
          </label>
          {filesOf(path).map((file) => <span key={file.name}><br />{file.name}, {file.size.toLocaleString('en')} bytes</span>)}
          {filesOf(path).length > 0 && <> <button type="button" onClick={() => take(path, [])}>Do not send</button></>}
        </p>
      ))}
    </section>
  );
}
