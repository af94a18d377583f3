import { spawn } from 'node:child_process'
import type { Performed, SharedFlags } from '../../base-command.js'
import type { Config } from '../config/index.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import { RampartError } from '../errors/rampart-error.js'
import { dashboardAddress, widgetsOf, withMarks } from '../monitoring/dashboard.js'
import { driftOfJson } from '../monitoring/differences.js'
import { markReleases, marksOf } from '../operations/mark-releases.js'
import type { RunContext } from '../operations/run.js'
import type { Monitoring } from '../ports/monitoring.js'
import { Ledger } from '../release/ledger.js'
import { reportMonitoring } from './alarms.js'
import { configure, sameCommand } from './configure.js'
import { placeOf } from './keeper.js'
import { findPlaces, monitoringOf } from './monitoring-places.js'

async function open(config: Config): Promise<Monitoring> {
  const { createMonitoring } = await import('../aws/monitoring.js')
  return createMonitoring({ region: config.environment.region })
}

async function recordsOf(config: Config): Promise<readonly ReleaseRecord[]> {
  if (!config.environment.release.ledger) return []
  const { createParameters } = await import('../aws/parameters.js')
  return new Ledger(createParameters({ region: config.environment.region }), placeOf(config)).list()
}

/** `rampart dashboard apply`. */
export async function runDashboardApply(flags: SharedFlags): Promise<Performed> {
  const config = await configure(flags)
  const plan = monitoringOf(config)
  const { createAws } = await import('../aws/index.js')
  const { region } = config.environment
  const places = await findPlaces(plan, config, createAws({ region }))
  const marks = marksOf(await recordsOf(config))
  const body = withMarks(JSON.stringify({ widgets: widgetsOf(plan, places, region) }), marks)
  const monitoring = await open(config)
  const found = await monitoring.dashboard(plan.prefix)
  const drift = found === undefined ? [] : driftOfJson('widgets', widgetsIn(found), widgetsIn(body))
  const action = found === undefined ? 'create' : drift.length > 0 ? 'change' : 'none'
  if (action !== 'none') await monitoring.putDashboard(plan.prefix, body)
  const item = {
    kind: 'dashboard',
    name: plan.prefix,
    action,
    state: null,
    reason: null,
    since: null,
    guards: false,
  } as const
  // The whole body would say nothing to anybody: how much differs is told, widget by widget.
  const told = drift.flatMap(({ is, wanted }) => differing(is, wanted))
  return reportMonitoring(config, flags, { applied: true, items: [{ ...item, drift: told }], left: [] }, 0)
}

function widgetsIn(body: string): string {
  try {
    const { widgets } = JSON.parse(body) as { readonly widgets?: unknown }
    return JSON.stringify(widgets ?? null)
  } catch {
    return body
  }
}

/** The widgets that differ, by their titles. */
function differing(is: unknown, wanted: unknown): { field: string; is: unknown; wanted: unknown }[] {
  const [a, b] = [is, wanted].map((all) => (Array.isArray(all) ? (all as readonly unknown[]) : []))
  const count = Math.max(a?.length ?? 0, b?.length ?? 0)
  return Array.from({ length: count }, (_, index) => ({
    field: `widgets/${index}`,
    is: a?.[index] ?? null,
    wanted: b?.[index] ?? null,
  })).filter((one) => driftOfJson('', JSON.stringify(one.is), JSON.stringify(one.wanted)).length > 0)
}

interface OpenFlags extends SharedFlags {
  readonly browser?: boolean | undefined
}

/** `rampart dashboard open`. */
export async function runDashboardOpen(flags: OpenFlags): Promise<Performed> {
  const config = await configure(flags)
  const { prefix } = monitoringOf(config)
  const { region } = config.environment
  if ((await (await open(config)).dashboard(prefix)) === undefined) {
    throw new RampartError('preflight', `There is no dashboard ${prefix} in ${region}.`, {
      next: [sameCommand('dashboard apply', config)],
    })
  }
  const url = dashboardAddress(prefix, region)
  const simulation = process.env['RAMPART_SIMULATION']
  if (!flags.json) {
    if (simulation !== undefined) process.stderr.write(`SIMULATED: ${simulation}; there is no such page\n`)
    process.stdout.write(`${url}\n`)
  }
  const isWanted = flags.browser ?? (process.stdout.isTTY && !flags.json)
  if (isWanted && simulation === undefined) browse(url)
  return { exitCode: 0, result: { v: 1, simulated: simulation !== undefined, dashboard: prefix, url } }
}

/** Hands the address to whatever opens addresses here. Where nothing does, it was printed. */
function browse(url: string): void {
  const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
    darwin: ['open'],
    win32: ['rundll32', 'url.dll,FileProtocolHandler'],
  }
  const [program, ...args] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' })
  child.on('error', () => undefined)
  child.unref()
}

/** Draws the releases into the environment's dashboard, where it has one. What fails here is said, and ends nothing. */
export async function markDashboard(config: Config, run: Pick<RunContext, 'emit'>): Promise<void> {
  const { monitoring } = config.environment
  if (monitoring === undefined || !config.environment.release.ledger) return
  try {
    await markReleases(await open(config), monitoring.prefix, () => recordsOf(config))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    run.emit({ type: 'warning', message: `The dashboard ${monitoring.prefix} got no mark: ${why}` })
  }
}
