import type { Performed, SharedFlags } from '../../base-command.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { figuresOf } from '../plan/assumptions.js'
import { compareStrategies, type StrategyTable } from '../plan/table.js'
import { imagineRollout } from '../rehearsal/imagine/rollout.js'
import { strategiesText } from '../report/strategies-text.js'
import { fittingWarmup } from '../rollout/warmup-advice.js'
import { clockFrom } from '../system/clock.js'
import { createMask } from '../terminal/mask.js'
import { parseAssumptions } from './assumptions.js'
import { configure, secretsOf } from './deploy.js'
import { streamPage } from './perform.js'
import { adoptedStrategies, readPlanFacts, rulesOf } from './plan-facts.js'

interface StrategiesFlags extends SharedFlags {
  readonly assume: readonly string[]
  readonly 'deploys-per-day': string
}

/** What `plan --strategies --json` prints. */
interface StrategiesResult extends StrategyTable {
  readonly v: 1
  readonly simulated: boolean
  /** What could not be read, and is assumed instead. */
  readonly gaps: readonly string[]
}

function deploysPerDay(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0 && value <= 1000) return value
  throw new RampartError('usage', `--deploys-per-day must be a number above 0, not ${text}.`, {
    next: ['write e.g. --deploys-per-day 5, or 0.2 for one a week'],
  })
}

/** `rampart plan --strategies`. */
export async function runStrategies(flags: StrategiesFlags): Promise<Performed> {
  const given = parseAssumptions(flags.assume)
  const frequency = deploysPerDay(flags['deploys-per-day'])
  const config = await configure(flags)
  const clock = clockFrom(process.env['RAMPART_CLOCK'])
  const { services, known, gaps } = await readPlanFacts(config, figuresOf({}, given), {
    clock,
    signal: new AbortController().signal,
  })
  const table = compareStrategies(
    {
      figures: figuresOf(known, given),
      services,
      fleet: rulesOf(config),
      rented: { instanceType: 't3.large', deploysPerDay: frequency },
      prices: undefined,
      adopted: adoptedStrategies(config, services),
    },
    { imagine: imagineRollout, fittingWarmup },
  )
  const simulation = process.env['RAMPART_SIMULATION']
  const mask = createMask(secretsOf(config))
  if (!flags.json) {
    const page = streamPage(process.stdout, flags)
    const title = `${config.app}, ${config.environment.name}`
    process.stdout.write(`${mask(strategiesText({ title, table, gaps, simulation }, page))}\n`)
  }
  const result: StrategiesResult = { v: 1, simulated: simulation !== undefined, ...table, gaps }
  return { exitCode: exitCodes.done, result: JSON.parse(mask(JSON.stringify(result))) as unknown }
}
