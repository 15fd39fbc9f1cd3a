import './workers'; // before anything loads Monaco
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN, type GraphiQLProps } from 'graphiql';
import 'graphiql/style.css';
import { createRoot } from 'react-dom/client';
import { Account } from './Account';
import './broadsheet.css';
import { EXAMPLES_PLUGIN } from './ExamplesPanel';
import { examples } from './examples';
import { createFetcher } from './fetcher';
import { FILES_PLUGIN } from './FilesPanel';
import logo from './logo.svg';
import { storageWithoutSecrets } from './secrets';
import { readSettings } from './settings';
import { isFirstVisit, persistsHeaders } from './storage';

/** A first visitor finds this many examples open; the side pane has them all. */
const OPENING_TABS = 3;

/** Puts an operation together by ticking fields. */
const BUILDER_PLUGIN = { ...explorerPlugin({ showAttribution: false }), title: 'Operation builder' };

const root = document.getElementById('graphiql');
if (!root) {
  throw new Error('The page has no element with the id "graphiql".');
}

const settings = readSettings(root);
const storage = storageWithoutSecrets();
const props: GraphiQLProps = {
  ...(storage && { storage }),
  fetcher: createFetcher(settings),
  plugins: [EXAMPLES_PLUGIN, BUILDER_PLUGIN, FILES_PLUGIN, HISTORY_PLUGIN],
  defaultTabs: examples.slice(0, OPENING_TABS),
  defaultEditorToolsVisibility: true,
  isHeadersEditorEnabled: true,
  shouldPersistHeaders: persistsHeaders(),
  showPersistHeadersSettings: true,
  inputValueDeprecation: true,
  schemaDescription: true,
  // On a phone the examples would leave no room for the editor.
  ...(isFirstVisit() && window.matchMedia('(min-width: 48rem)').matches && { visiblePlugin: EXAMPLES_PLUGIN }),
};

createRoot(root).render(
  <>
    <Account endpoint={settings.endpoint} />
  <GraphiQL {...props}>
    <GraphiQL.Logo>
      <span className="broadsheet-logo">
        <img src={logo} alt="" width="20" height="20" />
        Broadsheet
      </span>
    </GraphiQL.Logo>
  </GraphiQL>
  </>,
);
