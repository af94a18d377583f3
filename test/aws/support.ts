import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { createAws } from '../../src/lib/aws/index.js'
import type { ClientOptions } from '../../src/lib/aws/options.js'
import { RampartError } from '../../src/lib/errors/rampart-error.js'

/** The ports on real SDK clients that find AWS at that address, and credentials that are not secret. */
export function awsAt(url: string, options: Partial<ClientOptions> = {}): ReturnType<typeof createAws> {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'AKIAREHEARSALEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not-a-secret',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nowhere',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  })
  onTestFinished(() => {
    process.env = before
  })
  return createAws({ region: 'us-west-2', maxAttempts: 1, ...options })
}

/** A server that does what the listener does until the test ends; its address. */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Canned {
  readonly status: number
  readonly type?: string
  readonly body: string
}

/** A server that gives every request that answer. */
export function answering({ status, type = 'text/xml', body }: Canned): Promise<string> {
  return listen((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': 'request-1' }).end(body)
    })
  })
}

/** An error as the AWS Query protocol writes it. */
export const queryError = (code: string, message: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`

/** An error as EC2 writes it. */
export const ec2Error = (code: string, message: string): string =>
  `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`

/** The failure of that work, which must be one that rampart expects. */
export async function failureOf(work: Promise<unknown>): Promise<RampartError> {
  const outcome = await work.then(
    () => 'it did not fail',
    (error: unknown) => error,
  )
  if (outcome instanceof RampartError) return outcome
  throw new Error('no RampartError', { cause: outcome })
}
