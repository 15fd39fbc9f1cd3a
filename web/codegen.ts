import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

/** Types the site's operations from the schema, and writes the manifest by which the server knows them. */
const config: CodegenConfig = {
  schema: '../schema.graphql',
  documents: ['site/operations/*.graphql'],
  silent: true,
  generates: {
    'site/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
      documentTransforms: [addTypenameSelectionDocumentTransform],
      config: {
        documentMode: 'string',
        useTypeImports: true,
        enumsAsTypes: true,
        skipTypename: false,
        avoidOptionals: false,
        scalars: { DateTime: 'string', URL: 'string', Locale: 'string', CountryCode: 'string', HTML: 'string', JSON: 'unknown', Upload: 'File' },
      },
    },
  },
};

export default config;
