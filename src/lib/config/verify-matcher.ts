import type { Json, Matcher } from '../domain/verify-plan.js'

/** Why a value is no expectation, and what would be one. */
interface MatcherFlaw {
  readonly flaw: string
  readonly hint: string
}

const isJson = (value: unknown): value is Json => value !== undefined
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0

function isPattern(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    void new RegExp(value, 'u')
    return true
  } catch {
    return false
  }
}

const keys: Readonly<Record<keyof Matcher, { readonly is: (value: unknown) => boolean; readonly what: string }>> = {
  equals: { is: isJson, what: 'a value' },
  oneOf: { is: (value) => Array.isArray(value) && value.length > 0, what: 'a list of values' },
  matches: { is: isPattern, what: 'a regular expression' },
  atLeast: { is: isNumber, what: 'a number' },
  atMost: { is: isNumber, what: 'a number' },
  exists: { is: (value) => typeof value === 'boolean', what: '`true` or `false`' },
  count: { is: isCount, what: 'a whole number' },
  minCount: { is: isCount, what: 'a whole number' },
}

/** What a value of `expect.json` says: a value stands for itself, a map for a {@link Matcher}. */
export function readMatcher(value: unknown): Matcher | MatcherFlaw {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { equals: value as Json }
  const known = Object.keys(keys).map((key) => `\`${key}\``)
  const entries = Object.entries(value)
  if (entries.length === 0) return { flaw: 'says nothing', hint: `It takes ${known.join(', ')}` }
  for (const [key, given] of entries) {
    const rule = Object.hasOwn(keys, key) ? keys[key as keyof Matcher] : undefined
    if (rule === undefined) {
      return {
        flaw: `has \`${key}\`, which is no expectation`,
        hint: `It takes ${known.join(', ')}; for a map as the value itself write \`equals: {…}\``,
      }
    }
    if (!rule.is(given)) return { flaw: `has \`${key}\`, which must be ${rule.what}`, hint: 'Such as `atLeast: 1`' }
  }
  return value
}

/** True for what is no expectation. */
export const isFlaw = (read: Matcher | MatcherFlaw): read is MatcherFlaw => 'flaw' in read
