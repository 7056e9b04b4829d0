import { chromium, type Page } from 'playwright-core';
import { delimiter, join } from 'node:path';
import { existsSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A page of Debian's chromium with a profile of its own, and what went wrong on it so far. */
export interface BrowserPage {
  readonly page: Page;
  /** Errors and warnings of the browser's console, uncaught exceptions, refused policies. */
  readonly faults: readonly string[];
}

const executablePath = (): string => {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error('chromium is not installed');
  return found;
};

/** Opens a page of this width, in French, at Paris; closed when the test ends. */
export const openPage = async (width = 1280): Promise<BrowserPage> => {
  const context = await chromium.launchPersistentContext(temporaryFolder(), {
    executablePath: executablePath(),
    args: FLAGS,
    headless: true,
    viewport: { width, height: 800 },
    locale: 'fr-FR',
    timezoneId: 'Europe/Paris',
  });
  onTestFinished(() => context.close());
  const page = context.pages()[0] ?? (await context.newPage());
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  return { page, faults };
};
