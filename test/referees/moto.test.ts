import { expect, test } from 'vitest'
import { requires } from '../support/requires.js'
import { conversation, converse, type Said } from './conversation.js'
import { differences, shapeOf } from './shape.js'
import { ourSide, theirSide } from './sides.js'
import { tolerated } from './tolerated.js'

const describeSaid = (said: Said): string => ('refused' in said ? said.refused : 'an answer')

/** What the two do not agree on, one line each. */
function compare(ours: Said, theirs: Said, isExact: boolean): readonly string[] {
  if ('answer' in ours && 'answer' in theirs)
    return differences(shapeOf(ours.answer, isExact), shapeOf(theirs.answer, isExact))
  const [mine, yours] = [describeSaid(ours), describeSaid(theirs)]
  return mine === yours ? [] : [`both: ${mine}, not ${yours}`]
}

requires('moto').describe('the rehearsal and moto, asked the same by the SDK', () => {
  test('answer in the same shapes, and refuse the same', { timeout: 240_000 }, async () => {
    const us = await ourSide()
    const ours = await converse(us)
    const theirs = await converse(await theirSide(us.manifest))
    const unused = new Set(
      tolerated
        .filter(({ until }) => until === undefined)
        .flatMap((one) => one.members.map((member) => `${one.has} ${member}`)),
    )
    const found = conversation.flatMap(({ name, exact = false }) => {
      const [mine, yours] = [ours.get(name), theirs.get(name)]
      if (mine === undefined || yours === undefined) return [`${name}: not asked`]
      return compare(mine, yours, exact).flatMap((difference) => {
        const isKnown = tolerated.some(
          (one) => one.in.test(name) && one.members.some((member) => `${one.has} ${member}` === difference),
        )
        if (isKnown) unused.delete(difference)
        return isKnown ? [] : [`${name}: ${difference}`]
      })
    })
    expect(found).toEqual([])
    expect([...unused]).toEqual([])
    // The questions that name something that is not there are refused, or answered with failures.
    const refusals = conversation.filter(({ name }) => 'refused' in (ours.get(name) ?? {}))
    console.log(`${conversation.length} calls agree, ${refusals.length} of them refusals`)
    expect(refusals.length).toBeGreaterThan(10)
  })
})
