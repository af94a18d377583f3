import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { interpolate } from '../../src/lib/config/interpolate.js'

const escaped = (text: string): string => text.replaceAll('$', '$$$$')

const env = { NAME: 'value', EMPTY: '', TRICKY: String.raw`s3cr$t"Pass'\x ${'$'}{NAME} $$` }

describe('what variables come to', () => {
  test.each([
    ['${NAME}', 'value'],
    ['a-${NAME}-${NAME}', 'a-value-value'],
    ['${UNSET:-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${NAME:-default}', 'value'],
    ['${UNSET:-}', ''],
    ['${UNSET:-a $$ b:-c}', 'a $ b:-c'],
    ['${EMPTY}', ''],
    ['$$', '$'],
    ['$${NAME}', '${NAME}'],
    ['$$${NAME}', '$value'],
    ['cost: 5$', 'cost: 5$'],
    ['$5', '$5'],
    ['${TRICKY}', env.TRICKY],
  ])('%s', (text, result) => {
    expect(interpolate(text, env)).toMatchObject({ text: result, flaws: [] })
  })

  test('values are kept as they are, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, value, after) => {
        const result = interpolate(`${escaped(before)}\${V}${escaped(after)}`, { V: value })
        expect(result).toMatchObject({ text: before + value + after, flaws: [], used: value === '' ? [] : [value] })
      }),
    )
  })
})

describe('what is wrong with a variable', () => {
  test.each([
    ['ab${UNSET}', 2, 'UNSET'],
    ['${constructor}', 0, 'constructor'],
    ['${__proto__}', 0, '__proto__'],
    ['x$NAME', 1, undefined],
    ['${', 0, undefined],
    ['${NAME', 0, undefined],
    ['${NAME:?message}', 0, undefined],
    ['${1}', 0, undefined],
    ['${A:-${NAME}}', 0, undefined],
  ])('%s', (text, at, missing) => {
    const [flaw] = interpolate(text, env).flaws
    expect(flaw).toMatchObject({ at })
    expect(flaw?.missing).toBe(missing)
  })

  test('a text with variables is known from one without', () => {
    expect(interpolate('$$ plain', env).variables).toBe(false)
    expect(interpolate('${UNSET:-x}', env).variables).toBe(true)
  })
})
