import type { Phase } from '../domain/phase.js'
import type { DeployPrediction } from '../domain/prediction.js'
import type { Circumstances, MeasuredStarts, ReleaseFigures } from '../domain/release-figures.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { Release, Revision } from '../domain/release.js'
import type { RolloutFacts } from '../domain/rollout-facts.js'
import type { EventBody } from '../events/event.js'
import { percentile, type MeasuredStart } from '../rollout/warmup-advice.js'
import { comparePrediction } from './compare-prediction.js'
import type { RunContext } from './run.js'

/** What a deploy is about to do. */
export interface Intended {
  readonly release: Release
  readonly revision: Revision
  readonly from: Revision
  readonly targets: number
  /** Bytes that were sent to the registry. */
  readonly pushed: number
  /** The phases that are over, and what they took in milliseconds. */
  readonly over: ReadonlyMap<Phase, number>
  /** Earlier releases of the environment. */
  readonly records: readonly ReleaseRecord[]
}

/** What was foretold of a deploy, and from what. Milliseconds. */
export interface Foretold {
  readonly circumstances: Circumstances
  readonly prediction: DeployPrediction
  /** From the launch of a target to in service, and to ready; and from the first line of its process to ready. */
  readonly start: { readonly inService: number; readonly ready: number; readonly load: number }
  /** Bytes that earlier deploys sent to the registry, in the middle; undefined where there was none. */
  readonly usual: number | undefined
}

/** Foretells how long deploys of an environment take. */
export interface Forecaster {
  /** Undefined where nobody can tell. */
  foretell(intended: Intended): Promise<Foretold | undefined>
  /** How many times as fast as time the run's clock goes; undefined for the real one. */
  readonly pace: number | undefined
  /** How many requests to AWS had to be made again so far. */
  readonly retries: () => number
}

/** What was seen of a run that bears on its times. */
export interface Seen {
  readonly phases: ReadonlyMap<Phase, number>
  readonly facts: RolloutFacts | undefined
  readonly starts: MeasuredStarts | undefined
  /** Milliseconds for the lock. */
  readonly waited: number
  /** Models that targets downloaded while they started. */
  readonly downloads: number
  /** From the first line of a target's process to ready, in the middle; undefined where no log tells. */
  readonly load: number | undefined
  /** New targets, those that did not live included. */
  readonly launched: number
  readonly pushed: number
  /** Bytes of that which were no layers of the application: what it stands on was not in the registry. */
  readonly pushedBase: number
  /** Milliseconds for which the rollout stood still for that cause, by its code. */
  readonly causes: ReadonlyMap<string, number>
  /** Steps of Docker builds that were made, and that came from the cache. */
  readonly steps: { readonly made: number; readonly cached: number }
  readonly retries: number
}

const middleAndSlow = (times: readonly number[]): MeasuredStarts['ready'] => ({
  p50: Math.round(percentile(times, 0.5)),
  p95: Math.round(percentile(times, 0.95)),
})

/** Times one deploy: what was foretold of it, what it took, and what its record keeps for the next ones. */
export class Timekeeper {
  readonly #forecaster: Forecaster
  readonly #phases = new Map<Phase, number>()
  readonly #downloads = new Set<string>()
  readonly #launched = new Set<string>()
  readonly #loads = new Map<string, number>()
  readonly #causes = new Map<string, number>()
  #cause: { readonly code: string; readonly since: number } | undefined
  readonly #steps = { made: 0, cached: 0 }
  #facts: RolloutFacts | undefined
  #waited = 0
  #pushed = 0
  #pushedBase = 0
  #starts: MeasuredStarts | undefined
  #foretold: Foretold | undefined

  constructor(forecaster: Forecaster) {
    this.#forecaster = forecaster
  }

  /** The same run, of which this one hears the times. */
  tap(run: RunContext): RunContext {
    return {
      ...run,
      emit: (event) => {
        run.emit(event)
        this.#hear(event, run.clock.now())
      },
    }
  }

  /** What the deploy should take; undefined where nobody can tell. */
  async foretell(intended: Omit<Intended, 'pushed' | 'over'>): Promise<DeployPrediction | undefined> {
    this.#foretold = await this.#forecaster.foretell({
      ...intended,
      pushed: this.#pushed,
      over: new Map(this.#phases),
    })
    return this.#foretold?.prediction
  }

  /** How the targets of the rollout came up. */
  started(starts: readonly MeasuredStart[]): void {
    if (starts.length === 0) return
    this.#starts = {
      targets: starts.length,
      inService: middleAndSlow(starts.map(({ launchedAt, inServiceAt }) => inServiceAt - launchedAt)),
      ready: middleAndSlow(starts.map(({ launchedAt, readyAt }) => readyAt - launchedAt)),
    }
  }

  /** Says what was predicted against what it took; undefined where nothing was. Gives what the record is to keep. */
  close(run: RunContext): ReleaseFigures | undefined {
    if (this.#foretold === undefined) return undefined
    const { pace, retries } = this.#forecaster
    const { circumstances, prediction } = this.#foretold
    const seen: Seen = {
      phases: this.#phases,
      facts: this.#facts,
      starts: this.#starts,
      waited: this.#waited,
      downloads: this.#downloads.size,
      load: this.#loads.size === 0 ? undefined : percentile([...this.#loads.values()], 0.5),
      launched: this.#launched.size,
      pushed: this.#pushed,
      pushedBase: this.#pushedBase,
      causes: this.#causes,
      steps: this.#steps,
      retries: retries(),
    }
    run.emit({ type: 'prediction.compared', result: comparePrediction(this.#foretold, seen) })
    const { warmup = circumstances.rules.warmup } = this.#facts ?? {}
    const predicted = prediction.phases.map(({ phase, span }) => [phase, Math.round(span.value)] as const)
    return {
      ...circumstances,
      rules: { ...circumstances.rules, ...(warmup !== undefined && { warmup }) },
      ...(pace !== undefined && { pace }),
      ...(this.#starts !== undefined && { starts: this.#starts }),
      ...(this.#waited >= 1000 && { waited: this.#waited }),
      predicted: { total: Math.round(prediction.total.value), ...Object.fromEntries(predicted) },
    }
  }

  #hear(event: EventBody, now: number): void {
    if (event.type === 'phase.finished' && event.outcome === 'done') {
      this.#phases.set(event.phase, (this.#phases.get(event.phase) ?? 0) + event.duration)
    }
    if (event.type === 'image.step') this.#hearStep(event)
    if (event.type === 'image.pushed') {
      this.#pushed += event.uploadedLayerBytes
      this.#pushedBase += Math.max(0, event.uploadedLayerBytes - event.layerBytes)
    }
    if (event.type === 'lock.acquired') this.#waited = event.waited
    if (event.type === 'fleet.seen') this.#facts ??= event.facts
    if (event.type === 'target.load') {
      for (const model of event.load.downloads) this.#downloads.add(model)
      if (event.load.readyAfter !== undefined) this.#loads.set(event.target, event.load.readyAfter)
    }
    if (event.type === 'cause') this.#stand(event.cause?.code, now)
    if (event.type === 'rollout.finished') this.#stand(undefined, now)
    if (event.type === 'target.changed' && event.target.isNew) this.#launched.add(event.target.id)
  }
  /** What an engine says of its steps, e.g. `docker 3/7`. */
  #hearStep({ step, detail = '' }: Extract<EventBody, { type: 'image.step' }>): void {
    if (!/^docker \d/.test(step)) return
    if (detail.endsWith(' (cached)')) this.#steps.cached += 1
    else this.#steps.made += 1
  }

  /** From now on that holds the rollout up, and what has held it up until now does no more. */
  #stand(code: string | undefined, now: number): void {
    if (this.#cause !== undefined) {
      const { code: before, since } = this.#cause
      this.#causes.set(before, (this.#causes.get(before) ?? 0) + now - since)
    }
    this.#cause = code === undefined ? undefined : { code, since: now }
  }
}
