import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { RampartError } from '../errors/rampart-error.js'
import { createHttp } from '../http/client.js'
import { createDns } from '../http/dns.js'
import { proxiesOf } from '../http/proxy.js'
import { statedTime } from '../http/stated.js'
import { createTls } from '../http/tls.js'
import { systemClock } from '../system/clock.js'
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
  const proxies = proxiesOf(process.env)
  const http = createHttp({ authorities, proxies })
  // Servers answer in real time; those of a rehearsal say how long they take.
  const time = process.env['RAMPART_ANSWERS'] === 'stated' ? statedTime(http, Date.now()) : { http, clock: systemClock }
  return {
    ...time,
    tls: createTls({ authorities, proxies }),
    dns: createDns(),
    now: () => Date.now(),
    uuid: randomUUID,
    readText: async (path) => readGiven(path, 'The schema'),
  }
}
