import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Performed, SharedFlags } from '../../base-command.js'
import type { Config } from '../config/index.js'
import type { InfraPlan } from '../domain/infra.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Consent, InfraRequest } from '../operations/infra.js'
import type { Ended, RunContext } from '../operations/run.js'
import type { Stacks } from '../ports/stacks.js'
import { packageRoot } from '../system/package-root.js'
import { shellWord } from '../terminal/shell-word.js'
import { configure, performance, sameCommand } from './configure.js'
import { composeKeeper, lockWaitOf } from './keeper.js'
import { cloudPace } from './pace.js'
import { perform, streamPage, type Aside, type Performance } from './perform.js'

interface InfraFlags extends SharedFlags {
  readonly yes?: boolean
  readonly confirm?: string | undefined
  readonly 'lock-wait'?: string | undefined
  readonly 'continue-rollback'?: boolean
  readonly skip?: readonly string[] | undefined
  readonly 'delete-data'?: boolean
  readonly check?: boolean
  readonly out?: string | undefined
}

function planOf(config: Config): InfraPlan {
  const { infra, name } = config.environment
  if (infra !== undefined) return infra
  throw new RampartError('usage', `The environment ${name} has no \`infra\` in rampart.yml.`, {
    next: [
      `add to environments.${name}: infra: { https: { certificate: arn:aws:acm:… }, instance: { type: c7i.xlarge } }`,
      'without it rampart deploys to what others have made',
    ],
  })
}

interface Written {
  readonly plan: InfraPlan
  /** For people. */
  readonly text: string
  /** For CloudFormation. */
  readonly body: string
  /** The same, with nothing that outlives the stack. */
  readonly lettingGo: string
}

async function write(config: Config): Promise<Written> {
  const plan = planOf(config)
  const { synthesize, templateBody, templateLimit, templateText } = await import('../infra/synthesize.js')
  const script = await readFile(join(packageRoot(import.meta.url), 'templates/infra/start.sh'), 'utf8')
  const template = synthesize(plan, { script })
  const body = templateBody(template)
  if (body.length > templateLimit) {
    throw new RampartError(
      'usage',
      `The template has ${body.length} bytes; CloudFormation takes ${templateLimit} of a text.`,
      {
        next: ['give a VPC that is there in infra.network, or split the app into environments with fewer services'],
      },
    )
  }
  const lettingGo = templateBody(synthesize(plan, { script, keepsData: false }))
  return { plan, text: templateText(plan, template), body, lettingGo }
}

/** `rampart infra synth`. */
export async function runInfraSynth(flags: InfraFlags): Promise<Performed> {
  const config = await configure(flags)
  const { plan, text, body } = await write(config)
  if (flags.out !== undefined) {
    await writeFile(flags.out, text)
    process.stderr.write(`${flags.out}: ${Object.keys(JSON.parse(body).Resources).length} resources of ${plan.stack}\n`)
  } else if (!flags.json) process.stdout.write(text)
  return { exitCode: 0, result: { v: 1, stack: plan.stack, template: JSON.parse(body) as unknown } }
}

async function openStacks(config: Config): Promise<Stacks> {
  const { createStacks } = await import('../aws/stacks.js')
  return createStacks({ region: config.environment.region })
}

/** The person at the terminal; undefined where there is none. */
async function consentOf(flags: InfraFlags, signal: AbortSignal, aside: Aside): Promise<Consent | undefined> {
  const { stdin, stderr } = process
  if (!stdin.isTTY || !stderr.isTTY || flags.json) return undefined
  const { createAsker } = await import('../terminal/ask.js')
  const person = await createAsker({ input: stdin, output: stderr, signal })
  return {
    confirm: async (question) => aside(async () => person.confirm(question, false)),
    typed: async (question, text) => (await aside(async () => person.text(question, '', () => undefined))) === text,
  }
}

interface Composed {
  readonly request: InfraRequest
  readonly lettingGo: string
}

/** Performs a command on the stack, with the lock of the environment given back at its end. */
async function onStack(
  command: string,
  flags: InfraFlags,
  body: (composed: Composed, run: RunContext) => Promise<Ended>,
): Promise<Performed> {
  const lockWait = lockWaitOf(flags['lock-wait'])
  const config = await configure(flags)
  const { plan, body: template, lettingGo } = await write(config)
  const { stackTags } = await import('../infra/template.js')
  const performing: Performance = performance(
    `infra ${command}`,
    config,
    command === 'destroy' ? ['stack'] : ['preflight', 'stack'],
  )
  let stacks: Stacks | undefined
  const performed = await perform(performing, flags, async (run, aside) => {
    const { createAws } = await import('../aws/index.js')
    const { fillParameters } = await import('./infra-facts.js')
    const aws = createAws({ region: config.environment.region, ...cloudPace() })
    const keeper = composeKeeper(config, aws, {
      command: `infra ${command}`,
      clock: performing.clock,
      flags: { lockWait },
    })
    stacks = await openStacks(config)
    const own = stacks
    const request: InfraRequest = {
      stack: plan.stack,
      tags: stackTags(plan),
      body: template,
      stacks: own,
      fill: (stack) => fillParameters(plan, config, { aws, stack }),
      consent: await consentOf(flags, run.signal, aside),
      yes: flags.yes === true,
      confirm: flags.confirm,
      lock: async (doing) => keeper?.take(`${doing} of ${plan.stack}`, run),
      command: (words) => infraCommand(config, words),
      continueRollback: flags['continue-rollback'] === true ? (flags.skip ?? []) : undefined,
    }
    let ended: Ended | undefined
    try {
      ended = await body({ request, lettingGo }, run)
      return ended
    } finally {
      await keeper?.end(ended ?? { ending: 'attention', message: '', next: [] }, run)
    }
  })
  const stack = performed.exitCode === 0 && command !== 'diff' ? await stacks?.describe(plan.stack) : undefined
  return {
    ...performed,
    result: {
      ...(performed.result as object),
      stack: plan.stack,
      status: stack?.status ?? null,
      outputs: Object.fromEntries((stack?.outputs ?? []).map(({ key, value }) => [key, value])),
    },
  }
}

/** The command for a shell in this folder. */
function infraCommand(config: Config, words: string): string {
  const [first = '', ...rest] = words.split(' ')
  return [sameCommand(`infra ${first}`, config), ...rest.map(shellWord)].join(' ')
}

/** `rampart infra diff`. */
export async function runInfraDiff(flags: InfraFlags): Promise<Performed> {
  let differs = false
  const performed = await onStack('diff', flags, async ({ request }, run) => {
    const { diffInfra } = await import('../operations/infra.js')
    const ended = await diffInfra(request, run)
    differs = ended.differs
    return ended
  })
  const exitCode =
    performed.exitCode === 0 && flags.check === true && differs ? exitCodes.preflight : performed.exitCode
  return { exitCode, result: { ...(performed.result as object), differs } }
}

/** `rampart infra deploy`. */
export async function runInfraDeploy(flags: InfraFlags): Promise<Performed> {
  return onStack('deploy', flags, async ({ request }, run) => {
    const { deployInfra } = await import('../operations/infra.js')
    return deployInfra(request, run)
  })
}

/** `rampart infra destroy`. */
export async function runInfraDestroy(flags: InfraFlags): Promise<Performed> {
  return onStack('destroy', flags, async ({ request, lettingGo }, run) => {
    const { destroyInfra } = await import('../operations/infra.js')
    return destroyInfra(request, flags['delete-data'] === true ? lettingGo : undefined, run)
  })
}

/** `rampart infra outputs`. */
export async function runInfraOutputs(flags: InfraFlags): Promise<Performed> {
  const config = await configure(flags)
  const plan = planOf(config)
  const stack = await (await openStacks(config)).describe(plan.stack)
  if (stack === undefined) {
    throw new RampartError('preflight', `There is no stack ${plan.stack} in ${config.environment.region}.`, {
      next: [infraCommand(config, 'deploy')],
    })
  }
  const simulation = process.env['RAMPART_SIMULATION']
  if (!flags.json) {
    const { paint } = streamPage(process.stdout, flags)
    const width = Math.max(0, ...stack.outputs.map(({ key }) => key.length))
    const lines = stack.outputs.map(({ key, value }) => `${paint('strong', key.padEnd(width))}  ${value}`)
    if (simulation !== undefined) lines.unshift(`${paint('warn', 'SIMULATED')}: ${simulation}; nothing of it is real`)
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  return {
    exitCode: 0,
    result: {
      v: 1,
      simulated: simulation !== undefined,
      stack: stack.name,
      status: stack.status,
      outputs: Object.fromEntries(stack.outputs.map(({ key, value }) => [key, value])),
    },
  }
}
