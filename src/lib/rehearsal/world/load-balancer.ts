import type { Answer, Host, Target, TargetGroup, WorldState } from './state.js'

/** Registers the host with the target groups, by default with every one; its health checks begin a moment later. */
export function registerTargets(
  world: WorldState,
  host: Host,
  groups: readonly TargetGroup[] = world.targetGroups,
): void {
  for (const group of groups) {
    const target: Target = {
      host,
      registeredAt: world.now,
      state: 'initial',
      reason: 'Elb.RegistrationInProgress',
      description: 'Target registration is in progress',
      passes: 0,
      failures: 0,
      checking: false,
    }
    group.targets.set(host.id, target)
    world.agenda.add(world.now + 3000, () => {
      if (target.state !== 'initial') return
      target.reason = 'Elb.InitialHealthChecking'
      target.description = 'Initial health checks in progress'
      scheduleCheck(world, group, target)
    })
  }
}

/** Registers the host with the target groups, by default with every one, as one that has been healthy since then. */
export function registerHealthyTargets(
  world: WorldState,
  host: Host,
  since: number,
  groups: readonly TargetGroup[] = world.targetGroups,
): void {
  for (const group of groups) {
    group.targets.set(host.id, {
      host,
      registeredAt: since,
      state: 'healthy',
      reason: undefined,
      description: undefined,
      passes: group.healthyThreshold,
      failures: 0,
      checking: false,
    })
  }
}

/** Starts connection draining; `done` runs when the deregistration delay is over. */
export function deregisterTargets(world: WorldState, host: Host, done: () => void): void {
  const registered = world.targetGroups.flatMap((group) => {
    const target = group.targets.get(host.id)
    return target === undefined ? [] : [{ group, target }]
  })
  for (const { target } of registered) {
    target.state = 'draining'
    target.reason = 'Target.DeregistrationInProgress'
    target.description = 'Target deregistration is in progress'
  }
  // The status stays `draining` for the whole delay even when no connection is left:
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
  const delay = registered.length === 0 ? 0 : world.switches.deregistrationDelaySeconds * 1000
  world.agenda.add(world.now + delay, () => {
    for (const { group, target } of registered) {
      // It may have been registered anew meanwhile.
      if (group.targets.get(host.id) === target) group.targets.delete(host.id)
    }
    done()
  })
}

/** What a port of the host answers from now on; the next health checks see it. */
export function setAnswer(world: WorldState, host: Host, port: number, answer: Answer): void {
  host.answers.set(port, answer)
  for (const group of world.targetGroups) {
    const target = group.targets.get(host.id)
    if (group.port === port && target !== undefined && target.reason !== 'Elb.RegistrationInProgress') {
      scheduleCheck(world, group, target)
    }
  }
}

/** Whether every one of the target groups, by default of all there are, calls the host healthy. */
export function isHealthyTarget(
  world: WorldState,
  host: Host,
  groups: readonly TargetGroup[] = world.targetGroups,
): boolean {
  return groups.every((group) => group.targets.get(host.id)?.state === 'healthy')
}

/** Whether any target group calls the host unhealthy. */
export function isUnhealthyTarget(world: WorldState, host: Host): boolean {
  return world.targetGroups.some((group) => group.targets.get(host.id)?.state === 'unhealthy')
}

function scheduleCheck(world: WorldState, group: TargetGroup, target: Target): void {
  if (target.checking) return
  target.checking = true
  const interval = group.interval * 1000
  // Each target is checked on its own beat, which begins with its registration.
  const beat = (world.now - target.registeredAt) % interval
  world.agenda.add(world.now + interval - beat, () => {
    target.checking = false
    if (target.state === 'draining' || group.targets.get(target.host.id) !== target) return
    check(group, target)
    if (!isSettled(group, target)) scheduleCheck(world, group, target)
  })
}

// Checks whose result can not change anything until the answer changes are left out of the agenda.
function isSettled(group: TargetGroup, target: Target): boolean {
  const passes = target.host.answers.get(group.port) === 200
  return (target.state === 'healthy' && passes) || (target.state === 'unhealthy' && !passes)
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
function check(group: TargetGroup, target: Target): void {
  const answer = target.host.answers.get(group.port) ?? 'refused'
  if (answer === 200) {
    target.passes++
    target.failures = 0
    // A newly registered target needs one pass, whatever the threshold.
    if (target.state === 'initial' || target.passes >= group.healthyThreshold) {
      target.state = 'healthy'
      target.reason = undefined
      target.description = undefined
    }
    return
  }
  target.failures++
  target.passes = 0
  if (target.failures >= group.unhealthyThreshold) {
    target.state = 'unhealthy'
    const [reason, description] = failure(answer)
    target.reason = reason
    target.description = description
  }
}

function failure(answer: Exclude<Answer, 200>): readonly [string, string] {
  if (answer === 'refused') return ['Target.FailedHealthChecks', 'Health checks failed']
  if (answer === 'timeout') return ['Target.Timeout', 'Request timed out']
  return ['Target.ResponseCodeMismatch', `Health checks failed with these codes: [${answer}]`]
}
