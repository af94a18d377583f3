import { createHash } from 'node:crypto'
import type { StackChange } from '../domain/infra.js'
import { RampartError } from '../errors/rampart-error.js'
import type { ChangeSet, Stack, Stacks } from '../ports/stacks.js'
import type { Check } from '../rollout/driver.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'
import { followStack, type StackEnd } from './stack-follow.js'
import { failureWords, firstFailure, standingOf, stuck } from './stack-state.js'

/** A template with its values. */
export interface Filled {
  readonly parameters: Readonly<Record<string, string>>
  /** Those of them that follow what serves; a change of these alone is no change of the infrastructure. */
  readonly volatile: ReadonlySet<string>
  readonly checks: readonly Check[]
}

/** Somebody who answers. */
export interface Consent {
  confirm(question: string): Promise<boolean>
  /** Whether exactly that text was typed. */
  typed(question: string, text: string): Promise<boolean>
}

export interface InfraRequest {
  readonly stack: string
  readonly tags: Readonly<Record<string, string>>
  /** The template, as CloudFormation takes it. */
  readonly body: string
  readonly stacks: Stacks
  /** Its values, looked up where it stands now. */
  fill(stack: Stack | undefined): Promise<Filled>
  /** Nobody to ask: undefined. */
  readonly consent: Consent | undefined
  /** The person has agreed beforehand, to what can be undone. */
  readonly yes: boolean
  /** The stack's name, typed beforehand: agrees to what can not be undone. */
  readonly confirm: string | undefined
  /** Makes sure that nobody else changes the environment, from here to the end of the run. */
  readonly lock: (doing: string) => Promise<void>
  /** A command of `rampart infra` for this environment, e.g. of `deploy --yes`. */
  readonly command: (words: string) => string
  /** Goes on with a rollback that failed, without these resources; undefined when that was not asked for. */
  readonly continueRollback?: readonly string[] | undefined
}

/** What a change of a stack would do, ready to be done. */
interface Prepared {
  readonly stack: Stack | undefined
  readonly name: string
  readonly changes: readonly StackChange[]
}

/** Replacing or removing one of these takes data along, or the address and the targets that serve. */
const precious: ReadonlySet<string> = new Set([
  'AWS::AutoScaling::AutoScalingGroup',
  'AWS::EC2::Subnet',
  'AWS::EC2::VPC',
  'AWS::ECR::Repository',
  'AWS::ECS::Cluster',
  'AWS::ECS::Service',
  'AWS::EFS::AccessPoint',
  'AWS::EFS::FileSystem',
  'AWS::ElasticLoadBalancingV2::LoadBalancer',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
])

/** The changes that can not be undone: something precious goes, or is made anew. */
const lossesOf = (changes: readonly StackChange[]): readonly StackChange[] =>
  changes.filter(
    ({ action, resourceType, replacement }) =>
      precious.has(resourceType) && (action === 'Remove' || (action === 'Modify' && replacement !== 'no')),
  )

const changeSetPace = 2000

/** Makes a change set and waits for it; undefined when nothing would change. */
async function makeChangeSet(
  { stacks, stack: name, tags, command }: InfraRequest,
  { stack, body, filled }: { readonly stack: Stack | undefined; readonly body: string; readonly filled: Filled },
  { clock, signal }: RunContext,
): Promise<(ChangeSet & { readonly name: string }) | undefined> {
  const hash = createHash('sha256').update(JSON.stringify([body, filled.parameters, stack?.id, clock.now()]))
  const changeSet = `rampart-${hash.digest('hex').slice(0, 16)}`
  const kind = stack === undefined || stack.status === 'REVIEW_IN_PROGRESS' ? 'create' : 'update'
  const refused = await stacks.createChangeSet({
    stack: name,
    name: changeSet,
    kind,
    body,
    parameters: filled.parameters,
    tags,
  })
  if (refused !== undefined) {
    throw new RampartError('preflight', `CloudFormation refuses the template: ${refused.message} (${refused.code})`, {
      next: [`${command('synth')} shows it; cfn-lint says more of it`],
    })
  }
  for (;;) {
    const made = await stacks.describeChangeSet(name, changeSet)
    if (made?.isEmpty === true) {
      await stacks.deleteChangeSet(name, changeSet)
      return undefined
    }
    if (made?.status === 'CREATE_COMPLETE') return { ...made, name: changeSet }
    if (made?.status === 'FAILED') {
      await stacks.deleteChangeSet(name, changeSet)
      throw new RampartError(
        'preflight',
        `CloudFormation can not make this change: ${made.reason ?? 'it does not say why'}`,
      )
    }
    await clock.sleep(changeSetPace, signal)
  }
}

/** Whether the stack has this template already, with these values, as far as they do not follow what serves. */
async function isAsIs(
  { stacks, body }: InfraRequest,
  stack: Stack,
  { parameters, volatile }: Filled,
): Promise<boolean> {
  const same = Object.entries(parameters).every(([key, value]) => volatile.has(key) || stack.parameters[key] === value)
  return same && (await stacks.template(stack.id)) === body
}

/** Looks at the stack and at what it is to be; undefined when nothing changes. */
async function prepare(
  request: InfraRequest,
  stack: Stack | undefined,
  run: RunContext,
): Promise<Prepared | undefined> {
  return inPhase(run, 'preflight', async () => {
    const filled = await request.fill(stack)
    for (const check of filled.checks) run.emit({ type: 'check.done', ...check })
    const failed = filled.checks.filter(({ result }) => result === 'fail')
    if (failed.length > 0) {
      throw new RampartError('preflight', 'The stack can not be changed now; nothing was.', {
        problems: failed.map(({ name, detail }) => ({ message: `${name}: ${detail}` })),
        next: failed.flatMap(({ remedy }) => (remedy === undefined ? [] : [remedy])),
      })
    }
    const fresh = standingOf(stack) !== 'ready'
    const isSame = !fresh && stack !== undefined && (await isAsIs(request, stack, filled))
    const made = isSame ? undefined : await makeChangeSet(request, { stack, body: request.body, filled }, run)
    const changes = made?.changes ?? []
    run.emit({ type: 'stack.planned', stack: request.stack, operation: fresh ? 'create' : 'update', changes })
    const detail = made === undefined ? 'nothing changes' : `${changes.length} changes`
    return { value: made && { stack, name: made.name, changes }, detail }
  })
}

/** `rampart infra diff`: what a deploy would change. Leaves nothing behind. */
export async function diffInfra(
  request: InfraRequest,
  run: RunContext,
): Promise<Ended & { readonly differs: boolean }> {
  const stack = await lookAt(request)
  if (standingOf(stack) === 'busy') {
    throw new RampartError('conflict', `Stack ${request.stack} is ${stack?.status}: it is being changed now.`, {
      next: [request.command('deploy')],
    })
  }
  const prepared = await prepare(request, stack, run)
  if (prepared !== undefined) {
    await request.stacks.deleteChangeSet(request.stack, prepared.name)
    // A change set for a stack that is not there makes one of that name, which holds nothing.
    if (stack === undefined) await request.stacks.deleteStack(request.stack, prepared.name)
  }
  const message = prepared === undefined ? `Stack ${request.stack} is as rampart.yml says.` : 'Nothing was changed.'
  const next = prepared === undefined ? [] : [request.command('deploy')]
  return { ending: 'done', message, next, differs: prepared !== undefined }
}

/** The stack, unless it takes no change as it is. */
async function lookAt(request: InfraRequest): Promise<Stack | undefined> {
  const stack = await request.stacks.describe(request.stack)
  const standing = standingOf(stack)
  if (stack !== undefined && standing === 'stuck') {
    throw stuck(stack, await request.stacks.events(stack.id), request.command)
  }
  return standing === 'absent' ? undefined : stack
}

/** Rejects when nobody agrees to the changes. */
async function agree(request: InfraRequest, { changes, name, stack }: Prepared): Promise<void> {
  const losses = lossesOf(changes)
  const drop = async (message: string, next: readonly string[]): Promise<never> => {
    await request.stacks.deleteChangeSet(request.stack, name)
    if (stack === undefined) await request.stacks.deleteStack(request.stack, name)
    throw new RampartError('preflight', `${message} Nothing was changed.`, { next })
  }
  const { consent, stack: text } = request
  if (losses.length > 0) {
    const what = losses.map(({ resource, resourceType }) => `${resource} (${resourceType})`).join(', ')
    const question = `This replaces or removes ${what}. Type the name of the stack, ${text}, to agree`
    if (request.confirm === text || (consent !== undefined && (await consent.typed(question, text)))) return
    await drop(`Replacing or removing ${what} was not agreed to.`, [request.command(`deploy --confirm ${text}`)])
  }
  if (request.yes || request.confirm === text) return
  if (consent !== undefined && (await consent.confirm(`Change stack ${text}?`))) return
  await drop('Nobody agreed to the changes.', [request.command('deploy --yes')])
}

const detached = (request: InfraRequest, run: RunContext): Ended => {
  run.emit({
    type: 'detached',
    goesOn: `CloudFormation goes on with stack ${request.stack}`,
    comeBack: request.command('deploy'),
  })
  return { ending: 'unknown', message: `Stack ${request.stack} was left while it changes.`, next: [] }
}

/** Follows a stack to its end; undefined when the person left before. */
async function follow(
  request: InfraRequest,
  from: { readonly stack: Stack; readonly after?: string | undefined },
  run: RunContext,
): Promise<StackEnd | undefined> {
  try {
    return await inPhase(run, 'stack', async () => {
      const end = await followStack(request.stacks, from, run)
      const went = end.status === 'DELETE_COMPLETE' || /^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(end.status)
      return { value: end, detail: end.status, ...(!went && { outcome: 'failed' as const }) }
    })
  } catch (error) {
    if (error instanceof Interruption) return undefined
    throw error
  }
}

/** How a change ended, in words. */
function endOfChange(request: InfraRequest, { status, events, stack }: StackEnd): Ended {
  const cause = firstFailure(events, request.stack)
  const problems = cause === undefined ? [] : [`It failed at ${failureWords(cause)}`]
  if (/^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) {
    const serves = stack?.parameters['Serving'] !== 'no'
    const next = serves
      ? []
      : ['push the first images: rampart base build, then rampart app build', request.command('deploy')]
    const waits = serves ? '' : ' Nothing serves yet: the repositories have no images.'
    return { ending: 'done', message: `Stack ${request.stack} is ${status}.${waits}`, next }
  }
  if (status === 'UPDATE_ROLLBACK_COMPLETE' || status === 'IMPORT_ROLLBACK_COMPLETE') {
    return { ending: 'rolledBack', message: `Stack ${request.stack} is as it was before.`, problems, next: [] }
  }
  const error = stack === undefined ? undefined : stuck(stack, events, request.command)
  return {
    ending: 'attention',
    message: error?.message ?? `Stack ${request.stack} is gone.`,
    problems: error?.problems.map(({ message }) => message) ?? problems,
    next: error?.next ?? [],
  }
}

/** Joins a change that is under way, whoever began it. */
async function join(request: InfraRequest, stack: Stack, run: RunContext): Promise<Ended> {
  run.emit({ type: 'warning', message: `Stack ${stack.name} is ${stack.status} already; this follows it` })
  const end = await follow(request, { stack }, run)
  if (end === undefined) return detached(request, run)
  const ended = endOfChange(request, end)
  return { ...ended, next: [...ended.next, request.command('diff')] }
}

/** `rampart infra deploy`: makes the stack as rampart.yml says, or joins what is under way. */
export async function deployInfra(request: InfraRequest, run: RunContext): Promise<Ended> {
  const before = await request.stacks.describe(request.stack)
  if (before?.status === 'UPDATE_ROLLBACK_FAILED' && request.continueRollback !== undefined) {
    return goBack(request, before, request.continueRollback, run)
  }
  const stack = await lookAt(request)
  if (stack !== undefined && standingOf(stack) === 'busy') return join(request, stack, run)
  const prepared = await prepare(request, stack, run)
  if (prepared === undefined) {
    return { ending: 'done', message: `Stack ${request.stack} is as rampart.yml says; nothing to do.`, next: [] }
  }
  await agree(request, prepared)
  await request.lock('infra deploy')
  const made = await request.stacks.describe(request.stack)
  if (made === undefined) throw new RampartError('attention', `Stack ${request.stack} went away meanwhile.`)
  const after = (await request.stacks.events(made.id)).at(-1)?.id
  const refused = await request.stacks.executeChangeSet(made.id, prepared.name, prepared.name)
  if (refused !== undefined) {
    throw new RampartError('conflict', `CloudFormation does not begin: ${refused.message} (${refused.code})`, {
      next: [request.command('deploy')],
    })
  }
  const end = await follow(request, { stack: made, after }, run)
  return end === undefined ? detached(request, run) : endOfChange(request, end)
}

async function goBack(request: InfraRequest, stack: Stack, skip: readonly string[], run: RunContext): Promise<Ended> {
  await request.lock('infra deploy --continue-rollback')
  const after = (await request.stacks.events(stack.id)).at(-1)?.id
  const refused = await request.stacks.continueRollback(stack.id, skip)
  if (refused !== undefined) {
    throw new RampartError('preflight', `CloudFormation does not go back: ${refused.message} (${refused.code})`)
  }
  const end = await follow(request, { stack, after }, run)
  if (end === undefined) return detached(request, run)
  if (end.status !== 'UPDATE_ROLLBACK_COMPLETE') return endOfChange(request, end)
  return {
    ending: 'done',
    message: `Stack ${request.stack} has gone back and takes changes again.`,
    next: [request.command('diff')],
  }
}

/** What a stack's end would take and leave, read from its template. */
function endings(body: string): readonly StackChange[] {
  const { Resources = {} } = JSON.parse(body) as {
    Resources?: Record<string, { readonly Type: string; readonly DeletionPolicy?: string }>
  }
  return Object.entries(Resources).map(([resource, { Type, DeletionPolicy = 'Delete' }]) => ({
    action: 'Remove',
    resource,
    resourceType: Type,
    replacement: 'no',
    properties: [],
    policy: DeletionPolicy.startsWith('Retain') ? 'Retain' : 'Delete',
  }))
}

/**
 * `rampart infra destroy`. What holds data stays, unless `deletesData` gives the template that lets it go: then the
 * stack is first changed to that, because CloudFormation follows the policies that a stack has.
 */
export async function destroyInfra(
  request: InfraRequest,
  deletesData: string | undefined,
  run: RunContext,
): Promise<Ended> {
  const { stacks, stack: name } = request
  const stack = await stacks.describe(name)
  const standing = standingOf(stack)
  if (stack === undefined || standing === 'absent') {
    return { ending: 'done', message: `There is no stack ${name}.`, next: [] }
  }
  if (standing === 'busy' && stack.status !== 'DELETE_IN_PROGRESS') {
    throw new RampartError('conflict', `Stack ${name} is ${stack.status}: it is being changed now.`, {
      next: [request.command('deploy')],
    })
  }
  const changes = endings(deletesData ?? request.body)
  const kept = changes.filter(({ policy }) => policy === 'Retain').map(({ resource }) => resource)
  if (standing !== 'busy') {
    run.emit({ type: 'stack.planned', stack: name, operation: 'delete', changes })
    await agreeToEnd(request, deletesData !== undefined)
    await request.lock('infra destroy')
    if (deletesData !== undefined && standing === 'ready') await letGo(request, stack, deletesData, run)
  }
  const after = (await stacks.events(stack.id)).at(-1)?.id
  const refused = standing === 'busy' ? undefined : await stacks.deleteStack(stack.id, `rampart-${run.clock.now()}`)
  if (refused !== undefined) {
    throw new RampartError('preflight', `CloudFormation does not delete ${name}: ${refused.message} (${refused.code})`)
  }
  const end = await follow(request, { stack, ...(standing !== 'busy' && { after }) }, run)
  if (end === undefined) return detached(request, run)
  if (end.status === 'DELETE_COMPLETE') {
    const left = kept.length === 0 ? '' : ` Kept: ${kept.join(', ')}; a later stack takes repositories and logs over.`
    return { ending: 'done', message: `Stack ${name} is gone.${left}`, next: [] }
  }
  const cause = firstFailure(end.events, name)
  return {
    ending: 'attention',
    message: `Stack ${name} is ${end.status}.`,
    problems: cause === undefined ? [] : [`It stopped at ${failureWords(cause)}`],
    next: ['mend what the reason names', request.command('destroy')],
  }
}

async function agreeToEnd({ stack, confirm, consent, command }: InfraRequest, deletesData: boolean): Promise<void> {
  const data = deletesData ? ', with all images, logs and models' : '; images, logs and models stay'
  const question = `This ends stack ${stack} and everything that serves${data}. Type its name, ${stack}, to agree`
  if (confirm === stack || (consent !== undefined && (await consent.typed(question, stack)))) return
  throw new RampartError('preflight', `The end of stack ${stack} was not agreed to. Nothing was changed.`, {
    next: [command(`destroy${deletesData ? ' --delete-data' : ''} --confirm ${stack}`)],
  })
}

async function letGo(request: InfraRequest, stack: Stack, body: string, run: RunContext): Promise<void> {
  const filled = { parameters: stack.parameters, volatile: new Set<string>(), checks: [] }
  const made = await makeChangeSet(request, { stack, body, filled }, run)
  if (made === undefined) return
  const after = (await request.stacks.events(stack.id)).at(-1)?.id
  const refused = await request.stacks.executeChangeSet(stack.id, made.name, made.name)
  const end = refused === undefined ? await followStack(request.stacks, { stack, after }, run) : undefined
  if (end?.status === 'UPDATE_COMPLETE') return
  throw new RampartError('preflight', `Stack ${request.stack} could not be told to let its data go; it stands.`, {
    problems: [{ message: refused?.message ?? end?.status ?? '' }],
    next: [request.command('destroy'), 'then delete what it kept by hand'],
  })
}
