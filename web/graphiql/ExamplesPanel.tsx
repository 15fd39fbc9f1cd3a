import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { examples, type Example } from './examples';

/** Side pane with the saved operations; a click opens one in its own tab. */
export const EXAMPLES_PLUGIN: GraphiQLPlugin = {
  title: 'Examples',
  icon: ExamplesIcon,
  content: ExamplesPanel,
};

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 4h12v16H6a2 2 0 0 1-2-2zM16 9h4v9a2 2 0 0 1-4 0z" />
      <path d="M7 8h6M7 12h6M7 16h4" />
    </svg>
  );
}

function ExamplesPanel() {
  const open = useOpenExample();
  return (
    <section className="broadsheet-examples" aria-label="Example operations">
      <h2 className="broadsheet-examples-heading">Examples</h2>
      <p>What a news site asks for, one operation per page. Change a copy as you like.</p>
      <ul>
        {examples.map((example) => (
          <li key={example.operationName}>
            <button type="button" onClick={() => open(example)}>
              <strong>{example.title}</strong>
              <span>{example.about}</span>
            </button>
          </li>
        ))}
      </ul>
      <p>
        <a href={`${import.meta.env.BASE_URL}licenses.md`}>Licences of the libraries in this page</a>
      </p>
    </section>
  );
}

/** Opens an example in a new tab, or turns to the tab that holds it unchanged. */
function useOpenExample(): (example: Example) => void {
  const { addTab, changeTab, setOperationName } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor, headerEditor } = useGraphiQL(
    ({ tabs, queryEditor, variableEditor, headerEditor }) => ({ tabs, queryEditor, variableEditor, headerEditor }),
  );
  return (example) => {
    const index = tabs.findIndex((tab) => tab.query === example.query);
    if (index >= 0) {
      changeTab(index);
    } else {
      // A token typed for one operation is wanted for the next.
      const headers = headerEditor?.getValue() ?? '';
      addTab();
      queryEditor?.setValue(example.query);
      variableEditor?.setValue(example.variables);
      headerEditor?.setValue(headers);
    }
    // GraphiQL finds the name a moment after each change; until then it would run under the former tab's.
    setOperationName(example.operationName);
    queryEditor?.setScrollPosition({ scrollLeft: 0, scrollTop: 0 });
  };
}
