/** What a rule wants of an event: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html */
export interface Pattern {
  readonly [key: string]: readonly unknown[] | Pattern
}

const comparisons: Readonly<Record<string, (wanted: unknown, value: unknown) => boolean>> = {
  prefix: (wanted, value) => typeof value === 'string' && value.startsWith(String(wanted)),
  suffix: (wanted, value) => typeof value === 'string' && value.endsWith(String(wanted)),
  exists: (wanted, value) => wanted === (value !== undefined),
  'equals-ignore-case': (wanted, value) =>
    typeof value === 'string' && value.toLowerCase() === String(wanted).toLowerCase(),
  'anything-but': (wanted, value) => value !== undefined && ![wanted].flat().includes(value),
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The pattern that a text holds; a sentence that says what is wrong with it otherwise. */
export function readPattern(text: string): Pattern | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'Event pattern is not valid. Reason: it is not JSON'
  }
  if (!isMap(value)) return 'Event pattern is not valid. Reason: Filter is not an object'
  return problemOf(value) ?? (value as Pattern)
}

function problemOf(pattern: Readonly<Record<string, unknown>>): string | undefined {
  for (const [key, value] of Object.entries(pattern)) {
    if (isMap(value)) {
      const inner = problemOf(value)
      if (inner !== undefined) return inner
      continue
    }
    if (!Array.isArray(value)) return `Event pattern is not valid. Reason: "${key}" must be an object or an array`
    if (value.length === 0) return 'Event pattern is not valid. Reason: Empty arrays are not allowed'
    const strange = value.filter(isMap).flatMap((one) => Object.keys(one).filter((name) => !(name in comparisons)))
    if (strange.length > 0) return `Event pattern is not valid. Reason: Unrecognized match type ${strange[0] ?? ''}`
  }
  return undefined
}

const fits = (wanted: unknown, value: unknown): boolean =>
  isMap(wanted)
    ? Object.entries(wanted).every(([name, each]) => comparisons[name]?.(each, value) === true)
    : wanted === value

/** Whether an event is one that the pattern wants. */
export function matchesPattern(pattern: Pattern, event: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    const value = event[key]
    if (!Array.isArray(wanted)) return matchesPattern(wanted as Pattern, isMap(value) ? value : {})
    const values: readonly unknown[] = Array.isArray(value) && value.length > 0 ? value : [value]
    return values.some((one) => wanted.some((each) => fits(each, one)))
  })
}
