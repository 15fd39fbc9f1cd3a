// Runs the audits of graphql-http against a server:
//
//   node e2e/graphql-http.mjs http://localhost:8080/graphql
//
// It fails when one of them does, and says how many there were.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: node e2e/graphql-http.mjs URL');
  process.exit(2);
}
const audits = serverAudits({ url, fetchFn: fetch });
let failed = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status !== 'ok') {
    failed++;
    console.log(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
  }
}
console.log(`${audits.length - failed} of ${audits.length} audits passed`);
process.exit(failed === 0 ? 0 : 1);
