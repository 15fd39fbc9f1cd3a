import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { ask } from './Account';
import { examples, filled, type Example } from './examples';

const groups = [...new Set(examples.map((e) => e.group))];
const endpoint = () => document.getElementById('graphiql')?.dataset['endpoint'] ?? '/graphql';

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
      <p>What a news site asks for, and what its newsroom does. Values come from this site. Change a copy as you like.</p>
      {groups.map((group) => (
        <section key={group} aria-label={group}>
          <h3>{group}</h3>
          <ul>
            {examples.filter((e) => e.group === group).map((example) => (
              <li key={example.operationName}>
                <button type="button" data-needs={example.needs} data-operation={example.operationName} onClick={() => void open(example)}>
                  <strong>{example.title}</strong>
                  <span>{example.about}{example.needs && ` For the role ${example.needs} and above.`}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <p>
        <a href={`${import.meta.env.BASE_URL}licenses.md`}>Licences of the libraries in this page</a>
      </p>
    </section>
  );
}

/** Opens an example in a new tab, or turns to the tab that holds it unchanged. */
function useOpenExample(): (example: Example) => Promise<void> {
  const { addTab, changeTab, setOperationName } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor, headerEditor } = useGraphiQL(
    ({ tabs, queryEditor, variableEditor, headerEditor }) => ({ tabs, queryEditor, variableEditor, headerEditor }),
  );
  return async (example) => {
    const variables = await filled(example, (query) => ask(endpoint(), query));
    const index = tabs.findIndex((tab) => tab.query === example.query);
    if (index >= 0) {
      changeTab(index);
      if (example.fill) variableEditor?.setValue(variables); // the site may have others by now
    } else {
      // A token typed for one operation is wanted for the next.
      const headers = headerEditor?.getValue() ?? '';
      addTab();
      queryEditor?.setValue(example.query);
      variableEditor?.setValue(variables);
      headerEditor?.setValue(headers);
    }
    // GraphiQL finds the name a moment after each change; until then it would run under the former tab's.
    setOperationName(example.operationName);
    queryEditor?.setScrollPosition({ scrollLeft: 0, scrollTop: 0 });
  };
}
