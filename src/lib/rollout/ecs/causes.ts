import type { Cause } from '../../domain/outcome.js'
import type { EcsContainer, EcsTask } from '../../ports/ecs.js'
import { whyStopped } from './failed-starts.js'

/** What a stopped task shows of why: its own code, what to do, and which container to ask. */
export interface TaskVerdict extends Pick<Cause, 'code' | 'summary' | 'next'> {
  /** Its own log says more. */
  readonly log?: { readonly group: string; readonly stream: string }
}

/**
 * The word in front of a reason is its code.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
function codeOf(reason: string | undefined): string | undefined {
  return /^(?:\w+ )?([A-Z]\w*(?:Error|Exception)?)(?=:)/.exec(reason ?? '')?.[1]
}

/** 128 + SIGKILL: the kernel's way to end a process that wants too much memory. */
const killed = 137

/** What a task died of, as far as ECS says. */
export function verdictOf(task: EcsTask, containers: readonly EcsContainer[], cluster: string): TaskVerdict {
  const reasons = [task.stoppedReason, ...task.containers.map((one) => one.reason)]
  const codes = reasons.map(codeOf)
  const look = `aws ecs describe-tasks --cluster ${cluster} --tasks ${task.id}`
  const dead = task.containers.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0)
  const said = whyStopped(task)
  const logs = containers.find(({ name }) => name === (dead ?? task.containers[0])?.name)?.logs
  const container = (dead ?? task.containers[0])?.name ?? ''
  const log =
    logs === undefined ? {} : { log: { group: logs.group, stream: `${logs.streamPrefix}/${container}/${task.id}` } }
  if (codes.some((code) => code?.startsWith('CannotPull') === true)) {
    const image = task.containers.find((one) => codeOf(one.reason)?.startsWith('CannotPull') === true)?.image
    return {
      code: 'image-pull',
      summary: `New task ${task.id} could not pull its image: ${said}`,
      next: [
        look,
        ...(image?.includes('.dkr.ecr.') === true ? ['aws ecr describe-images shows what the repository has'] : []),
        'check that the execution role may pull from the registry, and that its subnets reach it',
      ],
    }
  }
  if (codes.includes('ResourceInitializationError')) {
    return {
      code: 'initialization',
      summary: `New task ${task.id} could not be set up: ${said}`,
      next: [look, 'check the secrets that the task definition names, and what the execution role may read'],
    }
  }
  if (codes.includes('OutOfMemoryError') || dead?.exitCode === killed) {
    return {
      code: 'out-of-memory',
      summary: `Container ${container} of new task ${task.id} was killed${codes.includes('OutOfMemoryError') ? ' because it ran out of memory' : ', most likely for its memory'}: ${said}`,
      next: [look, "raise the task definition's memory, or run fewer workers"],
      ...log,
    }
  }
  if (dead !== undefined) {
    return {
      code: 'container-exits',
      summary: `Container ${container} of new task ${task.id} exited with ${dead.exitCode}.`,
      next: [look],
      ...log,
    }
  }
  if (task.startedAt === undefined) {
    return { code: 'launch-failed', summary: `New task ${task.id} could not be started: ${said}`, next: [look] }
  }
  return {
    code: 'never-ready',
    summary: `New task ${task.id} never became healthy: ${said}`,
    next: [look],
    ...log,
  }
}
