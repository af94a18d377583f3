import { expect, test } from 'vitest'
import { describeService } from '../../src/lib/operations/plan-facts.js'
import { figuresOf } from '../../src/lib/plan/assumptions.js'
import type { PlannedService } from '../../src/lib/plan/strategies.js'
import { strategiesText } from '../../src/lib/report/strategies-text.js'
import { unicodeGlyphs } from '../../src/lib/terminal/glyphs.js'

const MB = 1_000_000
const figures = figuresOf({})
const measured: PlannedService = {
  name: 'api',
  dependencyBytes: 700 * MB,
  appBytes: 2 * MB,
  models: [{ id: 'm', bytes: 300 * MB, isProved: true }],
  supposed: [],
}

const linesOf = (...services: readonly PlannedService[]): readonly string[] =>
  strategiesText(
    {
      title: 'shop',
      table: { rows: [], services, figures, deploysPerDay: 1, endless: [] },
      pricesFrom: '',
      gaps: [],
      simulation: undefined,
    },
    { width: 120, glyphs: unicodeGlyphs, paint: (_, text) => text },
  ).split('\n')

const sizes = /^ {2}(?:dependencyBytes|modelBytes|appBytes) /

test('sizes that were read are told as measured, and no supposed size stands beside them', () => {
  const lines = linesOf(measured)
  expect(lines).toContain(
    '  api ships 700 MB of dependencies (measured), 300 MB in 1 model (measured), 2.00 MB of code (measured)',
  )
  expect(lines.filter((line) => sizes.test(line))).toEqual([])
})

test('what could not be read is told as assumed, with the number that stands for it', () => {
  const { planned } = describeService({ name: 'ui', models: [] }, { base: undefined, app: undefined }, figures)
  const lines = linesOf(measured, planned)
  expect(lines).toContain('  ui ships 750 MB of dependencies (assumed), 2.00 MB of code (assumed)')
  expect(lines.filter((line) => sizes.test(line)).map((line) => line.trim().split(' ')[0])).toEqual([
    'dependencyBytes',
    'appBytes',
  ])
})
