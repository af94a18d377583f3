import type { Config } from '../config/index.js'
import { RampartError } from '../errors/rampart-error.js'
import type { EventBody } from '../events/event.js'
import { endOf, type Ended, type RunContext } from '../operations/run.js'
import type { OutsideFlags } from './announcer.js'
import type { Performance } from './perform.js'
import type { VerifyAt } from './verify-plan.js'

/** The way back that a person may ask for on the screen: of whatever rollout is under way by then. */
export interface TurnBack {
  /** To the release whose id was typed. Says when the platform was asked; what `rampart rollback` does beside that goes on. Rejects when there is no way. */
  readonly rollBack: (to: string) => Promise<string>
  /** Runs a body beside which a person may go back; it ends no sooner than that, and says what came of it. */
  readonly around: (run: RunContext, body: () => Promise<Ended>) => Promise<Ended>
}

/** What is told of a rollback beside the run that shows the rollout itself. */
const isTold = ({ type }: EventBody): boolean =>
  type === 'warning' || type === 'lock.waiting' || type.startsWith('hook.') || type.startsWith('notice.')

const nothing = (): RampartError =>
  new RampartError(
    'preflight',
    'Nothing is under way that could go back; rampart rollback returns to an earlier release.',
  )

/** `rampart rollback` for a person who watches: with record, hold, hooks and proof. */
export function turnBack(config: Config, flags: OutsideFlags & VerifyAt, performing: Performance): TurnBack {
  let watched: RunContext | undefined
  let going: Promise<Ended> | undefined

  async function goBack(to: string, run: RunContext, onAsked: (text: string) => void): Promise<Ended> {
    const [{ prepareReturn }, { chooseWanted, nameOf }] = await Promise.all([
      import('./prepare-return.js'),
      import('../operations/bearings.js'),
    ])
    const { request, bearings, go } = await prepareReturn(config, { ...flags, lockWait: 0 }, performing)
    if (bearings.running === undefined) throw nothing()
    const wanted = await chooseWanted(request, bearings, { turns: true })
    // The screen may be older than what is under way by now.
    if (![wanted.release.id, wanted.revision.number, bearings.current.release].includes(to)) {
      throw new RampartError('preflight', `What is under way by now comes from ${nameOf(wanted)}, not from ${to}.`)
    }
    return go(wanted, {
      ...run,
      emit: (event) => {
        if (event.type === 'rollout.started') onAsked(`asked ${request.driver.fleet} to go back to ${nameOf(wanted)}`)
        if (isTold(event)) run.emit(event)
      },
    })
  }

  return {
    async rollBack(to) {
      const run = watched
      if (run === undefined) throw nothing()
      if (going !== undefined) return 'going back already'
      return new Promise<string>((resolve, reject) => {
        let asked = false
        const onAsked = (text: string): void => {
          asked = true
          resolve(text)
        }
        going = goBack(to, run, onAsked).then(
          (ended) => {
            run.emit({ type: 'warning', message: ended.message, next: ended.next })
            resolve(ended.message)
            return ended
          },
          (error: unknown) => {
            const ended = endOf(error)
            if (asked) run.emit({ type: 'warning', message: ended.message, next: ended.next })
            // Nothing has come of it, so that it may be asked for again.
            else going = undefined
            reject(new Error([ended.message, ...(ended.problems ?? [])].join(' ')))
            return ended
          },
        )
      })
    },
    async around(run, body) {
      watched = run
      try {
        const ended = await body()
        const back = await going
        return back === undefined ? ended : both(ended, back)
      } finally {
        await going
      }
    },
  }
}

/** Ways of a rollback to end that say more than that the rollout did not succeed. */
const worse: ReadonlySet<Ended['ending']> = new Set(['attention', 'unknown', 'verification'])

/** A run during which a person went back: what that leaves to be done counts, too. */
function both(ended: Ended, back: Ended): Ended {
  const isWorse = ended.ending === 'rolledBack' && worse.has(back.ending)
  return {
    ...ended,
    ...(isWorse && { ending: back.ending }),
    message: `${ended.message} ${back.message}`,
    problems: [...(ended.problems ?? []), ...(back.problems ?? [])],
    next: [...new Set([...back.next, ...ended.next])],
  }
}
