import type { Performed } from '../../base-command.js'
import type { Config } from '../config/index.js'
import type { Verification } from '../domain/verification.js'
import type { VerifyPlan } from '../domain/verify-plan.js'
import { verify } from '../operations/verify.js'
import { writeJunit } from './junit-file.js'
import { clockFrom } from '../system/clock.js'
import { createMask, type Mask } from '../terminal/mask.js'
import { judgeCriteria } from '../verify/criteria.js'
import { chooseVerifyTasks } from '../verify/run.js'
import type { VerifyTask } from '../verify/judged.js'
import { verifyTasks } from '../verify/tasks.js'
import { modeOf, perform, streamPage, type Performance } from './perform.js'
import { mayLoad } from './load-permission.js'
import { verifyPorts } from './verify-ports.js'
import { planFor, secretsOfVerify, type VerifyFlags } from './verify-plan.js'

/** The result of `rampart verify --json`. */
interface VerifyResult extends Verification {
  readonly v: 1
  /** True when what answers belongs to a rehearsal. */
  readonly simulated: boolean
  readonly app: string
  readonly environment: string
}

function performanceOf(plan: VerifyPlan, config: Config | undefined, secrets: readonly string[]): Performance {
  return {
    command: 'verify',
    phases: [],
    app: config?.app ?? new URL(plan.url).host,
    environment: config?.environment.name ?? new URL(plan.url).protocol.replace(':', ''),
    simulation: process.env['RAMPART_SIMULATION'],
    clock: clockFrom(process.env['RAMPART_CLOCK']),
    secrets,
  }
}

/** The checks that are asked for, on real HTTP, TLS and DNS. */
async function tasksFor(
  plan: VerifyPlan,
  flags: VerifyFlags,
  config: Config | undefined,
  secrets: readonly string[],
): Promise<readonly VerifyTask[]> {
  const ports = await verifyPorts(flags.ca)
  const asksFleet = config?.verify?.targets !== undefined || config?.verify?.logs !== undefined
  const fleet =
    config !== undefined && asksFleet
      ? await (await import('./fleet-tasks.js')).fleetTasks(config, secrets, clockFrom(process.env['RAMPART_CLOCK']))
      : []
  const answers = verifyTasks(plan, ports)
  const chosen = chooseVerifyTasks([...answers, ...fleet], flags.only)
  return flags.load ? chosen : chosen.filter(({ kind }) => kind !== 'load')
}

function masked(verification: Verification, mask: Mask): Verification {
  const strings = (_key: string, value: unknown): unknown => (typeof value === 'string' ? mask(value) : value)
  return JSON.parse(JSON.stringify(verification, strings)) as Verification
}

/** `rampart verify`. */
export async function runVerify(flags: VerifyFlags): Promise<Performed> {
  const { plan, config } = await planFor(flags)
  const secrets = secretsOfVerify(plan, config)
  const tasks = await tasksFor(plan, flags, config, secrets)
  if (tasks.some(({ kind }) => kind === 'load')) await mayLoad(plan, tasks, config, flags)
  const mode = modeOf(flags, undefined)
  const mask = createMask(secrets)
  const { stdout, stderr } = process
  const note = (text: string): void => {
    if (mode === 'list' || mode === 'plain') stderr.write(`${mask(text)}\n`)
  }
  let verification: Verification = { url: plan.url, checks: [], criteria: [] }
  const performing = performanceOf(plan, config, secrets)
  // The table comes from here and not from the events; a list of phases would stay empty.
  const watched = { ...flags, progress: mode === 'list' ? 'quiet' : mode, json: mode !== 'ndjson' || flags.json }
  const performed = await perform(performing, watched, async (run) => {
    const { checks, ended } = await verify(tasks, run, ({ name, announce }) => {
      if (announce !== undefined) note(`${name}: ${announce}`)
    })
    const criteria = flags.only.length > 0 ? [] : judgeCriteria(config?.verify?.criteria ?? [], checks)
    verification = masked({ url: plan.url, checks, criteria }, mask)
    if (flags.junit !== undefined) await writeJunit(flags.junit, verification)
    return ended
  })
  const simulation = performing.simulation
  if (!flags.json && mode !== 'ndjson' && verification.checks.length > 0) {
    const { verifyText } = await import('../report/verify-text.js')
    stdout.write(`${verifyText(verification, streamPage(stdout, flags), simulation)}\n`)
  }
  const result: VerifyResult = {
    v: 1,
    simulated: simulation !== undefined,
    app: performing.app,
    environment: performing.environment,
    ...verification,
  }
  return { exitCode: performed.exitCode, result }
}
