import { parseDuration, parseSize } from '../config/scalars.js'
import { RampartError } from '../errors/rampart-error.js'
import { assumptionNames, assumptions, isAssumptionName, type AssumptionName, type Unit } from '../plan/assumptions.js'

/** What was given for a plan's numbers, each in its unit. */
export type GivenAssumptions = Readonly<Partial<Record<AssumptionName, number>>>

/**
 * What `--assume NAME=VALUE` gives, e.g. `upload=13MB/s`, `warmup=180s`, `targets=6`.
 * @throws RampartError `usage` for a name or a value that is none.
 */
export function parseAssumptions(texts: readonly string[]): GivenAssumptions {
  return Object.fromEntries(texts.map(parseAssumption))
}

function parseAssumption(text: string): readonly [AssumptionName, number] {
  const [, name = text, given = ''] = /^([^=]*)=(.*)$/.exec(text) ?? []
  if (!isAssumptionName(name)) {
    throw new RampartError('usage', `A plan supposes nothing under the name ${name}.`, {
      next: [`use one of ${assumptionNames.join(', ')}`],
    })
  }
  const { unit, what } = assumptions[name]
  const value = read[unit](given)
  if (value === undefined) {
    throw new RampartError('usage', `--assume ${text}: that is no value for ${what}.`, {
      next: [`write it like ${name}=${examples[unit]}`],
    })
  }
  return [name, value]
}

const examples: Readonly<Record<Unit, string>> = {
  rate: '13MB/s',
  duration: '180s',
  bytes: '2GB',
  count: '4',
  factor: '1.3',
  money: '60',
}

const number = (text: string): number | undefined => {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  return value > 0 && Number.isFinite(value) ? value : undefined
}

// Lines are sold in bits, storage is counted in bytes.
function rate(text: string): number | undefined {
  const bits = /^(.+)Mbit\/s$/.exec(text)?.[1]
  if (bits !== undefined) return (number(bits) ?? Number.NaN) * 125_000 || undefined
  return text.endsWith('/s') ? parseSize(text.slice(0, -2)) : undefined
}

const read: Readonly<Record<Unit, (text: string) => number | undefined>> = {
  rate,
  duration: (text) => parseDuration(text) || undefined,
  bytes: parseSize,
  count: (text) => (/^[1-9]\d*$/.test(text) ? number(text) : undefined),
  factor: number,
  money: number,
}
