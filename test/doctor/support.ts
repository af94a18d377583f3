import { runDoctor } from '../../src/lib/compose/doctor.js'
import type { Checkup, CheckupLine } from '../../src/lib/domain/checkup.js'
import { cleanEnvironment } from '../support/cli.js'

export interface Examined {
  readonly exitCode: number
  readonly checks: Readonly<Record<string, CheckupLine>>
  /** Everything that it says, as one text. */
  readonly text: string
}

export interface ExamineOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly only?: readonly string[]
  readonly offline?: boolean
}

const flags = { env: undefined, progress: undefined, 'no-color': true, json: true, policy: false } as const

function replace(by: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, by)
}

/** Runs `work` as a process with that environment would. */
export async function withEnvironment<T>(env: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env }
  replace(env)
  try {
    return await work()
  } finally {
    replace(before)
  }
}

// A machine without AWS: the instance metadata of the one that the tests run on is not asked.
const nowhere = { AWS_EC2_METADATA_DISABLED: 'true', DOCKER_HOST: 'unix:///nonexistent/docker.sock' }

/** `rampart doctor --json` on that rampart.yml, in this process. */
export async function examine(config: string, options: ExamineOptions = {}): Promise<Examined> {
  const env = cleanEnvironment({ ...nowhere, ...options.env })
  const { exitCode, result } = await withEnvironment(env, () =>
    runDoctor({ ...flags, config, offline: options.offline ?? false, only: options.only ?? [] }),
  )
  const { checks } = result as Checkup
  return {
    exitCode,
    checks: Object.fromEntries(checks.map((check) => [check.name, check])),
    text: JSON.stringify(result),
  }
}

/** The names of the checks that found something, with what they came to. */
export function troubles({ checks }: Examined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.values(checks)
      .filter(({ result }) => result === 'warn' || result === 'fail')
      .map(({ name, result }) => [name, result]),
  )
}
