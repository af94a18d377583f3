import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
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

/** The address of a cloud that refuses one operation of EC2 as IAM does, and is that one otherwise. */
export async function denying(cloud: string, operation: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const pieces: Buffer[] = []
    incoming.on('data', (piece: Buffer) => pieces.push(piece))
    incoming.on('end', () => {
      const body = Buffer.concat(pieces)
      if (body.includes(`Action=${operation}&`)) {
        // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#CommonErrors
        outgoing.writeHead(403, { 'content-type': 'text/xml' })
        outgoing.end(
          '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors><RequestID>r-1</RequestID></Response>',
        )
        return
      }
      const { method, url } = incoming
      // The cloud names its registry as it was called itself.
      const headers = { ...incoming.headers, host: new URL(cloud).host }
      const onward = request(`${cloud}${url ?? '/'}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      })
      onward.on('error', () => outgoing.destroy())
      onward.end(body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
