import type { Answer, Instance, Target, TargetGroup, WorldState } from './state.js'

/** Registers the instance with every target group; its health checks begin a moment later. */
export function registerTargets(world: WorldState, instance: Instance): void {
  for (const group of world.targetGroups) {
    const target: Target = {
      instance,
      registeredAt: world.now,
      state: 'initial',
      reason: 'Elb.RegistrationInProgress',
      description: 'Target registration is in progress',
      passes: 0,
      failures: 0,
      checking: false,
    }
    group.targets.set(instance.id, target)
    world.agenda.add(world.now + 3000, () => {
      if (target.state !== 'initial') return
      target.reason = 'Elb.InitialHealthChecking'
      target.description = 'Initial health checks in progress'
      scheduleCheck(world, group, target)
    })
  }
}

/** Registers the instance as one that has long been healthy. */
export function registerHealthyTargets(world: WorldState, instance: Instance): void {
  for (const group of world.targetGroups) {
    group.targets.set(instance.id, {
      instance,
      registeredAt: instance.launchedAt,
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
export function deregisterTargets(world: WorldState, instance: Instance, done: () => void): void {
  const registered = world.targetGroups.flatMap((group) => {
    const target = group.targets.get(instance.id)
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
      if (group.targets.get(instance.id) === target) group.targets.delete(instance.id)
    }
    done()
  })
}

/** What a port of the instance answers from now on; the next health checks see it. */
export function setAnswer(world: WorldState, instance: Instance, port: number, answer: Answer): void {
  instance.answers.set(port, answer)
  for (const group of world.targetGroups) {
    const target = group.targets.get(instance.id)
    if (group.port === port && target !== undefined && target.reason !== 'Elb.RegistrationInProgress') {
      scheduleCheck(world, group, target)
    }
  }
}

/** Whether every target group calls the instance healthy. */
export function isHealthyTarget(world: WorldState, instance: Instance): boolean {
  return world.targetGroups.every((group) => group.targets.get(instance.id)?.state === 'healthy')
}

/** Whether any target group calls the instance unhealthy. */
export function isUnhealthyTarget(world: WorldState, instance: Instance): boolean {
  return world.targetGroups.some((group) => group.targets.get(instance.id)?.state === 'unhealthy')
}

function scheduleCheck(world: WorldState, group: TargetGroup, target: Target): void {
  if (target.checking) return
  target.checking = true
  const interval = group.interval * 1000
  // Each target is checked on its own beat, which begins with its registration.
  const beat = (world.now - target.registeredAt) % interval
  world.agenda.add(world.now + interval - beat, () => {
    target.checking = false
    if (target.state === 'draining' || group.targets.get(target.instance.id) !== target) return
    check(group, target)
    if (!isSettled(group, target)) scheduleCheck(world, group, target)
  })
}

// Checks whose result can not change anything until the answer changes are left out of the agenda.
function isSettled(group: TargetGroup, target: Target): boolean {
  const passes = target.instance.answers.get(group.port) === 200
  return (target.state === 'healthy' && passes) || (target.state === 'unhealthy' && !passes)
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
function check(group: TargetGroup, target: Target): void {
  const answer = target.instance.answers.get(group.port) ?? 'refused'
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
