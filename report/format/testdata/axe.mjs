// axe.mjs CHROMIUM PAGE: looks at the page in each width and colour scheme and
// writes what axe-core objects to as JSON.
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';

const [, , executablePath, page] = process.argv;
const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const looks = [];
for (const width of [390, 1280]) {
  for (const scheme of ['light', 'dark']) {
    const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme, bypassCSP: true });
    const requests = [];
    let dialogs = 0;
    tab.on('request', r => requests.push(r.url()));
    tab.on('dialog', d => { dialogs++; d.dismiss(); });
    await tab.goto('file://' + page);
    await tab.evaluate(() => document.querySelectorAll('details').forEach(d => { d.open = true; }));
    const scroll = await tab.evaluate(() => document.documentElement.scrollWidth);
    const seen = requests.slice();
    await tab.addScriptTag({ content: axe });
    const result = await tab.evaluate(() => axe.run());
    looks.push({
      width, scroll, scheme, dialogs, requests: seen,
      violations: result.violations.flatMap(v => v.nodes.slice(0, 5).map(n => `${v.id}: ${n.html.slice(0, 200)}: ${n.failureSummary}`)),
    });
    await tab.close();
  }
}
await browser.close();
console.log(JSON.stringify(looks));
