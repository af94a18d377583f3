import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { RampartError } from '../errors/rampart-error.js'
import { createHttp } from '../http/client.js'
import { createDns } from '../http/dns.js'
import { pacedHttp } from '../http/paced.js'
import { proxiesOf } from '../http/proxy.js'
import { createTls } from '../http/tls.js'
import { pacedClockFrom, systemClock } from '../system/clock.js'
import type { VerifyPorts } from '../verify/tasks.js'

/** Reads a file that was named; rejects with kind `usage` when it can not be read. */
async function readGiven(path: string, what: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new RampartError('usage', `${what} ${path} can not be read: ${why}`, { place: { file: path }, cause: error })
  })
}

/** Real HTTP, TLS and DNS; `ca` is a file with authorities (PEM) that are trusted, too. */
export async function verifyPorts(ca: string | undefined): Promise<VerifyPorts> {
  const authorities = ca === undefined ? [] : [await readGiven(ca, 'The certificates')]
  // Servers answer in real time; those of a rehearsal say by how much faster they do.
  const paced = pacedClockFrom(process.env['RAMPART_ANSWER_CLOCK'])
  const proxies = proxiesOf(process.env)
  const http = createHttp({ authorities, proxies })
  return {
    http: paced === undefined ? http : pacedHttp(http, paced.pace),
    tls: createTls({ authorities, proxies }),
    dns: createDns(),
    clock: paced?.clock ?? systemClock,
    now: () => Date.now(),
    uuid: randomUUID,
    readText: async (path) => readGiven(path, 'The schema'),
  }
}
