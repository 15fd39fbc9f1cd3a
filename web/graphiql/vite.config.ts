import { defineConfig, type Plugin } from 'vite';
import { compress } from './compress';

/** Where `npm run dev` finds a running Broadsheet. */
const server = process.env['BROADSHEET_URL'] ?? 'http://localhost:8080';

/** In `npm run dev` Vite serves the page itself and fills in what the Go handler would. */
function fillTemplate(): Plugin {
  const values: Record<string, string> = {
    Title: 'Broadsheet GraphiQL (dev)',
    Endpoint: '/graphql',
    SubscriptionEndpoint: '/graphql',
  };
  return {
    name: 'broadsheet-fill-template',
    apply: 'serve',
    transformIndexHtml: {
      order: 'pre',
      handler: (html) => html.replace(/{{\.(\w+)}}/g, (_, name: string) => values[name] ?? ''),
    },
  };
}

export default defineConfig({
  base: '/graphiql/', // the path that graph/graphiql serves
  plugins: [fillTemplate(), compress()],
  worker: { format: 'es' },
  build: {
    outDir: '../../graph/graphiql/assets',
    emptyOutDir: true,
    assetsDir: 'static',
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' }, // notices of the bundled libraries, served beside the page
    reportCompressedSize: false,
    chunkSizeWarningLimit: 6000, // kB; Monaco is one large chunk
    rolldownOptions: { checks: { moduleLevelDirective: false } }, // "use client" means nothing here
  },
  server: { proxy: { '/graphql': { target: server, ws: true } } },
});
