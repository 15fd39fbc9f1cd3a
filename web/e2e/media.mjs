// An editor uploads a picture from the page of GraphiQL: by hand, with the pane for files, and by a program on the page, with
// its session and under its policy, by the operation that docs/media.md shows for curl.
//
//   BROADSHEET_EMAIL=… BROADSHEET_PASSWORD=… BROADSHEET_OPERATIONS=… node e2e/media.mjs BASE_URL
import assert from 'node:assert/strict';
import { run, signIn, travel } from './browser.mjs';

const [base] = process.argv.slice(2);
const { BROADSHEET_EMAIL: email, BROADSHEET_PASSWORD: password, BROADSHEET_OPERATIONS: operations } = process.env;
if (!base || !email || !password || !operations) {
  console.error('usage: BROADSHEET_EMAIL=… BROADSHEET_PASSWORD=… BROADSHEET_OPERATIONS=… node e2e/media.mjs BASE_URL');
  process.exit(2);
}

await travel('Media', base, async (page) => {
  await page.goto(new URL('/graphiql', base).href);
  await signIn(page, email, password);

  await page.getByRole('button', { name: 'Show Examples' }).or(page.getByRole('button', { name: 'Hide Examples' })).first().waitFor();
  if (await page.getByRole('button', { name: 'Show Examples' }).isVisible()) await page.getByRole('button', { name: 'Show Examples' }).click();
  await page.locator('.broadsheet-examples').getByRole('button', { name: 'Upload a picture' }).click();
  await page.getByRole('tab', { name: 'UploadPicture' }).waitFor();
  await page.getByRole('button', { name: 'Show Files to upload' }).click();
  const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');
  const answer = async () => {
    const sent = page.waitForResponse((r) => r.request().method() === 'POST' && (r.request().headers()['content-type'] ?? '').startsWith('multipart/form-data'));
    await page.getByRole('button', { name: /^Execute query/ }).click();
    return (await sent).json();
  };
  await page.getByLabel('$file').setInputFiles({ name: '../Fähre\u202e.png', mimeType: 'text/plain', buffer: pixel });
  const { data, errors } = await answer();
  assert.equal(errors, undefined);
  assert.deepEqual(data.uploadMedia.userErrors, []);
  assert.equal(data.uploadMedia.media.width, 1);
  await page.locator('.result-window').getByText('uploadMedia').waitFor();
  // What is no picture is refused by its bytes, in the answer.
  await page.getByLabel('$file').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('words') });
  assert.equal((await answer()).data.uploadMedia.userErrors[0].code, 'INVALID');
  // Nothing is sent by itself: another operation goes without the file.
  const plain = await run(page, 'Plain', 'query Plain { viewer { displayName } }');
  assert.equal(plain.errors, undefined);

  const seen = await page.evaluate(async (operations) => {
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 200;
    const pen = canvas.getContext('2d');
    if (pen) pen.fillRect(0, 0, 160, 200);
    /** @type {Blob} */
    const picture = await new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png'));
    const form = new FormData();
    form.append('operations', operations);
    form.append('map', '{"0": ["variables.file"]}');
    form.append('0', picture, 'harbour.png');
    const answer = await fetch('/graphql', { method: 'POST', body: form, headers: { 'GraphQL-Require-Preflight': '1' } });
    const { data, errors } = await answer.json();
    if (errors) return { errors };
    const { media, userErrors } = data.uploadMedia;
    const original = await fetch(media.url);
    const variant = await fetch(`${media.url}/160.webp`);
    return { media, userErrors, bytes: (await original.blob()).size, sent: picture.size, type: variant.headers.get('content-type') };
  }, operations);

  assert.equal(seen.errors, undefined);
  assert.deepEqual(seen.userErrors, []);
  assert.equal(seen.media.width, 320);
  assert.ok(seen.bytes > 0 && seen.bytes <= seen.sent, `${seen.bytes} bytes of ${seen.sent}`);
  assert.equal(seen.type, 'image/webp');
});
