import type { Event } from '../events/event.js'
import type { Mask } from '../terminal/mask.js'

/** The event with every text in it put through `clean`; numbers, types and places stay as they are. */
export function cleanEvent(event: Event, clean: Mask): Event {
  return cleanValue(event, clean) as Event
}

function cleanValue(value: unknown, clean: Mask): unknown {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map((item: unknown) => cleanValue(item, clean))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cleanValue(item, clean)]))
}
