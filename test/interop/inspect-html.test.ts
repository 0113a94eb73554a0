import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compare } from '../../src/inspect/comparison.ts'
import { renderComparisonHtml } from '../../src/inspect/comparison-html.ts'
import { renderHtml } from '../../src/inspect/html.ts'
import { alike, hostile, unlike } from '../inspect/support/inspections.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { openFile, startChromium } from './support/browser.ts'

let browser: Browser
let tree: Tree
let at: (name: string) => string

beforeAll(async () => {
  browser = await startChromium()
  tree = await emptyTree()
  at = (name) => join(tree.path, name)
  const pages = { 'unlike.html': renderHtml(unlike()), 'alike.html': renderHtml(alike()), 'hostile.html': renderHtml(hostile()), 'two.html': renderComparisonHtml(compare(alike(), unlike())) }
  for (const [name, text] of Object.entries(pages)) await writeFile(at(name), text)
})

afterAll(async () => {
  await browser?.close()
  await tree?.remove()
})

describe('the page of a package', () => {
  test.each(['unlike.html', 'alike.html', 'two.html', 'hostile.html'])('%s opens from a file, asks for nothing and has nothing to complain of', async (name) => {
    const { page, noises } = await openFile(browser, at(name))
    expect(await page.locator('h1').count()).toBe(1)
    await page.evaluate('new Promise((painted) => requestAnimationFrame(painted))')
    expect(noises).toEqual([])
    await page.close()
  })

  test('has a matrix of modules by platform with what each has', async () => {
    const { page } = await openFile(browser, at('unlike.html'))
    expect(await page.evaluate(`look.cells('[aria-label="Buildpacks by platform"] table')`)).toEqual([
      ['ID', 'Version', 'API', 'linux/amd64', 'linux/arm64', 'linux/arm/v7'],
      ['acme/git', '1.0.0', '0.10', 'yes', 'yes', 'absent'],
      ['acme/jdk', '17.0.1', '0.10', 'yes', 'differs: 17.0.2', 'yes'],
      ['acme/maven-shared', '3.9.0', '0.10', 'yes', 'yes', 'yes'],
      ['acme/meta', '1.2.0', '0.10', 'yes', 'yes', 'yes'],
    ])
    expect(await page.getByRole('rowheader', { name: 'acme/git' }).count()).toBe(1)
    expect(await page.getByRole('columnheader', { name: 'linux/arm64' }).count()).toBe(1)
    await page.close()
  })

  test('draws the layers to one scale', async () => {
    const { page } = await openFile(browser, at('unlike.html'))
    const widths = await page.evaluate<number[][]>('look.widths()')
    const sizes = unlike().platforms.map(({ layers }) => layers.map(({ size }) => size))
    const largest = Math.max(...sizes.map((of) => of.reduce((sum, size) => sum + size, 0)))
    expect(widths.map((of) => of.map((width) => width.toFixed(2)))).toEqual(sizes.map((of) => of.map((size) => (size / largest).toFixed(2))))
    await page.close()
  })

  test('is folded open and closed by keyboard alone', async () => {
    const { page } = await openFile(browser, at('unlike.html'))
    const files = page.locator('details.files')
    const cell = files.getByText('file 0644 1200 bytes', { exact: false }).first()
    expect(await cell.isVisible()).toBe(false)
    const reached = async (): Promise<boolean> => page.evaluate("document.activeElement.matches('.files summary')")
    for (let presses = 0; presses < 40 && !(await reached()); presses += 1) await page.keyboard.press('Tab')
    expect(await reached()).toBe(true)
    await page.keyboard.press('Enter')
    expect(await cell.isVisible()).toBe(true)
    await page.keyboard.press('Space')
    expect(await cell.isVisible()).toBe(false)
    await page.close()
  })

  test('is dark where the reader likes it dark, and can be read in both', async () => {
    const grounds: number[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openFile(browser, at('unlike.html'), { colorScheme })
      const contrasts = await page.evaluate<{ readonly ground: number; readonly texts: number; readonly poor: readonly string[] }>('look.contrasts()')
      grounds.push(contrasts.ground)
      expect(contrasts.texts).toBeGreaterThan(40)
      expect(contrasts.poor, colorScheme).toEqual([])
      await page.close()
    }
    expect(grounds[0]).toBeGreaterThan(0.9)
    expect(grounds[1]).toBeLessThan(0.1)
  })

  test.each([360, 800, 1600])('is never wider than a window of %i pixels: wide tables scroll by themselves', async (width) => {
    for (const name of ['unlike.html', 'hostile.html', 'two.html']) {
      const { page } = await openFile(browser, at(name), { viewport: { width, height: 800 } })
      await page.evaluate('look.unfold()')
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      await page.close()
    }
  })

  test('prints what is folded, too', async () => {
    const { page } = await openFile(browser, at('unlike.html'))
    const path = page.locator('details.files').getByText('bin/detect', { exact: false }).first()
    expect(await path.isVisible()).toBe(false)
    await page.emulateMedia({ media: 'print' })
    expect((await path.boundingBox())?.height).toBeGreaterThan(0)
    await page.close()
  })

  test('runs and shows nothing of what a label would like to', async () => {
    const { page, noises } = await openFile(browser, at('hostile.html'))
    const title = await page.title()
    expect(title).toMatch(/what is in it$/)
    await page.evaluate('look.unfold()')
    for (const cell of await page.locator('th, td').all()) await cell.dispatchEvent('mouseover')
    expect(await page.locator('script, img, iframe, object, [onmouseover], [onerror], [style]').count()).toBe(0)
    expect(await page.locator('a:not([href^="https:"], [href="#differences"])').count()).toBe(0)
    expect(await page.title()).toBe(title)
    expect(noises).toEqual([])
    await page.close()
  })
})
