import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReleaseRecord } from '../../src/lib/domain/release-record.js'
import { candidatesOf, defaultOf, findCandidate, wentBackFrom, type Serving } from '../../src/lib/release/choose.js'
import { makeRelease } from '../../src/lib/release/make-release.js'
import { place } from './support.js'

const letters = ['A', 'B', 'C', 'D', 'E'] as const
type Letter = (typeof letters)[number]

const release = (letter: string) =>
  makeRelease(place.app, place.environment, [
    {
      service: 'backend',
      repository: 'host/backend',
      digest: `sha256:${letter.charCodeAt(0).toString(16).padStart(64, '0')}`,
    },
  ])

const revision = (letter: string) => ({ name: 'lt-1', number: `v${letter}` })

interface Step {
  readonly letter: string
  readonly kind?: ReleaseRecord['kind']
  /** `proved` unless told. */
  readonly how?: 'proved' | 'unproved' | 'rolledBack' | 'lost' | 'attention'
}

/** A ledger of those steps, newest first. */
function ledger(...steps: readonly (Step | string)[]): readonly ReleaseRecord[] {
  return steps
    .map((given, index): ReleaseRecord => {
      const step = typeof given === 'string' ? { letter: given } : given
      const before = steps[index - 1]
      const from = before === undefined ? '0' : typeof before === 'string' ? before : before.letter
      const { letter, kind = 'deploy', how = 'proved' } = step
      const ending = {
        proved: 'done',
        unproved: 'verification',
        rolledBack: 'rolledBack',
        lost: undefined,
        attention: 'attention',
      }[how]
      return {
        v: 1,
        number: index + 1,
        kind,
        release: release(letter),
        revision: revision(letter),
        from: revision(from),
        source: { commit: letter.repeat(40), subject: letter, dirty: false, version: `v1.${letter}` },
        by: 'ci',
        host: 'build-7',
        startedAt: '2026-01-15T12:00:00.000Z',
        ...(ending !== undefined && { ending }),
        ...(how === 'proved' && { proof: { proved: 4, total: 4 } }),
        ...(how === 'unproved' && { proof: { proved: 3, total: 4 } }),
      }
    })
    .toReversed()
}

const on = (letter: string, isWhole = true): Serving => ({
  revision: revision(letter),
  release: release(letter).id,
  isWhole,
})

const back = (letter: string): Step => ({ letter, kind: 'rollback' })

const names = new Map(['0', ...letters].map((letter) => [release(letter).id, letter]))

function chosen(records: readonly ReleaseRecord[], serving: Serving): string | undefined {
  const found = candidatesOf(records, serving).find(({ isDefault }) => isDefault)
  return found && names.get(found.record.release.id)
}

describe('the release that a rollback takes by itself', () => {
  test.each<[string, string | undefined, readonly (Step | string)[], Serving]>([
    ['the one before', 'A', ['A', 'B'], on('B')],
    ['nothing before the first', undefined, ['A'], on('A')],
    ['nothing of an empty ledger', undefined, [], on('A')],
    ['twice goes further back', 'A', ['A', 'B', 'C', back('B')], on('B')],
    ['three times too', 'A', ['A', 'B', 'C', 'D', back('C'), back('B')], on('B')],
    ['and stops at the first', undefined, ['A', 'B', back('A')], on('A')],
    ['forward again stands on what was gone back to', 'A', ['A', 'B', 'C', back('A'), 'C'], on('C')],
    ['a rollback to a later one too', 'A', ['A', 'B', back('A'), back('B')], on('B')],
    ['the same release twice is one step', 'A', ['A', 'B', 'B'], on('B')],
    ['a release that came back is a step of its own', 'B', ['A', 'B', 'A'], on('A')],
    ['one that was rolled back is none', 'A', ['A', { letter: 'B', how: 'rolledBack' }, 'C'], on('C')],
    ['nor is one that was not proved', 'A', ['A', { letter: 'B', how: 'unproved' }, 'C'], on('C')],
    ['proof of another rollout counts', 'B', ['B', 'A', { letter: 'B', how: 'unproved' }, 'C'], on('C')],
    ['what serves may be unproved', 'A', ['A', { letter: 'B', how: 'unproved' }], on('B')],
    ['a lost run that went well serves', 'A', ['A', { letter: 'B', how: 'lost' }], on('B')],
    ['a lost run that did not is no step', 'A', ['A', 'B', { letter: 'C', how: 'lost' }], on('B')],
    ['what serves was moved by other means', 'A', ['A', 'B', 'C'], on('B')],
    ['what serves is none of ours', 'B', ['A', 'B'], on('X')],
    ['half of the fleet is on something else', 'B', ['A', 'B', { letter: 'C', how: 'attention' }], on('B', false)],
    [
      'that which was cancelled half-way is the current one',
      'B',
      ['A', 'B', { letter: 'C', how: 'attention' }],
      on('C', false),
    ],
  ])('%s: %s', (_what, wanted, steps, serving) => {
    expect(chosen(ledger(...steps), serving)).toBe(wanted)
  })

  test('deploys and rollbacks in any order: a stack of what served', () => {
    const moves = fc.array(fc.oneof(fc.constantFrom<Letter | 'back'>(...letters), fc.constant('back' as const)), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(moves, (all) => {
        const steps: (Step | string)[] = []
        const model: string[] = []
        const choices: { readonly chosen: string | undefined; readonly wanted: string | undefined }[] = []
        for (const move of all) {
          const now = model.at(-1)
          if (move !== 'back') {
            steps.push(move)
            if (now !== move) model.push(move)
          } else if (now !== undefined) {
            // The next one below that is something else.
            const below = model.findLastIndex((letter) => letter !== now)
            choices.push({ chosen: chosen(ledger(...steps), on(now)), wanted: model[below] })
            if (below < 0) continue
            steps.push(back(model[below] ?? ''))
            model.length = below + 1
          }
        }
        expect(choices.map((choice) => choice.chosen)).toEqual(choices.map((choice) => choice.wanted))
      }),
    )
  })

  test('says what to do when there is none', () => {
    expect(() => defaultOf(candidatesOf(ledger('A'), on('A')))).toThrow(
      expect.objectContaining({ kind: 'preflight', next: expect.arrayContaining(['rampart rollback --list']) }),
    )
  })
})

describe('the candidates', () => {
  test('are each once, newest first, with what serves and what was proved', () => {
    const records = ledger('A', { letter: 'B', how: 'rolledBack' }, 'C', back('A'), 'C')
    const shown = candidatesOf(records, on('C')).map(({ record, ...marks }) => [
      record.number,
      record.release.id,
      marks,
    ])
    expect(shown).toEqual([
      [5, release('C').id, { isProved: true, isServing: true, isDefault: false }],
      [2, release('B').id, { isProved: false, isServing: false, isDefault: false }],
      [1, release('A').id, { isProved: true, isServing: false, isDefault: true }],
    ])
  })

  test('are found by id, its beginning, number and version', () => {
    const records = ledger('A', 'B', { letter: 'A', how: 'rolledBack' }, 'C')
    const candidates = candidatesOf(records, on('C'))
    const find = (word: string) => findCandidate(records, candidates, word).record.number
    expect([find(release('A').id), find('#3'), find('3'), find('v1.B'), find(release('B').id.slice(0, 10))]).toEqual([
      1, 3, 3, 2, 2,
    ])
    for (const word of ['r-0', 'v9', '#17', '']) {
      expect(() => find(word)).toThrow(expect.objectContaining({ kind: 'usage' }))
    }
  })
})

describe('whether the last release has gone back already', () => {
  const failed: Step = { letter: 'C', how: 'rolledBack' }
  const lost: Step = { letter: 'C', how: 'lost' }
  const here = { id: 'r-1', isRolledBack: true }
  const arrived = { id: 'r-1', isRolledBack: false }

  test.each<[string, readonly (Step | string)[], Serving, typeof here | undefined, number | 'unknown' | undefined]>([
    ['it has, by the ledger alone', ['A', 'B', failed], on('B'), undefined, 3],
    ['it has, by what the platform says of a run that was lost', ['A', 'B', lost], on('B'), here, 3],
    ['it has, and the ledger knows nothing of it', ['A', 'B'], on('B'), here, 'unknown'],
    ['it has, with no ledger', [], on('B'), here, 'unknown'],
    [
      'it has, and a rollback since came to nothing',
      ['A', 'B', failed, { ...back('A'), how: 'lost' }],
      on('B'),
      here,
      3,
    ],
    ['it serves', ['A', 'B', 'C'], on('C'), arrived, undefined],
    ['it is lost, and has arrived', ['A', 'B', lost], on('C'), arrived, undefined],
    ['a person has gone back since', ['A', 'B', failed, back('A')], on('A'), here, undefined],
    ['a person has taken it back', ['A', 'B', failed, back('B')], on('B'), here, undefined],
    ['somebody has moved the fleet since', ['A', 'B', failed], on('A'), here, undefined],
    ['part of it serves still', ['A', 'B', failed], on('B', false), here, undefined],
  ])('%s', (_, steps, serving, last, number) => {
    const found = wentBackFrom(ledger(...steps), serving, last)
    expect(found && (found.record?.number ?? 'unknown')).toBe(number)
  })

  test.each([
    ['A', undefined],
    ['B', 3],
  ])('a release that did not pass, while %s serves', (letter, number) => {
    const [newest, ...others] = ledger('A', 'B', { letter: 'C', how: 'unproved' })
    if (newest === undefined) throw new Error('there is no record')
    const taken = { ...newest, verification: { at: newest.startedAt, ok: 1, failed: ['x'], wentBack: true } }
    expect(wentBackFrom([taken, ...others], on(letter), arrived)?.record?.number).toBe(number)
    expect(wentBackFrom([newest, ...others], on('C'), arrived)).toBeUndefined()
  })

  test('the rollout that went back is looked up by its id', () => {
    const [newest, ...others] = ledger('A', 'B', lost)
    if (newest === undefined) throw new Error('there is no record')
    const records = [{ ...newest, rollout: here.id }, ...others]
    expect(wentBackFrom(records, on('B'), here)?.record?.number).toBe(3)
    expect(wentBackFrom(records, on('A'), here)).toBeUndefined()
  })
})
