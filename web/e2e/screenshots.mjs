// Takes pictures of the site and of GraphiQL, light and dark, in English and Arabic, as phones, tablets and desks show them.
//
//   npm run screenshots -- BASE_URL FOLDER
//
// BASE_URL serves the demo newsroom. CHROMIUM names the browser.
import { chromium } from 'playwright-core';

const [base, folder] = process.argv.slice(2);
if (!base || !folder) {
  console.error('usage: npm run screenshots -- BASE_URL FOLDER');
  process.exit(2);
}
const pages = {
  'front-en': '/', 'front-ar': '/languages/ar', 'section-en': '/sections/world', 'section-ar': '/sections/world?language=ar',
  'article-en': '/articles/port-strike-ends-after-vote-in-the-fish-hall', 'article-ar': '/articles/انتهاء-اضراب-المرفا-بعد-تصويت-في-سوق-السمك', graphiql: '/graphiql',
};
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', headless: true, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
for (const width of [390, 820, 1440]) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 900 }, colorScheme, reducedMotion: 'reduce', serviceWorkers: 'block' });
    const page = await context.newPage();
    await page.goto(new URL('/', base).href);
    await page.getByRole('button', { name: 'Accept' }).click();
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(new URL(path, base).href);
      await page.waitForLoadState('networkidle');
      if (name !== 'graphiql') await page.evaluate(async () => { // pictures further down come when they are near
        for (let y = 0; y < 2400; y += 800) {
          window.scrollTo(0, y);
          await new Promise((done) => { setTimeout(done, 60); });
        }
        window.scrollTo(0, 0);
      });
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png`, fullPage: name !== 'graphiql', ...(name === 'graphiql' ? {} : { clip: { x: 0, y: 0, width, height: 2400 } }) });
    }
    await context.close();
  }
}
await browser.close();
