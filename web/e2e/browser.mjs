// What the journeys through GraphiQL share: a browser that notes whatever a clean page never does, and hands for it.
import { chromium } from 'playwright-core';

/**
 * Runs a journey in a fresh browser and ends the process with 1 when it stops or the page misbehaves.
 * @param {string} name
 * @param {string} base
 * @param {(page: import('playwright-core').Page, faults: string[]) => Promise<void>} journey
 */
export async function travel(name, base, journey) {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  /** @type {string[]} */
  const faults = [];
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    watch(page, new URL(base).origin, faults);
    await journey(page, faults);
  } catch (error) {
    // Reported after what the page itself complained of, which is often the cause.
    faults.push(`stopped: ${error instanceof Error ? error.stack : error}`);
  } finally {
    await browser.close();
  }
  if (faults.length > 0) {
    console.error(faults.join('\n'));
    process.exit(1);
  }
  console.log(`${name}: no faults`);
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} origin
 * @param {string[]} faults
 */
function watch(page, origin, faults) {
  page.on('console', (message) => {
    // Chromium reports violations of the policy here too, those of workers included.
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const { protocol, origin: target } = new URL(request.url());
    if (protocol.startsWith('http') && target !== origin) faults.push(`other origin: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`status ${response.status()}: ${response.url()}`);
  });
}

/**
 * Signs an editor in on the page of GraphiQL.
 * @param {import('playwright-core').Page} page
 * @param {string} email
 * @param {string} password
 */
export async function signIn(page, email, password) {
  const account = page.getByRole('form', { name: 'Account' });
  await account.getByLabel('E-mail').fill(email);
  await account.getByLabel('Password').fill(password);
  await account.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('group', { name: 'Account' }).getByText('editor').waitFor();
}

/**
 * Replaces the text of the operation editor at one stroke, so that completion does not meddle.
 * @param {import('playwright-core').Page} page
 * @param {string} text
 */
export async function write(page, text) {
  // Not the lines: a long one reaches beyond the editor.
  await page.locator('.graphiql-query-editor .monaco-editor').first().click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(text);
}

/**
 * Writes an operation, runs it with the button as a person does, and gives its answer.
 * @param {import('playwright-core').Page} page
 * @param {string} name of the operation
 * @param {string} text
 * @returns {Promise<{ data: any, errors?: unknown }>}
 */
export async function run(page, name, text) {
  await write(page, text);
  await page.getByRole('tab', { name }).waitFor(); // GraphiQL has read the new text
  const answer = page.waitForResponse((r) => (r.request().postData() ?? '').includes(name));
  await page.getByRole('button', { name: /^Execute query/ }).click();
  return (await answer).json();
}
