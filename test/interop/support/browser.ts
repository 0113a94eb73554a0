import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { attempt } from './exec.ts'

/** What a page did that a quiet one does not: messages on the console, errors, requests for anything but itself. */
export interface Watched {
  readonly page: Page
  readonly noises: string[]
}

/** As long as a test may take: a busy machine is no failure of a page. */
const patience = 120_000

/** Debian's Chromium without a window. No sandbox: the tests run as root. */
export async function startChromium(): Promise<Browser> {
  const executablePath = (await attempt('sh', ['-c', 'command -v chromium'])).stdout.trim()
  return chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: patience })
}

/** Opens a file in a page of its own, with `look` of in-page.js in it. */
export async function openFile(browser: Browser, path: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Watched> {
  const page = await browser.newPage(options)
  page.setDefaultTimeout(patience)
  const noises: string[] = []
  page.on('console', (message) => noises.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => noises.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => noises.push(`dialog: ${dialog.message()}`))
  page.on('request', (request) => {
    if (request.url() !== `file://${path}`) noises.push(`request: ${request.url()}`)
  })
  await page.goto(`file://${path}`)
  await page.evaluate(await readFile(new URL('in-page.js', import.meta.url), 'utf8'))
  return { page, noises }
}
