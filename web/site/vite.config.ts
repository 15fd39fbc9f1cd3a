import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { compress } from '../graphiql/compress';
import { paths } from './paths';
import ar from './words/ar';
import en from './words/en';

/** Where `npm run dev:site` finds a running Broadsheet. */
const server = process.env['BROADSHEET_URL'] ?? 'http://localhost:8080';

/** Writes what the server needs beside the files: the site's operations, by which it asks for the first view, its words and paths, and the service worker. */
function forServer(): Plugin {
  return {
    name: 'broadsheet-for-server',
    apply: 'build',
    generateBundle() {
      const operations = JSON.parse(readFileSync(new URL('./generated/persisted-documents.json', import.meta.url), 'utf8')) as Record<string, string>;
      this.emitFile({ type: 'asset', fileName: 'operations.json', source: JSON.stringify(operations) });
      this.emitFile({ type: 'asset', fileName: 'worker.js', source: readFileSync(new URL('./worker.js', import.meta.url), 'utf8') });
      this.emitFile({ type: 'asset', fileName: 'routes.json', source: JSON.stringify(paths) });
      this.emitFile({ type: 'asset', fileName: 'words.json', source: JSON.stringify({ en, ar }) });
    },
  };
}

export default defineConfig({
  base: '/_site/', // the path that internal/website serves
  plugins: [forServer(), compress()],
  build: {
    outDir: '../../internal/website/assets',
    emptyOutDir: true,
    assetsDir: 'static',
    assetsInlineLimit: 0,
    target: 'es2022',
    cssCodeSplit: false,
    manifest: 'manifest.json',
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    reportCompressedSize: true,
    rolldownOptions: { input: fileURLToPath(new URL('./main.tsx', import.meta.url)), checks: { moduleLevelDirective: false } },
  },
  server: { proxy: { '/graphql': { target: server, ws: true }, '/media': server } },
});
