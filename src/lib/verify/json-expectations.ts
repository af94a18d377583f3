import { isDeepStrictEqual } from 'node:util'
import { query, type JsonValue } from 'jsonpath-rfc9535'
import type { Json, JsonExpectation, Matcher } from '../domain/verify-plan.js'

/** Tells what of a document is not as it should be; nothing when all is. */
export type JsonJudge = (document: Json) => readonly string[]

const longest = 80

/** A value as evidence shows it. */
function shownJson(value: Json): string {
  const text = JSON.stringify(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** Finds by JSONPath what should be right. https://www.rfc-editor.org/rfc/rfc9535 */
export function jsonJudge(expectations: readonly JsonExpectation[]): JsonJudge {
  return (document) => expectations.flatMap((one) => judge(one, document))
}

function judge({ path, matcher }: JsonExpectation, document: Json): readonly string[] {
  const values = query(document as JsonValue, path) as readonly Json[]
  if (matcher.exists === false) {
    return values.length === 0 ? [] : [`${path} is ${shownJson(values[0] ?? null)} and should not be there`]
  }
  const count = `${path} finds ${values.length} ${values.length === 1 ? 'value' : 'values'}`
  const wrongCount = [
    ...(matcher.count !== undefined && values.length !== matcher.count ? [`${count}, not ${matcher.count}`] : []),
    ...(matcher.minCount !== undefined && values.length < matcher.minCount
      ? [`${count}, not ${matcher.minCount} or more`]
      : []),
  ]
  const asksCount = matcher.count !== undefined || matcher.minCount !== undefined
  if (values.length === 0 && !asksCount) return [`${path} is not there`]
  return [...wrongCount, ...values.flatMap((value) => mismatches(value, matcher).map((what) => `${path} ${what}`))]
}

function mismatches(value: Json, matcher: Matcher): readonly string[] {
  const is = `is ${shownJson(value)}`
  const { equals, oneOf, matches, atLeast, atMost } = matcher
  return [
    ...(equals !== undefined && !same(value, equals) ? [`${is}, not ${shownJson(equals)}`] : []),
    ...(oneOf !== undefined && !oneOf.some((one) => same(value, one))
      ? [`${is}, not one of ${oneOf.map(shownJson).join(', ')}`]
      : []),
    ...(matches !== undefined && !(typeof value === 'string' && new RegExp(matches, 'u').test(value))
      ? [`${is}, which does not match ${matches}`]
      : []),
    ...(atLeast !== undefined && !(typeof value === 'number' && value >= atLeast)
      ? [`${is}, not ${atLeast} or more`]
      : []),
    ...(atMost !== undefined && !(typeof value === 'number' && value <= atMost)
      ? [`${is}, not ${atMost} or less`]
      : []),
  ]
}

// Maps from YAML have no prototype, those of an answer have one.
const same = (left: Json, right: Json): boolean => isDeepStrictEqual(plain(left), plain(right))
const plain = (value: Json): unknown => (typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value)
