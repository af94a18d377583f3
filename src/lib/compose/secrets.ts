import type { Performed, SharedFlags } from '../../base-command.js'
import { type ReadableSecret, readSecretsPolicy } from '../doctor/secret-policy.js'
import type { Config } from '../config/index.js'
import { secretName, secretObject, type SecretCheck, type SecretFacts } from '../domain/secret.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { namedSecrets } from '../operations/secrets-look.js'
import type { Secrets, SecretValue } from '../ports/secrets.js'
import { clockFrom } from '../system/clock.js'
import { createMask, type Mask } from '../terminal/mask.js'
import { configure, secretsOf } from './configure.js'
import { streamPage } from './perform.js'

interface SetFlags extends SharedFlags {
  readonly 'from-file'?: string | undefined
  readonly 'from-env'?: string | undefined
}

interface PolicyFlags extends SharedFlags {
  readonly service?: string | undefined
}

const simulation = (): string | undefined => process.env['RAMPART_SIMULATION']

async function openSecrets({ environment }: Config): Promise<Secrets> {
  const { createSecrets } = await import('../aws/secrets.js')
  return createSecrets({ region: environment.region })
}

/** The value and every text in its JSON: none of them may be seen. */
function valuesOf(value: SecretValue): readonly string[] {
  if (!('text' in value)) return [Buffer.from(value.bytes).toString('latin1')]
  const inside = [...(secretObject(value.text)?.values() ?? [])].map(String)
  return [value.text, ...inside]
}

/** A failure without what may not be seen: AWS, or a program between, may repeat what it was sent. */
function masked(error: unknown, mask: Mask): unknown {
  if (!(error instanceof RampartError)) return error
  const { kind, message, problems, next, passing, denied } = error
  return new RampartError(kind, mask(message), {
    problems: problems.map((problem) => ({ ...problem, message: mask(problem.message) })),
    next: next.map(mask),
    passing,
    denied,
  })
}

/** What more words or flags than there are get: they may be the value, and are not repeated. */
export function valueRefused(): RampartError {
  return new RampartError(
    'usage',
    'Only a name and the flags of this command are taken. A value is never an argument: everybody on this machine sees it in the process list, and the shell keeps it in its history.',
    {
      next: [
        'rampart secrets set NAME --from-file FILE',
        'rampart secrets set NAME --from-env VARIABLE',
        'if there was a real value, consider it known, and have another one made',
      ],
    },
  )
}

function checkedName(words: readonly string[]): string {
  const [name, ...more] = words
  if (name === undefined) {
    throw new RampartError('usage', 'Which secret?', { next: ['rampart secrets set NAME --from-file FILE'] })
  }
  // The other words may be the value. They are in the process list and in the shell's history now, and nowhere else.
  if (more.length > 0 || name.startsWith('-') || (name.includes('=') && !name.startsWith('arn:'))) {
    throw valueRefused()
  }
  if (!name.startsWith('arn:') && !/^[\w/+.@-]{1,512}$/.test(name)) {
    throw new RampartError('usage', 'A secret has a name of letters, digits and /_+.@-, at most 512.', {
      next: ['rampart secrets set NAME --from-file FILE'],
    })
  }
  return name
}

/** `rampart secrets set`. */
export async function runSecretsSet(words: readonly string[], flags: SetFlags): Promise<Performed> {
  const name = checkedName(words)
  const { readSecretValue } = await import('./secret-value.js')
  const value = await readSecretValue(flags, process.stdin)
  const mask = createMask(valuesOf(value))
  try {
    const config = await configure(flags)
    const [{ setSecret }, secrets] = await Promise.all([import('../operations/secrets-set.js'), openSecrets(config)])
    const { app, environment } = config
    const set = await setSecret({ name, value, plan: environment.secrets, app, environment: environment.name }, secrets)
    if (!flags.json) {
      const { secretSetText } = await import('../report/secrets-text.js')
      process.stdout.write(`${secretSetText(set, streamPage(process.stdout, flags), simulation())}\n`)
    }
    return { exitCode: exitCodes.done, result: { v: 1, simulated: simulation() !== undefined, ...set } }
  } catch (error) {
    throw masked(error, mask)
  }
}

const nowOf = (): number => clockFrom(process.env['RAMPART_CLOCK']).now()

/** `rampart secrets list`. */
export async function runSecretsList(flags: SharedFlags): Promise<Performed> {
  const config = await configure(flags)
  const { listSecrets } = await import('../operations/secrets-look.js')
  const { app, environment } = config
  const listed = await listSecrets(app, environment.secrets, await openSecrets(config), nowOf())
  if (!flags.json) {
    const { secretsText } = await import('../report/secrets-text.js')
    const mask = createMask(secretsOf(config))
    process.stdout.write(`${mask(secretsText(listed, streamPage(process.stdout, flags), simulation()))}\n`)
  }
  return {
    exitCode: exitCodes.done,
    result: { v: 1, simulated: simulation() !== undefined, app, environment: environment.name, secrets: listed },
  }
}

/** Asks IAM whether those who are to read a secret may; who they are is found once, and only when there is a secret. */
function furtherLook(config: Config): (facts: SecretFacts) => Promise<readonly SecretCheck[]> {
  const { region, secrets: plan } = config.environment
  const opened = async () => {
    const [{ createRoles }, { findReaders }, { readerChecks }] = await Promise.all([
      import('../aws/roles.js'),
      import('./secret-readers.js'),
      import('../operations/secret-readers.js'),
    ])
    const roles = createRoles({ region })
    return { roles, readerChecks, found: await findReaders(config, roles) }
  }
  let asked: ReturnType<typeof opened> | undefined
  return async (facts) => {
    const { roles, readerChecks, found } = await (asked ??= opened())
    return readerChecks(facts, plan, found, { roles, region })
  }
}

/** `rampart secrets check`. */
export async function runSecretsCheck(flags: SharedFlags): Promise<Performed> {
  const config = await configure(flags)
  const { checkSecrets } = await import('../operations/secrets-look.js')
  const { app, environment } = config
  const plan = environment.secrets
  const checks = await checkSecrets(plan, await openSecrets(config), nowOf(), furtherLook(config))
  if (!flags.json) {
    const { secretChecksText } = await import('../report/secrets-text.js')
    process.stdout.write(`${secretChecksText(checks, streamPage(process.stdout, flags), simulation())}\n`)
  }
  const isGood = checks.every(({ result }) => result !== 'fail')
  return {
    exitCode: isGood ? exitCodes.done : exitCodes.verification,
    result: { v: 1, simulated: simulation() !== undefined, app, environment: environment.name, good: isGood, checks },
  }
}

/** `rampart secrets policy`. */
export async function runSecretsPolicy(flags: PolicyFlags): Promise<Performed> {
  const config = await configure(flags)
  const { environment, services } = config
  const { service } = flags
  if (service !== undefined && !services.some(({ name }) => name === service)) {
    throw new RampartError('usage', `There is no service ${service}.`, {
      next: services.map(({ name }) => `--service ${name}`),
    })
  }
  const uses = environment.secrets.uses.filter((use) => service === undefined || use.service === service)
  const named = namedSecrets({ uses })
  if (named.length === 0) {
    throw new RampartError('usage', `${service ?? environment.name} takes nothing from Secrets Manager.`, {
      next: [`name its secrets in rampart.yml: environments.${environment.name}.secrets.services`],
    })
  }
  const { createAccount } = await import('../aws/account.js')
  const account = createAccount({ region: environment.region })
  const isKnown = (await account.credentials()) !== undefined
  const secrets = await openSecrets(config)
  const found = await Promise.all(
    named.map(async (id): Promise<ReadableSecret> => {
      const facts = isKnown ? await secrets.describe(id) : undefined
      const whole = /^arn:.*-[A-Za-z0-9]{6}$/.test(id) ? id : undefined
      return { name: secretName(id), arn: facts?.arn ?? whole, key: facts?.key ?? environment.secrets.key }
    }),
  )
  const policy = readSecretsPolicy(found, {
    region: environment.region,
    account: isKnown ? (await account.whoAmI()).account : undefined,
  })
  if (!flags.json) process.stdout.write(`${JSON.stringify(policy, undefined, 2)}\n`)
  // stdout is for IAM; a person is told beside it.
  const unknown = found.filter(({ arn }) => arn === undefined).map(({ name }) => name)
  if (unknown.length > 0 && !flags.json)
    process.stderr.write(`not found, so named without the end of their ARN: ${unknown.join(', ')}\n`)
  return { exitCode: exitCodes.done, result: { v: 1, simulated: simulation() !== undefined, policy } }
}
