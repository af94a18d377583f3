import type { EndpointPlan, LoadPlan, VerifyPlan } from '../../src/lib/domain/verify-plan.js'
import { createDns } from '../../src/lib/http/dns.js'
import { createHttp } from '../../src/lib/http/client.js'
import { createTls } from '../../src/lib/http/tls.js'
import { systemClock } from '../../src/lib/system/clock.js'
import type { VerifiedLine } from '../../src/lib/domain/verification.js'
import { readFile } from 'node:fs/promises'
import { runVerifyTasks } from '../../src/lib/verify/run.js'
import { verifyTasks, type VerifyPorts } from '../../src/lib/verify/tasks.js'

/** An endpoint that asks nothing of its answer but a good status. */
export function endpoint(more: Partial<EndpointPlan> = {}): EndpointPlan {
  return {
    name: 'health',
    method: 'GET',
    path: '/health',
    headers: {},
    rows: [],
    latency: {},
    samples: 0,
    timeout: 5000,
    retry: 0,
    ...more,
    expect: { status: [], json: [], contains: [], absent: [], ...more.expect },
  }
}

export function load(more: Partial<LoadPlan> = {}): LoadPlan {
  return {
    name: 'search',
    endpoint: endpoint(),
    concurrency: 10,
    duration: 1000,
    requests: 10_000,
    success: 100,
    latency: {},
    ...more,
  }
}

/** The real client, handshakes and DNS, as the command has them. */
export function realPorts(authorities: readonly string[] = []): VerifyPorts {
  let uuid = 0
  return {
    http: createHttp({ authorities }),
    tls: createTls({ authorities }),
    dns: createDns(),
    clock: systemClock,
    now: () => Date.now(),
    uuid: () => `uuid-${(uuid += 1)}`,
    readText: async (path) => readFile(path, 'utf8'),
  }
}

const never = new AbortController().signal

/** Makes every check of a plan; gives them by name. */
export async function check(
  plan: Partial<VerifyPlan> & Pick<VerifyPlan, 'url'>,
  ports: VerifyPorts = realPorts(),
): Promise<Readonly<Record<string, VerifiedLine>>> {
  const tasks = verifyTasks({ endpoints: [], loads: [], ...plan }, ports)
  const lines = await runVerifyTasks(tasks, { clock: systemClock, signal: never })
  return Object.fromEntries(lines.map((line) => [line.name, line]))
}
