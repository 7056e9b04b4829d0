import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { codeOf, stepAt } from '../../fleet/access/second-factor/totp.js';
import { decodeBase32 } from '../support/base32.js';
import { openPage, type BrowserPage } from '../support/browser.js';
import { startFleet } from '../support/fleet-under-test.js';
import { runProgram } from '../support/program.js';
import { programAvailable } from '../support/programs.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const WAIT = { timeout: 60_000 };
const PASSWORD = 'sept lampes au bord du lac';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds wrong with the page: labels, contrast, landmarks, names. */
const barriersOf = async ({ page }: BrowserPage): Promise<unknown> => {
  await page.evaluate(axe);
  return page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))',
  );
};

describe.skipIf(!programAvailable('chromium'))('somebody invited', { timeout: 240_000 }, () => {
  test('joins by the link, sets up a second factor, and signs in with it', async () => {
    const fleet = await startFleet(temporaryFolder());
    const data = ['--data', fleet.dataFolder, '--json'];
    const required = await runProgram('fleet', 'user', '2fa', 'require', '--roles', 'operator', ...data);
    expect(required.output).toContain('operator');
    const invite = ['user', 'invite', '--role', 'operator', '--login', 'zoe', '--url', fleet.url];
    const invited = JSON.parse((await runProgram('fleet', ...invite, ...data)).stdout) as { link: string };
    const browser = await openPage();
    const { page, faults } = browser;
    await page.goto(invited.link);
    await page.getByRole('heading', { name: /^Invitation/ }).waitFor(WAIT);
    expect(await barriersOf(browser)).toEqual([]);
    await page.getByLabel('Votre nom').fill('Zoé Lambert');
    expect(await page.getByLabel('Début de votre identifiant').inputValue()).toBe('zoe');
    await page.getByLabel('Nouveau mot de passe').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Votre identifiant est' }).waitFor(WAIT);
    const login = (await page.getByRole('status').textContent()) ?? '';
    expect(login).toMatch(/^zoe-[a-z2-7]{4}$/);
    expect(await barriersOf(browser)).toEqual([]);
    await page.getByRole('button', { name: 'Continuer' }).click();
    const key = page.locator('code.secret');
    await key.waitFor(WAIT);
    await page.getByRole('img', { name: /^QR code/ }).waitFor(WAIT);
    expect(await barriersOf(browser)).toEqual([]);
    const secret = decodeBase32((await key.textContent()) ?? '');
    await page.getByLabel('Code affiché par l’application').fill(codeOf(secret, stepAt(Date.now())));
    await page.keyboard.press('Enter');
    await page.locator('.codes li').nth(9).waitFor(WAIT);
    const [recovery = ''] = await page.locator('.codes code').allTextContents();
    await page.getByRole('button', { name: 'Je les ai gardés' }).click();
    await page.getByText('Aucune passerelle n’est encore enrôlée').waitFor(WAIT);
    await page.getByRole('link', { name: 'Mon compte' }).click();
    await page.getByText('Actif ; codes de secours restants : 10.').waitFor(WAIT);
    expect(await barriersOf(browser)).toEqual([]);
    await page.getByRole('button', { name: 'Se déconnecter' }).click();
    await page.getByLabel('Identifiant').fill(login);
    await page.getByLabel('Mot de passe').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByLabel('Code du second facteur').fill(recovery);
    await page.keyboard.press('Enter');
    await page.getByText('Aucune passerelle n’est encore enrôlée').waitFor(WAIT);
    expect(faults).toEqual([]);
    // refused at once, with no word from the service that runs
    await runProgram('fleet', 'user', 'disable', login, ...data);
    await page.getByLabel('Identifiant').waitFor(WAIT);
  });
});
