import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseLinePattern, type LineMeaning, type LinePattern } from '../../src/lib/domain/line-pattern.js'
import type { LoadFact } from '../../src/lib/logs/fact.js'
import { readLine } from '../../src/lib/logs/read-line.js'

const corpus = readFileSync(fileURLToPath(new URL('../fixtures/logs/facts.txt', import.meta.url)), 'utf8')

const cases = corpus
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const at = line.indexOf(' |')
    const raw = line.slice(at + 3)
    return {
      expected: line.slice(0, at),
      line: raw.replaceAll(String.raw`\r`, '\r').replaceAll(String.raw`\e`, '\u001b'),
    }
  })

/** A fact in the corpus's own spelling. */
function spell(fact: LoadFact | undefined): string {
  if (fact === undefined) return 'nothing'
  const parts: string[] = [fact.kind]
  if ('main' in fact && fact.main) parts.push('main')
  if ('pid' in fact && fact.pid !== undefined) parts.push(`pid=${fact.pid}`)
  if ('all' in fact) parts.push('all')
  if ('model' in fact && fact.model !== undefined) parts.push(`model=${fact.model}`)
  if ('file' in fact && fact.file !== undefined) parts.push(`file=${fact.file}`)
  const progress = 'progress' in fact ? fact.progress : undefined
  if (progress !== undefined) parts.push(`${progress.done}/${progress.total} ${progress.unit}`)
  return parts.join(' ')
}

const patternOf = (when: string, means: LineMeaning): readonly LinePattern[] => {
  const parts = parseLinePattern(when)
  return parts === undefined ? [] : [{ means, parts }]
}

const readBy = (when: string, means: LineMeaning, line: string): string =>
  spell(readLine(line, { patterns: patternOf(when, means) }))

const options = { readyPaths: ['/api/v1/health/ready'] }

describe('the corpus', () => {
  test('holds facts of every kind, and near misses', () => {
    const kinds = new Set(cases.map(({ expected }) => expected.split(' ')[0]))
    expect(kinds).toEqual(
      new Set([
        'downloading',
        'fetching',
        'killed',
        'loaded',
        'loading',
        'nothing',
        'ready',
        'serving',
        'started',
        'started-up',
        'waiting',
        'worker',
      ]),
    )
  })

  test.each(cases)('$expected: $line', ({ line, expected }) => {
    expect(spell(readLine(line, options))).toBe(expected)
  })

  test.each([
    (line: string) => `2026-01-15T12:00:02.114Z ${line}`,
    (line: string) => `${line}   \r`,
    (line: string) => `\u001b[2K\u001b[1G${line}\u001b[0m`,
    (line: string) => JSON.stringify({ level: 'info', message: line }),
    (line: string) => JSON.stringify({ log: `${line}\n`, stream: 'stderr' }),
  ])('a line says the same in another dress (%#)', (dress) => {
    const dressed = cases.filter(
      // Words that must stand alone in their line are no longer alone.
      ({ line, expected }) => expected !== 'nothing' && line !== 'Killed' && !line.startsWith('{'),
    )
    expect(dressed.length).toBeGreaterThan(50)
    for (const { line, expected } of dressed) {
      expect([line, spell(readLine(dress(line), options))]).toEqual([line, expected])
    }
  })
})

describe('any line at all', () => {
  const pieces = fc.constantFrom(
    ...cases.map(({ line }) => line),
    '%|',
    '% Completed |',
    '|',
    '[',
    ']',
    '\r',
    '\u001b[',
    '{"message":',
    '"',
    'loading ',
    'Loaded model ',
    ' GET ',
    'HTTP/1.1',
    '137',
    '(…)',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 12 }).map((parts) => parts.join('')),
  )
  const patterns = patternOf('policy {model}: {done} of {total}', 'loading')

  test('is read without a throw, and progress is within its bounds', () => {
    fc.assert(
      fc.property(text, (line) => {
        const fact = readLine(line, { patterns, readyPaths: ['/ready'] })
        const progress = fact !== undefined && 'progress' in fact ? fact.progress : undefined
        if (progress === undefined) return
        expect(progress.total).toBeGreaterThan(0)
        expect(progress.done).toBeGreaterThanOrEqual(0)
        expect(progress.done).toBeLessThanOrEqual(progress.total)
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    '%|',
    '% Completed |',
    '1 ',
    'Loading ',
    'loading model ',
    'GET /a ',
    'GET https://huggingface.co/',
    '"',
    '{',
    '\u001b[',
    '\u001b]',
    '\r',
    'a: 1B [0:00, ',
    ': line 1: ',
    'Out of memory: Killed process 1 (',
    'policy ',
    'ready, ',
    '9 models ',
    '(…)',
    '..',
    'exit code ',
  ])('a megabyte of %j costs no more than its length', (piece) => {
    const line = piece.repeat(Math.ceil(1_000_000 / piece.length))
    const begin = performance.now()
    for (const end of ['', 'x', '%| 1/2 [B/s]', '}', 'B/s]']) readLine(line + end, { patterns })
    // A quadratic step over even the last 8 KB of it would take seconds.
    expect(performance.now() - begin).toBeLessThan(500)
  })
})

describe('patterns of the app', () => {
  test.each([
    [
      'policy model {model}: {done} of {total}',
      'loading',
      'INFO policy model rules-v7: 75 MB of 300 MB',
      'loading model=rules-v7 75000000/300000000 bytes',
    ],
    [
      'policy model {model}: {done} of {total}',
      'loading',
      'policy model rules-v7: 3 of 8',
      'loading model=rules-v7 3/8 shards',
    ],
    ['fetched {percent}% of the rules', 'downloading', 'fetched 40% of the rules', 'downloading 40/100 percent'],
    ['engine {any} up', 'ready', 'engine three (of 4) up', 'ready'],
    ['engine is up', 'ready', 'the engine is up now', 'ready'],
    ['weights of "{model}" are in', 'loaded', 'weights of "my model" are in', 'loaded model=my model'],
    ['ended by the guard', 'killed', 'ended by the guard', 'killed'],
    ['warming {model}', 'loading', 'warming rules-v7 on 2 cores', 'loading model=rules-v7'],
    ['warming {model}', 'loading', 'warm', 'nothing'],
    ['rules {done}/{total}', 'loading', 'rules many/few', 'nothing'],
  ] as const)('%j means %s: %j', (when, means, line, expected) => {
    expect(readBy(when, means, line)).toBe(expected)
  })

  test.each([
    '',
    'abc',
    '{model}',
    '{model} {done}',
    'ready {model}{done}',
    'ready {what}',
    'up {model} or {model}',
    'is {up',
  ])('%j is no pattern', (when) => {
    expect(parseLinePattern(when)).toBeUndefined()
  })

  test('an app’s own pattern goes before the libraries’ words', () => {
    expect(readBy('Uvicorn running on', 'loading', 'Uvicorn running on http://0.0.0.0:8000')).toBe('loading')
  })
})
