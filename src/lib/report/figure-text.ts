import { formatBytes } from '../domain/format-bytes.js'
import { assumptions, type AssumptionName } from '../plan/assumptions.js'
import type { Figure } from '../plan/figure.js'
import { formatDuration } from '../terminal/format.js'

/** The value of a number that a plan is made from, in its unit. */
export function figureText(name: AssumptionName, { value }: Figure): string {
  switch (assumptions[name].unit) {
    case 'rate':
      return `${formatBytes(value)}/s`
    case 'bytes':
      return formatBytes(value)
    case 'duration':
      return formatDuration(value)
    case 'money':
      return `$${value}`
    case 'factor':
      return `x ${value}`
    case 'count':
      return String(value)
  }
}
