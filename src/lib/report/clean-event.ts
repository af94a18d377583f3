import type { Event } from '../events/event.js'
import type { Mask } from '../terminal/mask.js'

/**
 * The fields whose values are words of the format and not text of anyone's. They are left as they are: a secret that
 * happens to be `done` must not break the stream, and masking it there would tell what it is.
 */
const formatFields = new Set([
  'type',
  'at',
  'phase',
  'phases',
  'outcome',
  'result',
  'health',
  'grade',
  'digest',
  'hook',
  'notice',
])

/** The event with every text in it put through `clean`; what the format itself says stays as it is. */
export function cleanEvent(event: Event, clean: Mask): Event {
  return cleanValue(event, clean) as Event
}

function cleanValue(value: unknown, clean: Mask): unknown {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map((item: unknown) => cleanValue(item, clean))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, formatFields.has(key) ? item : cleanValue(item, clean)]),
  )
}
