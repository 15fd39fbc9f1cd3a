// Measures the front page and an article by Lighthouse, on a server that runs, and says the median of several runs.
//
//   npm run lighthouse -- BASE_URL [RUNS]
//
// Lighthouse is fetched by npx, in the version below: it is no dependency of the site. BASE_URL serves the demo newsroom. CHROMIUM names the
// browser. Fails below 95 of performance or 100 of accessibility, best practices or SEO.
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';

const VERSION = '13.5.0';
const [base, runs = '5'] = process.argv.slice(2);
if (!base) {
  console.error('usage: npm run lighthouse -- BASE_URL [RUNS]');
  process.exit(2);
}
const least = { performance: 95, accessibility: 100, 'best-practices': 100, seo: 100 };
/** @param {number[]} of */
const median = (of) => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
for (const path of ['/', '/articles/port-strike-ends-after-vote-in-the-fish-hall']) {
  /** @type {Record<string, number[]>} */
  const scores = {};
  /** @type {Record<string, number[]>} */
  const times = {};
  for (let i = 0; i < Number(runs); i++) {
    const text = execFileSync('npx', ['--yes', `lighthouse@${VERSION}`, new URL(path, base).href, '--quiet', '--output=json', `--only-categories=${Object.keys(least).join(',')}`,
      '--chrome-flags=--headless=new --no-sandbox --disable-gpu'], { encoding: 'utf8', maxBuffer: 64 << 20, env: { ...process.env, CHROME_PATH: process.env['CHROMIUM'] ?? '/usr/bin/chromium' } });
    const { categories, audits } = JSON.parse(text);
    for (const [name, { score }] of Object.entries(categories)) (scores[name] ??= []).push(Math.round(score * 100));
    for (const name of ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift']) (times[name] ??= []).push(audits[name].numericValue);
    for (const [id, audit] of Object.entries(audits)) {
      const weighed = Object.values(categories).some((c) => c.auditRefs.some((/** @type {{ id: string, weight: number, group?: string }} */ r) => r.id === id && r.weight > 0 && r.group !== 'metrics'));
      if (weighed && audit.score !== null && audit.score < 1) console.log(`  ${id}: ${audit.title}`);
    }
  }
  console.log(`${path} (load ${loadavg()[0]?.toFixed(1)})`);
  for (const [name, all] of Object.entries(scores)) {
    console.log(`  ${name}: ${median(all)} (${all.join(', ')})`);
    if (median(all) < least[/** @type {keyof typeof least} */ (name)]) process.exitCode = 1;
  }
  for (const [name, all] of Object.entries(times)) console.log(`  ${name}: ${median(all).toFixed(name.endsWith('shift') ? 3 : 0)}`);
}
