import type { Release, Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import { makeRelease } from '../release/make-release.js'
import type { Check, Driver, RolloutHandle } from '../rollout/driver.js'
import { follow, type Followed, type Patience } from '../rollout/follow.js'
import { proveTargets } from '../rollout/prove.js'
import { pushImages, type ServiceImage } from './push-images.js'
import { inPhase, unlessStopped, type Ended, type RunContext } from './run.js'

export interface DeployRequest {
  readonly app: string
  readonly environment: string
  readonly images: readonly ServiceImage[]
  readonly driver: Driver
  readonly patience: (targets: number) => Patience
  /** Rolls even when the fleet serves the release already. */
  readonly force: boolean
  /** The checks of account and registry, before those of the driver. */
  readonly accountChecks: () => Promise<readonly Check[]>
  readonly registryHost: () => Promise<string>
  readonly repositories: readonly string[]
  /** The command that comes back to this rollout, e.g. `rampart deploy -c rampart.yml`. */
  readonly comeBack: string
}

async function preflight(request: DeployRequest, run: RunContext): Promise<void> {
  await inPhase(run, 'preflight', async () => {
    const failed: Check[] = []
    let count = 0
    const report = (checks: readonly Check[]): void => {
      for (const check of checks) {
        count += 1
        run.emit({ type: 'check.done', ...check })
        if (check.result === 'fail') failed.push(check)
      }
    }
    report(await unlessStopped(run.signal, request.accountChecks()))
    if (failed.length === 0) {
      const host = await unlessStopped(run.signal, request.registryHost())
      report(await unlessStopped(run.signal, request.driver.preflight(host, request.repositories)))
    }
    if (failed.length > 0) {
      throw new RampartError(
        'preflight',
        `${failed.length === 1 ? 'A check' : `${failed.length} checks`} failed; nothing was changed.`,
        {
          problems: failed.map((check) => ({
            message: `${check.name}: ${check.detail}`,
            ...(check.remedy !== undefined && { hint: check.remedy }),
          })),
          next: failed.flatMap((check) => (check.remedy === undefined ? [] : [check.remedy])),
        },
      )
    }
    return { value: undefined, detail: `${count} checks` }
  })
}

async function build(request: DeployRequest, run: RunContext): Promise<Release> {
  return inPhase(run, 'build', async () => {
    const images = await unlessStopped(run.signal, Promise.all(request.images.map((image) => image.build())))
    const release = makeRelease(request.app, request.environment, images)
    const found = await request.driver.find(release)
    const running = await request.driver.underWay()
    // Asked here and not sooner, because only now is it known whether what runs is ours; and before anything is pushed.
    if (running !== undefined && (found === undefined || !sameRevision(running.revision, found))) throw running.conflict
    return { value: release, detail: `${images.length} ${images.length === 1 ? 'image' : 'images'}` }
  })
}

const sameRevision = (a: Revision | undefined, b: Revision): boolean => a?.name === b.name && a.number === b.number

async function record(request: DeployRequest, run: RunContext, release: Release): Promise<Revision> {
  return inPhase(run, 'release', async () => {
    const from = await request.driver.current()
    const found = await request.driver.find(release)
    const revision = found ?? (await request.driver.record(release))
    const reused = found !== undefined
    run.emit({ type: 'release.recorded', release, revision, reused })
    run.emit({ type: 'plan.made', release, from, targets: await request.driver.size() })
    return { value: revision, detail: `${release.id} is version ${revision.number}${reused ? ', made before' : ''}` }
  })
}

async function rollOut(
  request: DeployRequest,
  run: RunContext,
  revision: Revision,
  begun: (handle: RolloutHandle) => void,
): Promise<Followed | undefined> {
  return inPhase(run, 'rollout', async () => {
    const { driver } = request
    if (!request.force && (await driver.settledOn(revision))) {
      return { value: undefined, outcome: 'skipped', detail: 'nothing to do: every target is on this release already' }
    }
    const targets = await driver.size()
    const handle = await driver.start(revision, { force: request.force })
    begun(handle)
    run.emit({
      type: 'rollout.started',
      id: handle.id,
      attached: handle.attached,
      group: driver.fleet,
      targets,
    })
    const followed = await follow(driver, handle, revision, request.patience(targets), run)
    run.emit({
      type: 'rollout.finished',
      id: handle.id,
      outcome: followed.outcome,
      status: followed.status,
      ...(followed.reason !== undefined && { reason: followed.reason }),
      ...(followed.cause !== undefined && { cause: followed.cause }),
    })
    return { value: followed, detail: followed.status, ...(followed.outcome !== 'succeeded' && { outcome: 'failed' }) }
  })
}

/** How a rollout that did not succeed ends the run. */
function endOfRollout(followed: Followed, release: Release, comeBack: string): Ended {
  const next = followed.cause?.next ?? []
  switch (followed.outcome) {
    case 'rolled-back':
      return {
        ending: 'rolledBack',
        message: `Release ${release.id} failed and was rolled back; the fleet serves the previous release.`,
        next,
      }
    case 'cancelled':
      return {
        ending: 'attention',
        message: `The rollout of ${release.id} was cancelled; the fleet may serve two releases at once.`,
        next: [comeBack, ...next],
      }
    case 'abandoned':
      return {
        ending: 'unknown',
        message: `The rollout of ${release.id} goes on; how it ends is not known here.`,
        next: [comeBack],
      }
    case 'failed':
    case 'succeeded':
    case 'nothing-to-do':
      return {
        ending: 'attention',
        message: `The rollout of ${release.id} failed (${followed.status}) and the fleet needs attention.`,
        next,
      }
  }
}

async function prove(
  request: DeployRequest,
  run: RunContext,
  release: Release,
  revision: Revision,
  nothingToDo: boolean,
): Promise<Ended> {
  return inPhase(run, 'proof', async () => {
    const targets = await proveTargets(request.driver, revision, release, run)
    const proved = targets.filter((target) => target.proved).length
    run.emit({ type: 'proof', targets, proved, total: targets.length })
    if (proved === 0 || proved < targets.length) {
      throw new RampartError(
        'verification',
        `${proved} of ${targets.length} targets are proved to serve ${release.id}.`,
        {
          problems: targets
            .filter((target) => !target.proved)
            .map((target) => ({ message: `${target.target}: ${target.detail}` })),
          next: [request.comeBack],
        },
      )
    }
    const value: Ended = {
      ending: 'done',
      message: nothingToDo
        ? `Nothing to do: ${release.id} serves on ${proved} of ${targets.length} targets already.`
        : `Release ${release.id} serves on ${proved} of ${targets.length} targets.`,
      next: [],
    }
    return { value, detail: `${proved} of ${targets.length} targets` }
  })
}

/**
 * From the code to a proven rollout: preflight, build, push, release, rollout, proof. Each step finds its own earlier
 * result, so that the same call after a crash at any point goes on where the last one was.
 */
export async function deploy(request: DeployRequest, run: RunContext): Promise<Ended> {
  await preflight(request, run)
  const release = await build(request, run)
  await pushImages(request.images, run)
  const revision = await record(request, run, release)
  let handle: RolloutHandle | undefined
  const followed = await rollOut(request, run, revision, (begun) => {
    handle = begun
  })
  if (followed?.outcome === 'abandoned' && run.signal.aborted) {
    run.emit({
      type: 'detached',
      goesOn: `instance refresh ${handle?.id ?? ''} of ${request.driver.fleet} goes on without us`,
      comeBack: request.comeBack,
    })
  }
  if (followed !== undefined && followed.outcome !== 'succeeded') {
    return endOfRollout(followed, release, request.comeBack)
  }
  return prove(request, run, release, revision, followed === undefined)
}
