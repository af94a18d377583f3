import type { Performed, SharedFlags } from '../../base-command.js'
import type { OutsideFlags } from './announcer.js'
import type { RollbackList, RollbackRow } from '../domain/rollback-list.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { chooseWanted, nameOf, nameOfServing, type Bearings, type Wanted } from '../operations/bearings.js'
import { defaultOf, type Candidate } from '../release/choose.js'
import type { Config } from '../config/index.js'
import { configure, performance } from './configure.js'
import { secretsOfAnswers } from './verifier.js'
import type { VerifyAt } from './verify-plan.js'
import { lockWaitOf } from './keeper.js'
import { perform, streamPage, type Watch } from './perform.js'
import { canAsk } from './person.js'
import { prepareReturn } from './prepare-return.js'
import { abortOf, countCalls, reportingOf, type WatchFlags } from './watching.js'

interface RollbackFlags extends SharedFlags, WatchFlags, OutsideFlags, VerifyAt {
  readonly to?: string | undefined
  readonly 'last-proved': boolean
  readonly list: boolean
  readonly yes: boolean
  readonly 'lock-wait'?: string | undefined
}

function rowOf({ record, isProved, isServing, isDefault }: Candidate, goneBack?: string): RollbackRow {
  const { number, release, revision, source, startedAt, ending } = record
  return {
    number,
    release: release.id,
    revision,
    version: source?.version ?? null,
    commit: source?.commit ?? null,
    subject: source?.subject ?? null,
    images: release.images,
    startedAt,
    outcome: ending ?? null,
    proved: isProved,
    serving: isServing,
    default: isDefault && goneBack === undefined,
  }
}

function listOf(config: Config, fleet: string, { candidates, serving, running, goneBack }: Bearings): RollbackList {
  return {
    app: config.app,
    environment: config.environment.name,
    fleet,
    serving: { revision: serving.revision, release: serving.release ?? null },
    running: running?.handle.id ?? null,
    goneBack: goneBack ?? null,
    candidates: candidates.map((one) => rowOf(one, goneBack)),
  }
}

/** `rampart rollback`. */
export async function runRollback(flags: RollbackFlags): Promise<Performed> {
  const lockWait = lockWaitOf(flags['lock-wait'])
  const config = await configure(flags)
  const ran = ['preflight', 'rollout', 'proof', ...(config.verify === undefined ? [] : ['verify' as const])] as const
  const about = performance('rollback', config, ran, await secretsOfAnswers(config, flags))
  const { clock, simulation } = about
  const calls = countCalls(flags, clock)
  const performing = { ...about, ...(calls.onCall !== undefined && { onCall: calls.onCall }) }
  const { request, bearings, go, background } = await prepareReturn(config, { ...flags, lockWait }, performing)
  const { driver } = request
  const list = listOf(config, driver.fleet, bearings)
  if (flags.list) {
    const { rollbackText } = await import('../report/rollback-text.js')
    const text = rollbackText(list, streamPage(process.stdout, flags), clock.now(), simulation)
    if (!flags.json) process.stdout.write(`${text}\n`)
    return { exitCode: exitCodes.done, result: { v: 1, simulated: simulation !== undefined, ...list } }
  }
  const asks = !flags.yes && canAsk(flags)
  const to = asks && flags.to === undefined && !flags['last-proved'] ? await ask(bearings, clock.now()) : flags.to
  const wanted = await chooseWanted(request, bearings, { to, lastProved: flags['last-proved'] })
  if (asks) await confirm(config, bearings, wanted)

  const watch: Watch = {
    onTerminal: 'list',
    abort: abortOf(() => driver),
    record: flags.record,
    report: reportingOf(flags, background),
    lastWords: calls.lastWords,
  }
  return perform(performing, flags, async (run) => go(wanted, run), watch)
}

/** Which release, of those that are known; undefined for what a rollout under way comes from. */
async function ask(bearings: Bearings, now: number): Promise<string | undefined> {
  if (bearings.running !== undefined) return undefined
  const { candidateLine } = await import('../report/rollback-text.js')
  const others = bearings.candidates.filter(({ isServing, isDefault }) => !isServing && !isDefault)
  const choices = [...bearings.candidates.filter(({ isDefault }) => isDefault), ...others].slice(0, 12).map((one) => ({
    value: `#${one.record.number}`,
    label: candidateLine(rowOf(one), now),
  }))
  const [first, ...rest] = choices
  // With none to choose from, what is wrong is said.
  if (first === undefined) return `#${defaultOf(bearings.candidates).record.number}`
  const asker = await openAsker()
  const { goneBack } = bearings
  if (goneBack === undefined) return asker.choose('Go back to which release?', [first, ...rest])
  const stay = { value: 'stay', label: `none: leave ${nameOfServing(bearings)}` }
  const question = `${goneBack} has gone back already. Go back further, to which release?`
  const chosen = await asker.choose(question, [stay, first, ...rest])
  if (chosen !== stay.value) return chosen
  throw new RampartError('interrupted', `${nameOfServing(bearings)} serves; nothing was changed.`)
}

async function openAsker() {
  const { createAsker } = await import('../terminal/ask.js')
  return createAsker({ input: process.stdin, output: process.stderr })
}

async function confirm(config: Config, { running, current }: Bearings, wanted: Wanted): Promise<void> {
  const { name } = config.environment
  const from = current.release ?? `version ${current.revision.number}`
  const question =
    running === undefined
      ? `Roll ${config.app}, ${name} back from ${from} to ${nameOf(wanted)}?`
      : `A rollout is under way (${running.handle.id}). Take it back to ${nameOf(wanted)}?`
  const asker = await openAsker()
  if (await asker.confirm(question, true)) return
  throw new RampartError('interrupted', 'You said no; nothing was changed.')
}
