import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/lib/config/index.js'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { complete, contextFiles, project, small } from './project.js'

const env = { NAME: 'value', NUMBER: '7', EMPTY: '' }

interface Outcome {
  readonly loaded: boolean
  /** What is wrong with the answer itself; nothing ever should be. */
  readonly faults: readonly string[]
}

/** Loads the text. Whatever it is, the answer is a configuration, or a RampartError whose problems stand in the file. */
async function outcome(directory: string, text: string): Promise<Outcome> {
  const path = join(directory, 'rampart.yml')
  writeFileSync(path, text)
  try {
    await loadConfig({ path, env })
    return { loaded: true, faults: [] }
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    const lines = text.replace(/^\uFEFF/, '').split('\n')
    const faults = error.problems.filter(({ place, message }) => {
      const { file, line = 0, column = 0 } = place ?? {}
      const width = lines[line - 1]?.length ?? -1
      return file !== path || column < 1 || column > width + 1 || /undefined|\[object/.test(message)
    })
    const count = error.problems.length === 0 || error.kind !== 'usage' ? ['no problem of the user'] : []
    return { loaded: false, faults: [...faults.map((fault) => JSON.stringify(fault)), ...count] }
  }
}

const words = ['app', 'services', 'environments', 'rollout', 'default', 'x', '__proto__', 'constructor', '<<']
const marks = [': ', ':', '\n', '\n  ', '\n    ', '- ', '[', ']', '{', '}', ', ', '&a ', '*a', '"', "'", '|', '>', '# ']
const values = [
  '${NAME}',
  '${UNSET}',
  '${',
  '$$',
  '$x',
  '1',
  '1e400',
  '0x1F',
  'null',
  '~',
  'true',
  'yes',
  '!!str ',
  '!x ',
]
const oddities = ['\t', '\\', 'é', '\u{1F600}', '\u0000', '\r\n', '\uFEFF', '? ', '---\n', '%YAML 1.1\n']
const tokens = fc.constantFrom(...words, ...marks, ...values, ...oddities)

describe('loading', () => {
  test('never fails with anything but a RampartError, over text that looks like YAML', async () => {
    const directory = project(contextFiles)
    await fc.assert(
      fc.asyncProperty(fc.array(tokens, { maxLength: 40 }), async (parts) => {
        expect((await outcome(directory, parts.join(''))).faults).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  test('nor over any text at all', async () => {
    const directory = project(contextFiles)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (text) => {
        expect((await outcome(directory, text)).faults).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('nor over a valid file that was changed somewhere', async () => {
    const directory = project(contextFiles)
    const outcomes = new Set<boolean>()
    const change = fc.record({
      at: fc.nat(complete.length),
      remove: fc.nat(30),
      insert: fc.array(tokens, { maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(small, complete), fc.array(change, { maxLength: 3 }), async (file, changes) => {
        let text = file
        for (const { at, remove, insert } of changes) {
          const from = at % (text.length + 1)
          text = text.slice(0, from) + insert.join('') + text.slice(from + remove)
        }
        const { loaded, faults } = await outcome(directory, text)
        expect(faults).toEqual([])
        outcomes.add(loaded)
      }),
      { numRuns: 600 },
    )
    expect(outcomes).toEqual(new Set([true, false]))
  })
})
