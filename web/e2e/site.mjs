// The news site in a browser, as readers use it: every page, the flows of guests and members, mails, Arabic, the keyboard, axe.
//
//   BROADSHEET_MAIL_PAGES="/account/verify …" BROADSHEET_EMAIL=… BROADSHEET_PASSWORD=… BROADSHEET_DIGEST=… node e2e/site.mjs BASE_URL [STEP…]
//
// Fails when a page breaks its content security policy, writes an error to the console, asks another origin for anything,
// has a violation that axe finds, or a step does not lead where it should; and, without STEPs, when an operation of the site was
// asked by no step, or a page that mails lead to was come to from no mail. BASE_URL serves the demo newsroom and keeps its
// mails. BROADSHEET_MAIL_PAGES are the paths that mails lead to; e-mail address and password are those of an admin; BROADSHEET_DIGEST
// is the address of a reader who was sent a digest. CHROMIUM names the browser. With BROADSHEET_AXE=no axe
// does not look: what it sees depends on no database.
import { travel } from './browser.mjs';
import { note, untried } from './site/hands.mjs';
import * as mails from './site/mails.mjs';
import * as odd from './site/odd.mjs';
import * as pages from './site/pages.mjs';
import * as readers from './site/readers.mjs';
import * as trouble from './site/trouble.mjs';

const [base, ...chosen] = process.argv.slice(2);
if (!base) {
  console.error('usage: node e2e/site.mjs BASE_URL [STEP…]');
  process.exit(2);
}
const { consent, firstViews, everyPage, scripts, blurred, keyboard, dark } = pages;
const { archive, bookmarks, browse, comment, contact, device, live, member, opinion, search, talk } = readers;
const { newsletter, account, digest, remarks } = mails;
const { addresses, stories, pictures } = odd;
const { cutOff, deployed, offline, parts, storage } = trouble;
const steps = [consent, firstViews, everyPage, scripts, blurred, trouble.trouble, parts, cutOff, offline, deployed, storage, addresses, stories, pictures, bookmarks, comment, live, member, device, talk, contact, browse,
  newsletter, account, digest, remarks, search, archive, opinion, keyboard, dark];

await travel('Site', base, async (page, faults) => {
  note(page.context());
  await page.context().addInitScript(() => {
    // Names where the page moved by itself, once it was shown.
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) {
        const shift = /** @type {{ value: number, hadRecentInput: boolean }} */ (/** @type {unknown} */ (e));
        if (!shift.hadRecentInput) document.documentElement.dataset['shift'] = String(Number(document.documentElement.dataset['shift'] ?? 0) + shift.value);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const step of steps) {
    if (chosen.length > 0 && !chosen.includes(step.name)) continue;
    const start = Date.now();
    await step(page, faults);
    console.log(`${step.name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  }
  if (chosen.length === 0) faults.push(...untried());
});
