import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { decodeEvents } from '../../src/lib/events/codec.js'
import type { Event, EventType } from '../../src/lib/events/event.js'
import { inPage, servePage, startBrowser } from '../support/browser.js'
import { runCli, startCli } from '../support/cli.js'
import { changesOf, startCloud, startHeldCloud } from '../support/rehearsal.js'
import { requires } from '../support/requires.js'

async function eventsIn(file: string): Promise<readonly Event[]> {
  const events: Event[] = []
  for await (const event of decodeEvents([await readFile(file)])) events.push(event)
  return events
}

const allOf = <T extends EventType>(events: readonly Event[], type: T): readonly Extract<Event, { type: T }>[] =>
  events.filter((event): event is Extract<Event, { type: T }> => event.type === type)

/** The rows of the table with that caption, as a reader sees them, each cell with its exact figure if it has one. */
const tableOf = async (
  page: Page,
  caption: string,
): Promise<readonly (readonly (readonly [string, string | null])[])[]> =>
  page.evaluate(`inPage.rows(${JSON.stringify(caption)})`)

/** Opens the page in every way that people do, and gives what is wrong with it. */
async function look(text: string, check: (page: Page) => Promise<void>): Promise<void> {
  const browser = await startBrowser()
  const { url, asked } = await servePage(text)
  for (const [width, colorScheme] of [
    [1440, 'light'],
    [375, 'dark'],
    [1440, 'dark'],
    [375, 'light'],
  ] as const) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
    const page = await context.newPage()
    await page.addInitScript({ path: inPage })
    const said: string[] = []
    const requests: string[] = []
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(error.message))
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(url)
    await page.evaluate('inPage.open()')
    expect({ width, colorScheme, faults: await page.evaluate('inPage.faults()') }).toEqual({
      width,
      colorScheme,
      faults: [],
    })
    expect(said).toEqual([])
    expect(requests.filter((one) => !one.startsWith('data:'))).toEqual([url])
    expect(await page.getByRole('img', { name: /.{10,}/ }).count()).toBe(await page.locator('svg').count())
    for (const image of await page.getByRole('img').all()) {
      expect(await image.ariaSnapshot()).toMatch(/^- img ".{10,}"/)
    }
    await check(page)
    // Text keeps its size, however narrow the chart is.
    expect(await page.evaluate('inPage.smallest()')).toBeGreaterThanOrEqual(12)
    await context.close()
  }
  expect(asked).toEqual(Array.from({ length: 4 }, () => '/report.html'))
}

const { describe: withBrowser } = requires('chromium')

withBrowser('the report of a deploy, in a browser', () => {
  test('has the figures of the record of the same run, and of the releases before it', async () => {
    const cloud = await startCloud()
    const { directory } = cloud.project
    const options = { env: cloud.client(), cwd: directory }
    const first = await runCli(['deploy', '--progress', 'quiet'], options)
    expect({ code: first.code, said: first.stderr }).toMatchObject({ code: 0 })
    await cloud.project.write('backend/app/news.py', 'changed = True\n')
    const flags = ['--record', 'run.ndjson', '--report', 'out/report.html', '--report', 'report.md']
    const deployed = await runCli(['deploy', ...flags], options)
    expect({ code: deployed.code, said: deployed.stderr }).toMatchObject({ code: 0 })
    expect(deployed.stderr).toContain('Report: out/report.html\nReport: report.md\n')
    expect(await readdir(join(directory, 'out'))).toEqual(['report.html'])

    const events = await eventsIn(join(directory, 'run.ndjson'))
    await look(await readFile(join(directory, 'out/report.html'), 'utf8'), async (page) => {
      const phases = await tableOf(page, 'Phases of the run')
      const finished = allOf(events, 'phase.finished')
      expect(phases.slice(0, -1).map(([name, , time]) => [name?.[0], time?.[1]])).toEqual(
        finished.map(({ phase, duration }) => [phase, String(duration)]),
      )
      const [end] = allOf(events, 'run.finished')
      expect(phases.at(-1)?.[2]?.[1]).toBe(String(end?.duration))

      const [proof] = allOf(events, 'proof')
      const proved = await tableOf(page, 'What each target serves')
      expect(new Set(proved.map(([id]) => id?.[0]))).toEqual(new Set(proof?.targets.map(({ target }) => target)))

      const [verified] = allOf(events, 'verified')
      const checks = await tableOf(page, 'Checks of the release')
      expect(checks.map(([name]) => name?.[0])).toEqual(verified?.checks.map(({ name }) => name))
      expect(checks.map((row) => row[3]?.[1])).toEqual(
        verified?.checks.map(({ latency }) => (latency === undefined ? null : String(latency.p95))),
      )

      // The last step of the fleet is that of the last word of each target that is there.
      const last = new Map(allOf(events, 'target.changed').map(({ target }) => [target.id, target]))
      for (const { id } of allOf(events, 'target.gone')) last.delete(id)
      const steps = await tableOf(page, 'Targets, step by step')
      const serving = [...last.values()].filter(
        ({ lifecycle, health, isNew }) => isNew && lifecycle === 'InService' && health === 'healthy',
      )
      expect(steps.at(-1)?.[2]?.[1]).toBe(String(serving.length))
      const starts = await tableOf(page, 'New targets')
      const fresh = new Set(allOf(events, 'target.changed').flatMap(({ target }) => (target.isNew ? [target.id] : [])))
      expect(new Set(starts.map(([id]) => id?.[0]))).toEqual(fresh)
      const ready = new Map(allOf(events, 'target.load').map(({ target, load }) => [target, load.readyAfter]))
      for (const row of starts) expect(row[4]?.[1]).toBe(String(ready.get(row[0]?.[0] ?? '')))

      const earlier = await tableOf(page, 'Releases before this one')
      expect(earlier).toHaveLength(1)
      expect(earlier[0]?.[0]?.[0]).toMatch(/^#1 r-[0-9a-f]+$/)
      const compared = await tableOf(page, 'Phase by phase')
      const rollout = finished.find(({ phase }) => phase === 'rollout')
      expect(compared.find(([name]) => name?.[0] === 'rollout')?.[1]?.[1]).toBe(String(rollout?.duration))
      await expect(page.locator('.simulated').textContent()).resolves.toMatch(/^SIMULATED: rehearsal cloud, a test/)
    })

    const comment = await readFile(join(directory, 'report.md'), 'utf8')
    expect(comment).toMatch(/^## rampart deploy/)
    expect(comment).toContain('SIMULATED')
    expect(comment).toMatch(/\| rollout \| ✓ done \|/)

    // A recording tells the same, less what only AWS knows.
    const replayed = await runCli(
      ['monitor', '--replay', 'run.ndjson', '--speed', '0', '--progress', 'quiet', '--report', 'again.md'],
      options,
    )
    expect({ code: replayed.code, said: replayed.stderr }).toMatchObject({ code: 0 })
    const again = await readFile(join(directory, 'again.md'), 'utf8')
    const phases = /### Phases[\s\S]*?(?=###)/
    expect(phases.exec(again)?.[0]).toBe(phases.exec(comment)?.[0])

    // Whoever only watches is told the same of the releases before.
    const watched = await runCli(['monitor', '--progress', 'quiet', '--report', 'watched.md'], options)
    expect({ code: watched.code, said: watched.stderr }).toMatchObject({ code: 0 })
    const told = await readFile(join(directory, 'watched.md'), 'utf8')
    const earlierTimes = /^\| (?:rollout|proof) \|.*\|$/gm
    const comparedIn = (text: string): readonly string[] =>
      text.slice(text.indexOf('Phase by phase')).match(earlierTimes) ?? []
    expect(comparedIn(told)).toHaveLength(2)
    expect(comparedIn(told)).toEqual(comparedIn(comment))
  })

  test('says why it failed, with the lines of the targets', async () => {
    const cloud = await startCloud({ scenario: 'never-ready' })
    const { directory } = cloud.project
    const options = { env: cloud.client(), cwd: directory }
    const failed = await runCli(['deploy', '--record', 'run.ndjson', '--report', 'report.html'], options)
    expect({ code: failed.code, said: failed.stderr }).toMatchObject({ code: 4 })
    await look(await readFile(join(directory, 'report.html'), 'utf8'), async (page) => {
      const why = page.locator('section[aria-labelledby="why"]')
      const events = await eventsIn(join(directory, 'run.ndjson'))
      const { cause } = allOf(events, 'rollout.finished').at(-1) ?? {}
      expect(await why.textContent()).toContain(`Cause: ${cause?.summary} (${cause?.code})`)
      expect(await why.locator('pre').first().textContent()).toBe(cause?.evidence.join('\n'))
      const targets = new Set(allOf(events, 'log.line').map(({ target }) => target))
      const titles = await why.locator('h3').allTextContents()
      const [target = ''] = titles.flatMap((title) => /^Last lines of (\S+)$/.exec(title)?.[1] ?? [])
      expect(targets).toContain(target)
      expect(await page.locator('.verdict').textContent()).toMatch(/^✗ rolled back: Release r-/)
    })
  })
})

describe('a report is written', () => {
  test('when the run is left on the way, and says what goes on', async () => {
    const cloud = await startHeldCloud()
    const { directory } = cloud.project
    const running = startCli(['deploy', '--progress', 'ndjson', '--report', 'report.html'], {
      env: cloud.client({ RAMPART_REPORT: 'not-this.md' }),
      cwd: directory,
    })
    await running.waitFor(/"status":"InProgress"/)
    running.process.kill('SIGTERM')
    const { code } = await running.finished
    expect(code).toBe(8)
    const text = await readFile(join(directory, 'report.html'), 'utf8')
    expect(text).toContain('Goes on without us')
    expect(text).toMatch(
      /<td><span class="[a-z]+"><span aria-hidden="true">.<\/span> (?:failed|not finished)<\/span><\/td>/,
    )
    expect(await readdir(directory)).not.toContain('not-this.md')
  })

  test('to the files of its variable, through a link, over an older one', async () => {
    const cloud = await startCloud()
    const { directory } = cloud.project
    await writeFile(join(directory, 'real.html'), 'old')
    await symlink('real.html', join(directory, 'linked.html'))
    const env = cloud.client({ RAMPART_REPORT: 'linked.html, report.md' })
    const { code, stderr } = await runCli(['monitor', '--progress', 'plain'], { env, cwd: directory })
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('Report: linked.html\nReport: report.md'),
    })
    expect(await readFile(join(directory, 'real.html'), 'utf8')).toMatch(/^<!doctype html>/)
    expect(await readFile(join(directory, 'report.md'), 'utf8')).toMatch(/^## rampart monitor/)
  })

  test('or refused before anything is changed', async () => {
    const cloud = await startCloud()
    const { directory } = cloud.project
    await mkdir(join(directory, 'folder.html'))
    await writeFile(join(directory, 'file'), '')
    const options = { env: cloud.client(), cwd: directory }
    for (const [name, why] of [
      ['report.txt', /What --report report\.txt should be is not known/],
      ['folder.html', /folder\.html is no file/],
      ['file/report.html', /The report can not be written: .*file/],
    ] as const) {
      const refused = await runCli(['deploy', '--report', name], options)
      expect({ code: refused.code, stderr: refused.stderr }).toEqual({ code: 2, stderr: expect.stringMatching(why) })
    }
    expect(changesOf(cloud)).toEqual([])
  })
})
