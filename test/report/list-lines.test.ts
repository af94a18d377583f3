import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bar, phaseDetails, phaseTitle } from '../../src/lib/report/list-lines.js'
import type { Page } from '../../src/lib/report/page.js'
import { createPaint } from '../../src/lib/terminal/colour.js'
import { asciiGlyphs, unicodeGlyphs } from '../../src/lib/terminal/glyphs.js'
import { fold } from '../../src/lib/view/fold.js'
import { initialView, type View } from '../../src/lib/view/view.js'
import { anyEvent } from '../events/arbitrary.js'
import { recorded } from './play.js'

const page: Page = { paint: createPaint(false), glyphs: unicodeGlyphs, width: 100 }
const narrowPage: Page = { ...page, width: 40 }

function viewUntil(name: Parameters<typeof recorded>[0], last: number): View {
  return recorded(name)
    .filter(({ seq }) => seq <= last)
    .reduce(fold, initialView)
}

function lines(view: View, later: number, on = page): readonly string[] {
  const now = (view.lastEventAt ?? 0) + later
  return view.phases.flatMap((phase) => [phaseTitle(phase, now), ...phaseDetails(on, view, phase, now)])
}

describe('the list', () => {
  test('while layers are on their way', () => {
    expect(lines(viewUntil('healthy', 14), 500)).toEqual([
      'preflight  done in 1.4s: 4 checks, none failed',
      'build      done in 0.5s: 2 thin layers',
      'push       running 7.6s',
      'backend: █████░░░░░░░░░░░░░░░  25 % 340 kB of 1.31 MB',
      'frontend: layer',
      'release',
      'rollout',
      'proof',
    ])
  })

  test('while a model is downloaded, until something else is done', () => {
    const events = [
      { type: 'phase.started', phase: 'build' },
      { type: 'model.progress', service: 'backend', model: 'org/name', received: 50_000_000, total: 200_000_000 },
      { type: 'image.step', service: 'backend', step: 'base', detail: 'proved' },
    ] as const
    const stamped = events.map((body, index) => {
      const stamp = { v: 1, seq: index + 1, at: '2026-11-20T09:00:00.000Z' } as const
      return { ...stamp, ...body }
    })
    const during = stamped.slice(0, 2).reduce<View>(fold, initialView)
    expect(lines(during, 0)[1]).toBe('backend: org/name █████░░░░░░░░░░░░░░░  25 % 50.0 MB of 200 MB')
    expect(lines(stamped.reduce<View>(fold, initialView), 0)[1]).toBe('backend: base (proved)')
  })

  test('while new targets fail, with the last words of the first of them', () => {
    expect(lines(viewUntil('bad-image', 39), 0).slice(4)).toEqual([
      'rollout    running 44s',
      '░░░░░░░░░░░░░░░░░░░░   0 %',
      'InProgress 0 %, all replacements begun',
      'targets: 4 old, 0 new, 2 starting, 0 failing',
      `i-0bb00000000000001: ModuleNotFoundError: No module named 'app.scoring'`,
      'proof',
    ])
  })

  test('says when what it shows is old', () => {
    const view = viewUntil('attached', 25)
    expect(lines(view, 19_000)).not.toContain('last event 19s ago')
    expect(lines(view, 22_000)).toContain('last event 22s ago')
  })

  test('leaves out what is nothing on a narrow screen', () => {
    expect(lines(viewUntil('bad-image', 39), 0, narrowPage)).toContain('targets: 4 old, 2 starting')
  })

  test('is made of any events, one line for each thing', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const view = events.reduce(fold, initialView)
        expect(lines(view, 1000).every((line) => line !== '')).toBe(true)
      }),
    )
  })

  test('bars are as wide for every share, and full only when all is done', () => {
    const ascii: Page = { ...page, glyphs: asciiGlyphs }
    fc.assert(
      fc.property(fc.double(), (share) => {
        const drawn = bar(ascii, share)
        expect(drawn).toMatch(/^#*\.* +\d+ %$/)
        expect(drawn).toHaveLength('####################  50 %'.length)
        expect(drawn.startsWith('#'.repeat(20))).toBe(share >= 1)
      }),
    )
  })
})
