import { request } from 'node:https'
import { request as plainRequest } from 'node:http'
import { onTestFinished } from 'vitest'
import { startRehearsal, type Rehearsal, type RehearsalOptions } from '../../../src/lib/rehearsal/cloud.js'
import { setupOf, start } from '../world/support.js'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

export interface OpenCloud {
  readonly rehearsal: Rehearsal
  /** Asks the load balancer over HTTPS, trusting its certificate and nothing else. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Reply>
  /** The same over plain HTTP. */
  readonly askPlain: (method: string, path: string, body?: unknown) => Promise<Reply>
  readonly wait: (seconds: number) => void
}

/** A rehearsal whose load balancer answers at once, until the test ends. */
export async function openCloud(options: Partial<RehearsalOptions> = {}): Promise<OpenCloud> {
  let now = start
  const rehearsal = await startRehearsal({
    setup: setupOf(),
    scenario: 'healthy',
    now: () => now,
    answerPace: 0,
    ...options,
  })
  onTestFinished(() => rehearsal.close())
  const { balancer } = rehearsal
  const ask = (plain: boolean, method: string, path: string, body: unknown): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const url = `${plain ? `http://localhost:${balancer.plainPort}` : balancer.url}${path}`
      const send = plain ? plainRequest : request
      const outgoing = send(url, { method, agent: false, ...(!plain && { ca: balancer.certificate }) }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (text += part))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      })
      outgoing.on('error', reject)
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return {
    rehearsal,
    ask: (method, path, body) => ask(false, method, path, body),
    askPlain: (method, path, body) => ask(true, method, path, body),
    wait: (seconds) => {
      now += seconds * 1000
      rehearsal.world.advanceTo(now)
    },
  }
}
