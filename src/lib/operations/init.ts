import type { Standing } from '../domain/standing.js'
import { RampartError } from '../errors/rampart-error.js'
import { describeStanding } from '../init/adopt/describe.js'
import { matchStanding, type Matched } from '../init/adopt/match.js'
import type { ContinuousKind } from '../init/continuous.js'
import { describeFindings, type Line } from '../init/describe.js'
import { detect } from '../init/detect.js'
import { difference } from '../init/difference.js'
import type { Findings, ServiceFinding } from '../init/findings.js'
import { planFiles, type Answers, type PlannedTarget } from '../init/plan.js'
import type { PlannedFile, ServiceAnswers } from '../init/plan-service.js'
import type { Pin, Templates } from '../init/render-types.js'
import type { Tree } from '../init/tree.js'
import { checkWish, chooseTarget, type TargetWish } from './init-target.js'

/** A person who answers, or the lack of one. */
export interface InitAsker {
  text(question: string, initial: string, problem: (answer: string) => string | undefined): Promise<string>
  choose<T extends string>(
    question: string,
    choices: readonly [
      { readonly value: T; readonly label: string },
      ...{ readonly value: T; readonly label: string }[],
    ],
  ): Promise<T>
  confirm(question: string, initial: boolean): Promise<boolean>
}

/** What init works on and with. */
export interface InitWorld {
  readonly tree: Tree
  /** The folder's name. */
  readonly directory: string
  readonly templates: Templates
  /** Undefined when nobody is there, or nobody is to be asked. */
  readonly asker: InitAsker | undefined
  /** The commit of a model on the hub; undefined when the hub does not say. */
  pin(id: string, revision: string): Promise<Pin | undefined>
  /** Rejects when no file can be put there. */
  check(path: string): Promise<unknown>
  /** Puts a file there, as a whole or not at all. */
  write(path: string, content: string): Promise<void>
  /** Shows a person lines of text. */
  say(lines: readonly Line[]): void
}

/** What the person said before anything was looked at. */
export interface InitOptions extends TargetWish {
  readonly environment: string
  readonly region: string | undefined
  /** What runs deploys without a person; what the repository has when undefined. */
  readonly continuous: readonly ContinuousKind[] | undefined
  /** Of rampart itself. */
  readonly version: string
  readonly dryRun: boolean
  /** Existing files may be replaced. */
  readonly force: boolean
  /** What serves already, when rampart.yml is to drive that. */
  readonly standing?: Standing
}

/** What happened to a file, or would happen. */
export interface InitFile {
  readonly path: string
  readonly what: string
  readonly action: 'create' | 'replace' | 'keep' | 'unchanged'
  readonly content: string
  /** Unified hunks from what is there; empty for a new file and an unchanged one. */
  readonly difference: readonly string[]
}

/** What init came to. */
export interface InitResult {
  readonly findings: Findings
  readonly pins: ReadonlyMap<string, Pin>
  readonly files: readonly InitFile[]
  readonly notes: readonly string[]
  readonly written: boolean
}

const namePattern = /^[a-z][a-z0-9_-]{0,62}$/
const regionPattern = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/
const fallbackRegion = 'us-east-1'

/** Looks, asks, and writes. Nothing that is there is replaced without consent. */
export async function init(world: InitWorld, options: InitOptions): Promise<InitResult> {
  checkOptions(options)
  const { standing } = options
  const detected = detect(world.tree, world.directory)
  const matched = standing === undefined ? undefined : matchStanding(detected, standing)
  const findings = matched?.findings ?? detected
  if (findings.services.length === 0 && matched === undefined) {
    throw new RampartError(
      'usage',
      'There is no service here: no Dockerfile, no requirements, no package.json with a start script.',
      {
        next: ['run it in the top directory of the repository, or give that directory: rampart init DIRECTORY'],
      },
    )
  }
  const pins = await findPins(world, findings)
  world.say([...(standing === undefined ? [] : describeStanding(standing)), ...describeFindings(findings, pins)])
  const answers = await ask(world.asker, findings, pins, { ...options, matched })
  const plan = planFiles(world.tree, findings, answers, world.templates)
  const files: InitFile[] = []
  for (const file of plan.files) files.push(await decide(world, file, options))
  const changes = files.filter(({ action }) => action === 'create' || action === 'replace')
  const list = changes.map((file) => file.path).join(', ')
  const agreed =
    !options.dryRun &&
    (world.asker === undefined || changes.length === 0 || (await world.asker.confirm(`Write ${list}?`, true)))
  if (agreed) {
    // All or none: what can be known beforehand is known before the first is written.
    for (const file of changes) await world.check(file.path)
    for (const file of changes) await world.write(file.path, file.content)
  }
  return { findings, pins, files, notes: [...(matched?.notes ?? []), ...plan.notes], written: agreed }
}

function wrong(what: string, value: string, hint: string): never {
  throw new RampartError('usage', `${value} is not ${what}.`, { next: [hint] })
}

function checkOptions({ environment, region, ...wish }: InitOptions): void {
  if (!namePattern.test(environment))
    wrong('the name of an environment', environment, 'use lower-case letters, digits, - and _')
  if (region !== undefined && !regionPattern.test(region)) wrong('an AWS region', region, 'use one as us-west-2')
  checkWish(wish)
}

/** The commits of all models that the code leaves open; a hub that does not answer leaves them so. */
async function findPins(world: InitWorld, findings: Findings): Promise<ReadonlyMap<string, Pin>> {
  const models = findings.services.flatMap((service) => service.models.models)
  const open = new Map(
    models.filter((model) => model.revision === undefined).map((model) => [model.id, model.ref ?? 'main']),
  )
  const pins = await Promise.all([...open].map(async ([id, ref]) => [id, await world.pin(id, ref)] as const))
  return new Map(pins.flatMap(([id, pin]) => (pin === undefined ? [] : [[id, pin] as const])))
}

async function ask(
  asker: InitAsker | undefined,
  findings: Findings,
  pins: ReadonlyMap<string, Pin>,
  options: InitOptions & { readonly matched: Matched | undefined },
): Promise<Answers> {
  const { environment, version, continuous, matched, standing } = options
  const given = { environment, pins, version, ...(continuous !== undefined && { continuous }) }
  // What is adopted says itself where it runs.
  const target = async (app: string, one?: InitAsker): Promise<PlannedTarget> =>
    chooseTarget(one, options, { app, environment, services: findings.services })
  const adopted =
    standing === undefined || matched === undefined ? {} : { adopted: { standing, strangers: matched.strangers } }
  if (asker === undefined) {
    const { app } = findings
    const region = options.region ?? fallbackRegion
    return { ...given, app, region, target: await target(app), services: running(matched), ...adopted }
  }
  const app = await asker.text('What is the app called?', findings.app, (text) =>
    namePattern.test(text) ? undefined : 'lower-case letters, digits, - and _, beginning with a letter',
  )
  const services: Record<string, ServiceAnswers> = { ...running(matched) }
  if (standing !== undefined) {
    // Where it is, and what it is called, is known.
    for (const service of findings.services) {
      services[service.name] = { ...services[service.name], ...(await askService(asker, service)) }
    }
    return { ...given, app, region: standing.region, target: await target(app), services, ...adopted }
  }
  const region = await asker.text('Which AWS region is it in?', options.region ?? fallbackRegion, (text) =>
    regionPattern.test(text) ? undefined : 'an AWS region, as us-west-2',
  )
  const where = await target(app, asker)
  for (const service of findings.services) services[service.name] = await askService(asker, service)
  return { ...given, app, region, target: where, services }
}

/** By the service's name: what serves already of it. */
function running(matched: Matched | undefined): Readonly<Record<string, ServiceAnswers>> {
  return Object.fromEntries([...(matched?.running ?? [])].map(([name, standing]) => [name, { standing }]))
}

/** Only what was not found is asked. An empty answer leaves it open. */
async function askService(asker: InitAsker, service: ServiceFinding): Promise<ServiceAnswers> {
  const live =
    service.live !== undefined
      ? undefined
      : await asker.text(`Which path of ${service.name} answers 200 when it lives? (empty: none yet)`, '', (text) =>
          text === '' || /^\/[^\s#]*$/.test(text) ? undefined : 'a path that begins with /',
        )
  if (service.port !== undefined) return live === undefined || live === '' ? {} : { live }
  const port = await asker.text(`Which port does ${service.name} listen on? (empty: not known)`, '', (text) =>
    text === '' || (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535)
      ? undefined
      : 'a port from 1 to 65535',
  )
  return { ...(live !== undefined && live !== '' && { live }), ...(port !== '' && { port: Number(port) }) }
}

async function decide(world: InitWorld, file: PlannedFile, options: InitOptions): Promise<InitFile> {
  const { path, content, what } = file
  const there = world.tree.text(path)
  if (there === undefined && !world.tree.paths.includes(path))
    return { path, what, content, action: 'create', difference: [] }
  if (there === content) return { path, what, content, action: 'unchanged', difference: [] }
  const changes = difference(there ?? '', content)
  if (options.force) return { path, what, content, action: 'replace', difference: changes }
  if (world.asker === undefined) return { path, what, content, action: 'keep', difference: changes }
  world.say([
    { sign: 'warn', text: `${path} is there already and differs:` },
    ...changes.map((text) => ({ sign: 'detail', text }) as const),
  ])
  const action = await world.asker.choose(`What shall become of ${path}?`, [
    { value: 'keep', label: 'keep it as it is' },
    { value: 'replace', label: 'replace it' },
  ])
  return { path, what, content, action, difference: changes }
}
