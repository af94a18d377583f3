import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawScreen, shownOf } from '../../src/lib/dashboard/draw.js'
import { paste, press } from '../../src/lib/dashboard/keys.js'
import { createLogRing } from '../../src/lib/dashboard/log-ring.js'
import { rowText, rowWidth } from '../../src/lib/dashboard/row.js'
import { makeScene, type Scene } from '../../src/lib/dashboard/scene.js'
import { summaryLines } from '../../src/lib/dashboard/index.js'
import { initialUi, type Key, type Ui } from '../../src/lib/dashboard/ui.js'
import { progressBar } from '../../src/lib/dashboard/bar.js'
import { cut, fit, pad, settle, widthOf, wrap } from '../../src/lib/dashboard/width.js'
import type { Event, EventBody } from '../../src/lib/events/event.js'
import { createPaint } from '../../src/lib/terminal/colour.js'
import { asciiGlyphs, unicodeGlyphs } from '../../src/lib/terminal/glyphs.js'
import { fold } from '../../src/lib/view/fold.js'
import { initialView } from '../../src/lib/view/view.js'
import { anyEvent } from '../events/arbitrary.js'
import { sceneEvents, sceneNames, type SceneName } from './scenes.js'

function sceneOf(events: readonly Event[], columns: number, rows: number, ui: Ui = initialUi): Scene {
  const ring = createLogRing()
  for (const event of events) if (event.type === 'log.line') ring.push(event)
  const view = events.reduce(fold, initialView)
  return makeScene(view, ui, ring, {
    columns,
    rows,
    now: (view.lastEventAt ?? 0) + 3000,
    glyphs: unicodeGlyphs,
    keys: true,
    rollBack: true,
  })
}

const anyKey: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom(...'qli?/fe R0'.split('')).map((character): Key => ({ name: 'character', character })),
  fc
    .constantFrom(
      'up',
      'down',
      'page-up',
      'page-down',
      'home',
      'end',
      'enter',
      'escape',
      'backspace',
      'ctrl-u',
      'ctrl-l',
    )
    .map((name): Key => ({ name })),
)

/** Text that terminals are broken with: sequences, wide and joined characters, marks that turn the direction. */
const nasty = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom(
      '\u001b[2J',
      '\u001b]0;x\u0007',
      '\r\n',
      '\t',
      '模型',
      '👩‍🚀',
      '🇩🇪',
      '1️⃣',
      'e\u0301',
      '\u202e',
      '\u0085',
      '한글',
    ),
  ),
  { maxLength: 12 },
)

describe('the screen', () => {
  test('has as many rows as the terminal and none wider, whatever happened and whatever was pressed', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 40 }),
        fc.array(anyKey, { maxLength: 12 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 60 }),
        (events, keys, columns, rows) => {
          let ui = initialUi
          for (const key of keys) ui = press(ui, key, shownOf(sceneOf(events, columns, rows, ui))).ui
          const drawn = drawScreen(sceneOf(events, columns, rows, ui))
          expect(drawn).toHaveLength(rows)
          for (const row of drawn) {
            expect(rowWidth(row)).toBeLessThanOrEqual(columns)
            // oxlint-disable-next-line no-control-regex -- none may reach the screen
            expect(rowText(row)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  test.each(sceneNames)('of %s keeps what must be seen, from 12 rows and 40 columns on', (name) => {
    for (const columns of [40, 59, 60, 80, 95, 96, 127, 128, 200]) {
      for (const rows of [12, 16, 24, 50]) {
        const text = drawScreen(sceneOf(sceneEvents(name), columns, rows))
          .map(rowText)
          .join('\n')
        const needs: Readonly<Record<SceneName, readonly string[]>> = {
          'before-start': ['4 serving', 'rampart-ai'],
          rolling: ['SIMULATED', '2 starting', 'q detach'],
          warming: ['DOWNLOADED AT START: urchade/', '1 warming'],
          stalled: ['killed', 'rampart-5xx ALARM', '1 failing', 'rampart logs'],
          'rolled-back': ['rolled back', 'rampart'],
          finished: ['done after 9m 01s', '4 new', 'DOWNLOADED AT START'],
          verifying: ['8 checks: 7 ok, 1 warn', '4 new'],
          verified: ['10 checks: 9 ok, 1 warn', 'done after 9m 31s'],
          unverified: ['10 checks: 8 ok', '4 new'],
          large: ['1 failing', '✗ i-0'.slice(0, 4), 'more: '],
        }
        for (const words of needs[name]) expect(text, `${columns}x${rows}`).toContain(words)
      }
    }
  })

  test('is drawn of 2,000 targets in a few milliseconds', () => {
    const base = sceneEvents('large')
    const many = Array.from({ length: 2000 }, (_, index): Event => ({
      v: 1,
      seq: 1000 + index,
      at: base.at(-1)?.at ?? '',
      type: 'target.changed',
      target: {
        id: `i-0cc${String(index).padStart(14, '0')}`,
        zone: 'us-west-2a',
        lifecycle: 'InService',
        health: 'healthy',
        revision: '8',
        isNew: true,
      },
    }))
    const ring = createLogRing()
    const view = [...base, ...many].reduce(fold, initialView)
    const around = { columns: 140, rows: 40, now: 0, glyphs: unicodeGlyphs, keys: true, rollBack: true }
    const draw = (): unknown => drawScreen(makeScene(view, initialUi, ring, around))
    draw()
    const before = performance.now()
    for (let frame = 0; frame < 20; frame += 1) draw()
    expect((performance.now() - before) / 20).toBeLessThan(40)
  })
})

const typed = (text: string): Ui => ({ ...initialUi, entry: { kind: 'rollback', text } })

describe('keys', () => {
  const lines = Array.from({ length: 100 }, (_, number) => ({ number }))
  const shown = { logs: lines, targets: 50, logRows: 10, targetRows: 10, rollbackTo: 'r-1' }
  const after = (ui: Ui, ...names: readonly Exclude<Key['name'], 'character'>[]): Ui =>
    names.reduce((state, name) => press(state, { name }, shown).ui, ui)

  test('hold the lines that are read while newer ones come, and follow again at the end', () => {
    const held = after(initialUi, 'up')
    expect(held.logAt).toBe(98)
    expect(press(held, { name: 'down' }, { ...shown, logs: [...lines, { number: 100 }] }).ui.logAt).toBe(99)
    expect(after(held, 'down').logAt).toBeUndefined()
    expect(after(initialUi, 'home').logAt).toBe(9)
    expect(after(initialUi, 'home', 'up').logAt).toBe(9)
    expect(after(initialUi, 'page-up', 'page-up', 'end').logAt).toBeUndefined()
  })

  test('scroll targets within their list', () => {
    const page: Ui = { ...initialUi, page: 'targets' }
    expect(after(page, 'up').targetAt).toBe(0)
    expect(after(page, 'end').targetAt).toBe(40)
    expect(after(page, 'end', 'page-up', 'up', 'down').targetAt).toBe(31)
  })

  test('ask for a rollback with the exact id alone', () => {
    const enter = (text: string): unknown => press(typed(text), { name: 'enter' }, shown).intent
    expect(enter('r-1')).toEqual({ kind: 'roll-back', release: 'r-1' })
    for (const wrong of ['', 'r-', 'R-1', 'r-1 ', 'r-11']) expect(enter(wrong)).toBeUndefined()
    expect(press(typed('r-1'), { name: 'enter' }, { ...shown, rollbackTo: undefined }).intent).toBeUndefined()
    expect(press(typed('r-1'), { name: 'escape' }, shown).intent).toBeUndefined()
    expect(
      press(initialUi, { name: 'character', character: 'R' }, { ...shown, rollbackTo: undefined }).ui.entry,
    ).toBeUndefined()
  })

  test('pasted text never confirms and never is a key', () => {
    const open: Ui = { ...initialUi, entry: { kind: 'rollback', text: '' } }
    expect(paste(open, 'r-1\r\n').entry).toEqual({ kind: 'rollback', text: 'r-1' })
    expect(paste(initialUi, 'q')).toBe(initialUi)
  })
})

describe('the width of text', () => {
  test('is kept by cutting, padding and wrapping, whatever the text', () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 0, max: 40 }), (parts, width) => {
        const text = parts.join('')
        expect(widthOf(fit(text, width, '~'))).toBeLessThanOrEqual(width)
        expect(widthOf(pad(text, width, '~'))).toBe(width)
        expect(widthOf(cut(settle(text), width))).toBeLessThanOrEqual(width)
        for (const line of wrap(text, Math.max(2, width), 3, '~'))
          expect(widthOf(line)).toBeLessThanOrEqual(Math.max(2, width))
        expect(wrap(text, 10, 3, '~').length).toBeLessThanOrEqual(3)
      }),
      { numRuns: 1000 },
    )
  })

  test('is that of its parts, so that a sequence of signs can not surprise a terminal', () => {
    expect(settle('👩‍🚀 🇩🇪 1️⃣ e\u0301')).toBe('👩🚀 DE 1 é')
    expect(widthOf(settle('模型'))).toBe(4)
    expect(fit('模型', 3, '…')).toBe('模…')
  })
})

test('the bar has a cell for each part there is, and always the same width', () => {
  const count = fc.integer({ min: 0, max: 2000 })
  const counts = fc.record({ failing: count, starting: count, warming: count, leaving: count, new: count, old: count })
  fc.assert(
    fc.property(counts, fc.integer({ min: 8, max: 60 }), (some, size) => {
      const bar = progressBar(some, size, asciiGlyphs, false)
      expect(rowText(bar)).toHaveLength(size)
      expect(rowText(bar).includes('x')).toBe(some.failing > 0)
      expect(rowText(bar).includes('#')).toBe(some.new > 0)
    }),
  )
})

/** The row that counts the targets. */
function countsOf(events: readonly Event[]): string {
  return drawScreen(sceneOf(events, 100, 30))
    .map(rowText)
    .filter((row) => row.startsWith('targets'))
    .join()
}

test('targets warm up while their rollout goes on, and not after its end', () => {
  const events = sceneEvents('warming')
  expect(countsOf(events)).toContain('1 warming')
  const end: Event = {
    v: 1,
    seq: 1000,
    at: events.at(-1)?.at ?? '',
    type: 'rollout.finished',
    id: '08b91cf7-8fa6-48af-b6a6-d227f40f1b9b',
    outcome: 'succeeded',
    status: 'Successful',
  }
  expect(countsOf([...events, end])).toContain('1 new')
})

/** A scene with events after its own, as one screen of text. */
function screenOf(name: SceneName, more: readonly EventBody[], columns: number, rows = 30): string {
  const events = sceneEvents(name)
  const at = events.at(-1)?.at ?? ''
  const added = more.map((body, index): Event => ({ v: 1, seq: 1000 + index, at, ...body }))
  return drawScreen(sceneOf([...events, ...added], columns, rows))
    .map(rowText)
    .join('\n')
}

const task = (id: string, number: number): EventBody => ({
  type: 'target.changed',
  target: {
    id,
    zone: 'ap-southeast-1a',
    lifecycle: 'RUNNING',
    health: 'healthy',
    revision: `finbert-api:${number}`,
    isNew: number === 8,
    launchedAt: '2026-01-01T00:00:00Z',
  },
})

const revision = (number: number) => ({ name: 'finbert', number: `finbert-api:${number},finbert-ui:${number}` })

const failed = (name: string, remedy?: string): EventBody => ({
  type: 'check.done',
  name,
  result: 'fail',
  detail: `${name} is wrong`,
  ...(remedy !== undefined && { remedy }),
})

const missing = (target: string, detail: string) => ({ target, proved: false, grade: 'answered', detail }) as const

describe('services of ECS', () => {
  const taskId = '367e59a1de7e05fd3c791a48438132d2'
  const images = ['1.dkr.ecr.x/api@sha256:df3e751aaaaaaa', '1.dkr.ecr.x/ui@sha256:ab9e0e7aaaaaaa']
  const facts: EventBody = {
    type: 'fleet.seen',
    facts: {
      kind: 'ecs',
      fleet: 'finbert-rag-prod',
      desired: 4,
      to: { revision: revision(8), release: 'r-43a9ae31ba', images },
      from: { revision: revision(7), images },
      checkpointPercentages: [],
      alarms: [],
    },
  }
  const line: EventBody = { type: 'log.line', target: taskId, time: '2026-01-15T09:10:00Z', text: 'hello' }
  const shown = (columns: number): string => screenOf('rolling', [facts, task(taskId, 8), line], columns)

  test.each([40, 60, 80, 100, 140])('show which release comes on %i columns', (columns) => {
    expect(shown(columns)).toContain('r-43a9ae31ba')
  })

  test('keep the zone, the revision and the age whole where there is room', () => {
    expect(shown(140)).toMatch(/ap-southeast-1a new finbert-api:8 +RUNNING +healthy +\d+d \d+h /)
  })

  test.each([
    [60, '367e59a…'],
    [140, '367e59a1de7e05fd3c…'],
  ])('call a task in the log what the table calls it, on %i columns', (columns, id) => {
    const rows = shown(columns).split('\n')
    expect(rows.filter((row) => row.includes(id)).map((row) => row.includes('hello'))).toEqual([false, true])
  })
})

describe('on the way back', () => {
  test.each(['RollbackInProgress', 'ROLLBACK_REQUESTED', 'ROLLBACK_IN_PROGRESS'])(
    '%s foretells nothing of the way there, counts no replacements and offers no second rollback',
    (status) => {
      const id = '08b91cf7-8fa6-48af-b6a6-d227f40f1b9b'
      const back: EventBody = { type: 'rollout.progress', id, status, percentage: 0, remaining: 2 }
      const text = screenOf('rolling', [back], 140)
      expect(text).toContain(`${status} 0 %`)
      expect(text).not.toMatch(/ left|yet to begin|R roll back/)
      expect(screenOf('rolling', [], 140)).toMatch(/ left[^]*R roll back/)
    },
  )
})

describe('a release that is rolled out and found wrong', () => {
  const started: EventBody = { type: 'phase.started', phase: 'verify' }
  const ending: EventBody = {
    type: 'run.finished',
    ending: 'verification',
    exitCode: 9,
    message: '2 of 9 checks failed. It went back.',
    next: ['mend it'],
    duration: 600_000,
  }

  test('has its checks as the cause, with what to do said once', () => {
    const text = screenOf('finished', [started, failed('https', 'mend it'), failed('logs'), ending], 140)
    expect(text).toMatch(/cause +✗ https: https is wrong \(check-failed\)\n +› logs: logs is wrong\n +→ mend it\n/)
    expect(text.split('mend it')).toHaveLength(2)
    expect(text).toContain('ended     ✗ verification failed')
  })

  test('has its proof as the cause, whatever rollout took it back', () => {
    const targets = [missing('i-1', 'status 503'), missing('i-2', 'status 503'), missing('i-3', 'no answer')]
    const proof: EventBody = { type: 'proof', targets, proved: 0, total: 3 }
    expect(screenOf('finished', [proof, ending], 100)).toMatch(
      /cause +✗ 3 of 3 targets are not proved: status 503 \(not-proved\)\n +› i-3: no answer\n +→ rampart logs --target i-1/,
    )
  })
})

describe('the ring of log lines', () => {
  test('keeps the newest, in order, by their number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 20 }), (count, size) => {
        const ring = createLogRing(size)
        for (let index = 0; index < count; index += 1) ring.push({ target: 't', time: '', text: `line ${index}` })
        const kept = ring.wanted({ filter: '', errorsOnly: false }).map(({ number }) => number)
        expect(kept).toEqual(
          Array.from({ length: Math.min(count, size) }, (_, index) => Math.max(0, count - size) + index),
        )
      }),
    )
  })

  test('finds text in lines and targets, and what tells of an error', () => {
    const ring = createLogRing()
    for (const text of ['INFO ready', "ModuleNotFoundError: No module named 'x'", 'Killed', 'no terror here']) {
      ring.push({ target: 'i-1', time: '', text })
    }
    const texts = (filter: string, errorsOnly: boolean): string[] =>
      ring.wanted({ filter, errorsOnly }).map(({ text }) => text)
    expect(texts('', true)).toEqual(["ModuleNotFoundError: No module named 'x'", 'Killed'])
    expect(texts('READY', false)).toEqual(['INFO ready'])
    expect(texts('i-1', false)).toHaveLength(4)
  })
})

describe('the summary', () => {
  const page = { paint: createPaint(false), glyphs: unicodeGlyphs, now: 0 }

  test.each(sceneNames)('of %s has at most five lines', (name) => {
    const view = sceneEvents(name).reduce(fold, initialView)
    const lines = summaryLines({ ...page, now: view.lastEventAt ?? 0 }, view)
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.length).toBeLessThanOrEqual(5)
    expect(lines).toMatchSnapshot()
  })

  test('has no sequence of foreign text, and nothing to say of nothing', () => {
    expect(summaryLines(page, initialView)).toEqual([])
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const lines = summaryLines(page, events.reduce(fold, initialView))
        expect(lines.length).toBeLessThanOrEqual(5)
        // oxlint-disable-next-line no-control-regex -- none may reach the screen
        for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
      }),
    )
  })
})
