import { expect, test } from 'vitest'
import { exitCodes } from '../../src/lib/errors/exit-codes.js'

test('the exit codes are a stable interface, each of one meaning', () => {
  expect(exitCodes).toEqual({
    done: 0,
    bug: 1,
    usage: 2,
    preflight: 3,
    rolledBack: 4,
    attention: 5,
    conflict: 6,
    unreachable: 7,
    unknown: 8,
    verification: 9,
    changes: 10,
    interrupted: 130,
    terminated: 143,
  })
  const codes = Object.values(exitCodes)
  expect(new Set(codes).size).toBe(codes.length)
})
