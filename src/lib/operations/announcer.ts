import type { HookName, NoticeName } from '../domain/hook.js'
import type { RunFacts } from '../domain/run-facts.js'
import type { Release } from '../domain/release.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { EventBody } from '../events/event.js'
import type { FoundHooks } from '../hooks/find.js'
import { runHook, type HookOptions, type HookResult } from '../hooks/run-hook.js'
import { deliver, hostOf, type DeliverOptions } from '../notify/deliver.js'
import { slackMessage } from '../notify/slack.js'
import { endOf, inPhase, type Ended, type RunContext } from './run.js'

/** Where notices go. */
export interface NoticeTarget {
  /** A secret. */
  readonly webhook: string
  readonly format: 'slack' | 'json'
  readonly on: readonly NoticeName[]
}

export interface AnnouncerOptions {
  readonly command: 'deploy' | 'rollback'
  readonly app: string
  readonly environment: string
  readonly simulated: boolean
  /** Where the sources come from; asked once. */
  readonly source: () => Promise<RunFacts['source']>
  readonly actor?: string
  readonly link?: string
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string
  /** Undefined when none are to run. */
  readonly hooks?: FoundHooks & HookOptions
  /** Empty when nobody is to be told. */
  readonly notices: readonly NoticeTarget[]
  readonly delivery: Omit<DeliverOptions, 'signal'>
}

/** Ways to end at which nobody outside is told: the person who stopped the run knows. */
const untold: ReadonlySet<string> = new Set(['interrupted', 'terminated'])

/** Runs the hooks of a run and posts its notices, each at its moment. What they do has no part in how the run ends, but for pre-hooks. */
export class Announcer {
  readonly #options: AnnouncerOptions
  /** What is on its way to each, one after the other: who hears of an end has heard of its beginning. */
  readonly #notices = new Map<NoticeTarget, Promise<void>>()
  #heard: Partial<Pick<RunFacts, 'release' | 'revision' | 'from' | 'rollout' | 'proof' | 'verification'>> = {}
  #goesBack = false
  #source: Promise<RunFacts['source']> | undefined
  #ran = new Set<HookName>()

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  /** Runs the body, of which the announcer hears what it tells, and then the hooks and notices of its end. */
  async around(run: RunContext, body: (run: RunContext) => Promise<Ended>): Promise<Ended> {
    const startedAt = run.clock.now()
    const told: RunContext = {
      ...run,
      emit: (event) => {
        run.emit(event)
        this.#hear(event, run)
      },
    }
    for (const { message, next } of this.#options.hooks?.flaws ?? []) run.emit({ type: 'warning', message, next })
    let ended: Ended
    try {
      ended = await body(told)
    } catch (error) {
      await this.#tellEnd(endOf(error), startedAt, run)
      throw error
    }
    await this.#tellEnd(ended, startedAt, run)
    return ended
  }

  /** Runs a hook that may forbid what comes next, once; rejects with kind `preflight` when it does. */
  async before(hook: 'pre-build' | 'pre-deploy', run: RunContext, release?: Release): Promise<void> {
    if (release !== undefined) this.#heard = { ...this.#heard, release }
    const result = await this.#run(hook, run)
    if (result === undefined || result.outcome === 'done') return
    // Who stops the run while its hook runs did not see the hook fail.
    run.signal.throwIfAborted()
    throw new RampartError(
      'preflight',
      `The hook ${hook} failed: ${result.why ?? ''}. Nothing that serves was changed.`,
      {
        problems: result.tail.map((message) => ({ message })),
        next: [`mend the hook and run rampart ${this.#options.command} again, or leave hooks out with --no-hooks`],
      },
    )
  }

  /** Runs the hook of a rollout that has ended well. Never rejects. */
  async afterRollout(run: RunContext): Promise<void> {
    this.#warn('post-rollout', await this.#run('post-rollout', run), run)
  }

  async #tellEnd(ended: Ended, startedAt: number, run: RunContext): Promise<void> {
    const told = this.#endOf(ended)
    if (told !== undefined && !run.signal.aborted) {
      const { ending, message, problems = [], next } = ended
      const { mask } = this.#options
      const end = {
        outcome: ending,
        exitCode: exitCodes[ending],
        message: mask(message),
        problems: problems.map(mask),
        next: next.map(mask),
        duration: run.clock.now() - startedAt,
      }
      this.#post(told.notice, run, end)
      await this.#runLast(told.hook, run, end)
    }
    await Promise.all(this.#notices.values())
  }

  /** Undefined when nobody needs to know: nothing was done, or who stopped the run knows already. */
  #endOf({ ending }: Ended): { readonly hook: HookName; readonly notice: NoticeName } | undefined {
    if (untold.has(ending)) return undefined
    if (ending !== 'done') return { hook: 'failed', notice: 'failed' }
    if (this.#heard.rollout === undefined) return undefined
    return this.#options.command === 'rollback'
      ? { hook: 'post-rollback', notice: 'rolled-back' }
      : { hook: 'post-deploy', notice: 'succeeded' }
  }

  /** In a phase of its own, so that its time is nobody else's. */
  async #runLast(hook: HookName, run: RunContext, end: RunFacts['end']): Promise<void> {
    if (this.#options.hooks?.paths.has(hook) !== true) return
    await inPhase(run, 'hooks', async () => {
      const result = await this.#run(hook, run, end)
      const isDone = result?.outcome === 'done'
      return {
        value: undefined,
        detail: `${hook}${isDone ? '' : ` ${result?.outcome ?? ''}`}`,
        ...(!isDone && { outcome: 'failed' }),
      }
    })
  }

  async #run(hook: HookName, run: RunContext, end?: RunFacts['end']): Promise<HookResult | undefined> {
    const { hooks } = this.#options
    const path = hooks?.paths.get(hook)
    if (hooks === undefined || path === undefined || this.#ran.has(hook)) return undefined
    this.#ran.add(hook)
    const result = await runHook(hook, path, await this.#facts(end), hooks, run)
    if (!hook.startsWith('pre-') && hook !== 'post-rollout') this.#warn(hook, result, run)
    return result
  }

  #warn(hook: HookName, result: HookResult | undefined, run: RunContext): void {
    if (result === undefined || result.outcome === 'done') return
    const why = result.outcome === 'stopped' ? 'was ended with the run' : `failed: ${result.why ?? ''}`
    const message = `The hook ${hook} ${why}. What was rolled out does not depend on it.`
    run.emit({
      type: 'warning',
      message,
      ...(result.tail.length > 0 && { next: [`its last line: ${result.tail.at(-1)}`] }),
    })
  }

  #hear(event: EventBody, run: RunContext): void {
    if (event.type === 'phase.started' && event.phase === 'rollback') this.#turn()
    // The way back is a part of how the rollout ends, which is told then.
    if (this.#goesBack) return
    const heard = heardIn(event)
    if (heard === undefined) return
    this.#heard = { ...this.#heard, ...heard }
    // A rollout that was under way already has been told of by whoever started it.
    if (event.type === 'rollout.started' && !event.attached) this.#post('started', run)
  }

  #turn(): void {
    this.#goesBack = true
    const { verification } = this.#heard
    if (verification !== undefined) {
      this.#heard = { ...this.#heard, verification: { ...verification, wentBack: true } }
    }
  }

  /** Posts beside whatever goes on; the end of the run waits for it. */
  #post(notice: NoticeName, run: RunContext, end?: RunFacts['end']): void {
    for (const target of this.#options.notices) {
      if (!target.on.includes(notice)) continue
      const before = this.#notices.get(target) ?? Promise.resolve()
      this.#notices.set(
        target,
        before.then(() => this.#deliver(target, notice, run, end)),
      )
    }
  }

  async #deliver(target: NoticeTarget, notice: NoticeName, run: RunContext, end: RunFacts['end']): Promise<void> {
    const { delivery } = this.#options
    const host = hostOf(target.webhook)
    try {
      const facts = await this.#facts(end)
      const at = new Date(delivery.clock.now()).toISOString()
      const document = target.format === 'slack' ? slackMessage(notice, facts) : { v: 1, notice, at, ...facts }
      await deliver(target.webhook, document, { ...delivery, signal: run.signal })
      run.emit({ type: 'notice.sent', notice, to: host })
    } catch (error) {
      if (run.signal.aborted) return
      const why = error instanceof Error ? error.message : String(error)
      run.emit({
        type: 'warning',
        message: `The notice "${notice}" was not delivered to ${why}. The run does not depend on it.`,
      })
    }
  }

  async #facts(end: RunFacts['end']): Promise<RunFacts> {
    const { command, app, environment, simulated, actor, link, mask } = this.#options
    const known = this.#heard
    const source = await (this.#source ??= this.#options.source())
    return {
      command,
      app,
      environment,
      simulated,
      ...(source !== undefined && { source: { ...source, subject: mask(source.subject) } }),
      ...known,
      ...(known.verification !== undefined && { verification: maskedVerification(known.verification, mask) }),
      ...(actor !== undefined && { actor }),
      ...(link !== undefined && { link }),
      ...(end !== undefined && { end }),
    }
  }
}

/** Endpoints answer what they like. */
function maskedVerification(
  { checks, criteria, wentBack }: NonNullable<RunFacts['verification']>,
  mask: (text: string) => string,
): NonNullable<RunFacts['verification']> {
  const masked = <T extends { readonly detail: string }>(line: T): T => ({ ...line, detail: mask(line.detail) })
  return { checks: checks.map(masked), criteria: criteria.map(masked), wentBack }
}

function heardIn(event: EventBody): Partial<RunFacts> | undefined {
  switch (event.type) {
    case 'release.recorded':
      return { release: event.release, revision: event.revision }
    case 'plan.made':
      return { from: event.from }
    case 'rollout.started':
      return { rollout: event.id }
    case 'proof':
      return { proof: { proved: event.proved, total: event.total } }
    case 'verified': {
      const checks = event.checks.map(({ name, result, detail }) => ({ name, result, detail }))
      return { verification: { checks, criteria: event.criteria, wentBack: false } }
    }
    default:
      return undefined
  }
}
