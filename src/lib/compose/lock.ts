import type { Performed, SharedFlags } from '../../base-command.js'
import { createAws } from '../aws/index.js'
import type { Config } from '../config/index.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { forceLock, lockStatus, type LockRequest } from '../operations/lock.js'
import type { Account } from '../ports/account.js'
import { holderWords, type Claim } from '../release/lock.js'
import { lockText, type LockView } from '../report/lock-text.js'
import { clockFrom } from '../system/clock.js'
import { isGone } from '../system/process-identity.js'
import { configure } from './configure.js'
import { placeOf, runnerOf } from './keeper.js'
import { streamPage } from './perform.js'

interface Opened {
  readonly config: Config
  readonly account: Account
  readonly request: LockRequest
}

async function open(flags: SharedFlags): Promise<Opened> {
  const config = await configure(flags)
  if (!config.environment.release.ledger) {
    throw new RampartError('usage', `There is no lock: release.ledger of ${config.environment.name} is off.`)
  }
  const { account, parameters } = createAws({ region: config.environment.region })
  const clock = clockFrom(process.env['RAMPART_CLOCK'])
  return { config, account, request: { parameters, clock, place: placeOf(config), isGone } }
}

function claimView({ owner, since, doing, expiresAt }: Claim): NonNullable<LockView['holder']> {
  const { by, host, command, link } = owner
  return { by, host, command, doing, since, expiresAt, link: link ?? null }
}

/** `rampart lock status`. */
export async function runLockStatus(flags: SharedFlags): Promise<Performed> {
  const { config, request } = await open(flags)
  const { holder, last, hold, audit } = await lockStatus(request)
  const before = holder === undefined ? last : undefined
  const view: LockView = {
    app: config.app,
    environment: config.environment.name,
    holder: holder === undefined ? null : claimView(holder),
    last: before === undefined ? null : { ...claimView(before), releasedAt: before.released?.at ?? null },
    hold: hold ?? null,
    audit,
  }
  const simulation = process.env['RAMPART_SIMULATION']
  if (!flags.json) process.stdout.write(`${lockText(view, streamPage(process.stdout, flags), simulation)}\n`)
  return { exitCode: exitCodes.done, result: { v: 1, simulated: simulation !== undefined, ...view } }
}

interface ReleaseFlags extends SharedFlags {
  readonly force: boolean
  readonly yes: boolean
}

/** `rampart lock release`. */
export async function runLockRelease(flags: ReleaseFlags): Promise<Performed> {
  const { config, account, request } = await open(flags)
  const taken = await forceLock(request, {
    runner: await runnerOf(account),
    confirm: async (holder) => {
      if (!flags.force) {
        throw new RampartError('conflict', `The lock belongs to another run: ${holderWords(holder)}.`, {
          next: ['wait for it, or stop that run: it gives the lock back', 'rampart lock release --force takes it away'],
        })
      }
      return flags.yes || (await askFor(holder, config, flags))
    },
  })
  const environment = `${config.app}, ${config.environment.name}`
  const simulation = process.env['RAMPART_SIMULATION']
  if (!flags.json) {
    const words =
      taken === undefined
        ? `Nobody has the lock of ${environment}: nothing to do.`
        : `The lock of ${environment} was taken from ${taken.owner.by} on ${taken.owner.host}. It stops before its next change; a rollout that has begun goes on.`
    process.stdout.write(`${words}\n`)
  }
  const result = { v: 1, simulated: simulation !== undefined, released: taken === undefined ? null : claimView(taken) }
  return { exitCode: exitCodes.done, result }
}

/** The typed yes of a person; nobody else can give it. */
async function askFor(holder: Claim, config: Config, flags: SharedFlags): Promise<boolean> {
  const { stdin: input, stderr: output } = process
  if (!input.isTTY || !output.isTTY || flags.json) {
    throw new RampartError('usage', 'Taking the lock away must be confirmed, and there is no terminal to ask on.', {
      next: ['add --yes if that is meant'],
    })
  }
  output.write(`${holderWords(holder)}\n`)
  const { createAsker } = await import('../terminal/ask.js')
  const asker = await createAsker({ input, output })
  const answer = await asker.text(`Take the lock of ${config.environment.name} away? Type yes`, '', () => undefined)
  return answer.trim().toLowerCase() === 'yes'
}
