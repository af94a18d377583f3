import type { Performed, SharedFlags } from '../../base-command.js'
import type { Config } from '../config/index.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { figuresOf } from '../plan/assumptions.js'
import { adoptionPath, type AdoptionPath } from '../plan/path.js'
import { compareStrategies, type StrategyTable } from '../plan/table.js'
import { imagineRollout } from '../rehearsal/imagine/rollout.js'
import type { Page } from '../report/page.js'
import { pathText } from '../report/path-text.js'
import { strategiesText } from '../report/strategies-text.js'
import { fittingWarmup } from '../rollout/warmup-advice.js'
import { clockFrom } from '../system/clock.js'
import { createMask } from '../terminal/mask.js'
import { parseAssumptions } from './assumptions.js'
import { configure, secretsOf } from './configure.js'
import { pricesOf } from './prices.js'
import { streamPage } from './perform.js'
import { adoptedStrategies, readPlanFacts, rulesOf } from './plan-facts.js'

interface StrategiesFlags extends SharedFlags {
  readonly assume: readonly string[]
  readonly 'deploys-per-day': string
  readonly prices?: string | undefined
}

/** What an instance is where nobody knows. */
const supposedInstance = 't3.large'

/** What `plan --strategies --json` prints. */
interface StrategiesResult extends StrategyTable {
  readonly v: 1
  readonly simulated: boolean
  readonly pricesFrom: string
  /** What could not be read, and is assumed instead. */
  readonly gaps: readonly string[]
}

/** What `plan --adopt --json` prints. */
interface AdoptionResult extends AdoptionPath {
  readonly v: 1
  readonly simulated: boolean
  readonly gaps: readonly string[]
}

function deploysPerDay(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0 && value <= 1000) return value
  throw new RampartError('usage', `--deploys-per-day must be a number above 0, not ${text}.`, {
    next: ['write e.g. --deploys-per-day 5, or 0.2 for one a week'],
  })
}

interface Compared {
  readonly config: Config
  readonly table: StrategyTable
  readonly gaps: readonly string[]
  /** Where the prices are from. */
  readonly pricesFrom: string
}

async function compare(flags: StrategiesFlags): Promise<Compared> {
  const given = parseAssumptions(flags.assume)
  const frequency = deploysPerDay(flags['deploys-per-day'])
  const config = await configure(flags)
  const clock = clockFrom(process.env['RAMPART_CLOCK'])
  const { prices, about } = await pricesOf(config, flags.prices)
  const facts = await readPlanFacts(config, figuresOf({}, given), { clock, signal: new AbortController().signal })
  const figures = figuresOf(facts.known, given)
  const table = compareStrategies(
    {
      figures,
      services: facts.services,
      fleet: rulesOf(config, figures),
      rented: { instanceType: facts.instanceType ?? supposedInstance, deploysPerDay: frequency },
      prices,
      adopted: adoptedStrategies(config, facts),
    },
    { imagine: imagineRollout, fittingWarmup },
  )
  return { config, table, gaps: facts.gaps, pricesFrom: about }
}

/** Prints the text unless JSON is asked for; gives the result with what no output may show masked. */
function show(flags: SharedFlags, config: Config, result: object, text: (page: Page) => string): Performed {
  const mask = createMask(secretsOf(config))
  if (!flags.json) process.stdout.write(`${mask(text(streamPage(process.stdout, flags)))}\n`)
  return { exitCode: exitCodes.done, result: JSON.parse(mask(JSON.stringify(result))) as unknown }
}

const titleOf = ({ app, environment }: Config): string => `${app}, ${environment.name}`

/** `rampart plan --strategies`. */
export async function runStrategies(flags: StrategiesFlags): Promise<Performed> {
  const { config, table, gaps, pricesFrom } = await compare(flags)
  const simulation = process.env['RAMPART_SIMULATION']
  const result: StrategiesResult = { v: 1, simulated: simulation !== undefined, ...table, pricesFrom, gaps }
  return show(flags, config, result, (page) =>
    strategiesText({ title: titleOf(config), table, pricesFrom, gaps, simulation }, page),
  )
}

/** `rampart plan --adopt`. */
export async function runAdoptionPath(flags: StrategiesFlags): Promise<Performed> {
  const { config, table, gaps } = await compare(flags)
  const simulation = process.env['RAMPART_SIMULATION']
  const path = adoptionPath(table)
  const result: AdoptionResult = { v: 1, simulated: simulation !== undefined, ...path, gaps }
  return show(flags, config, result, (page) => pathText({ title: titleOf(config), path, gaps, simulation }, page))
}
