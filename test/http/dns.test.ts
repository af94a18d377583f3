import { createSocket } from 'node:dgram'
import { expect, onTestFinished, test } from 'vitest'
import { createDns } from '../../src/lib/http/dns.js'
import type { Dns } from '../../src/lib/ports/dns.js'
import { lookAtName } from '../../src/lib/verify/names.js'

type Answer = { readonly a?: readonly string[]; readonly cname?: string; readonly ttl: number }

const nameBytes = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ])

function record(name: string, type: number, ttl: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(1, 2)
  head.writeUInt32BE(ttl, 4)
  head.writeUInt16BE(data.length, 8)
  return Buffer.concat([nameBytes(name), head, data])
}

/** The name and the kind that a query asks for. */
function questionOf(query: Buffer): { readonly name: string; readonly type: number; readonly bytes: Buffer } {
  const labels: string[] = []
  let at = 12
  while ((query[at] ?? 0) > 0) {
    const length = query[at] ?? 0
    labels.push(query.subarray(at + 1, at + 1 + length).toString())
    at += length + 1
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), bytes: query.subarray(12, at + 5) }
}

/** A name server of RFC 1035 that knows these names and no others. */
async function serveNames(names: Readonly<Record<string, Answer>>): Promise<Dns> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, type, bytes } = questionOf(query)
    const known = names[name.toLowerCase()]
    const records: Buffer[] = []
    // A server answers a question with the chain that leads to the answer.
    for (let at = name, answer = known; answer !== undefined;) {
      if (answer.cname !== undefined) records.push(record(at, 5, answer.ttl, nameBytes(answer.cname)))
      if (type === 1) {
        for (const address of answer.a ?? [])
          records.push(record(at, 1, answer.ttl, Buffer.from(address.split('.').map(Number))))
      }
      at = answer.cname ?? ''
      answer = names[at]
    }
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    socket.send(Buffer.concat([head, bytes, ...records]), from.port, from.address)
  })
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    socket.close()
  })
  return createDns({ servers: [`127.0.0.1:${socket.address().port}`] })
}

const names = {
  'rag.example.com': { cname: 'alb-1.elb.example.net', ttl: 300 },
  'alb-1.elb.example.net': { a: ['192.0.2.10', '192.0.2.11'], ttl: 60 },
  // What Route 53 calls an alias has no CNAME, and gives some of the load balancer's addresses.
  'alias.example.com': { a: ['192.0.2.11'], ttl: 60 },
  'elsewhere.example.com': { a: ['198.51.100.7'], ttl: 3600 },
}

test('a name comes with its addresses, its time to live and the names on the way', async () => {
  const dns = await serveNames(names)
  expect(await dns.resolve('rag.example.com')).toEqual({
    addresses: [
      { address: '192.0.2.10', ttl: 60 },
      { address: '192.0.2.11', ttl: 60 },
    ],
    aliases: ['alb-1.elb.example.net'],
    inDns: true,
  })
  expect(await dns.resolve('nobody.example.com')).toBeUndefined()
})

test.each([
  [
    'rag.example.com',
    'alb-1.elb.example.net',
    'ok',
    'leads to alb-1.elb.example.net, 2 addresses, remembered for 60 s',
  ],
  [
    'alias.example.com',
    'alb-1.elb.example.net',
    'ok',
    'leads to alb-1.elb.example.net, 1 address, remembered for 60 s',
  ],
  ['alias.example.com', undefined, 'ok', '1 address, remembered for 60 s'],
  [
    'elsewhere.example.com',
    'alb-1.elb.example.net',
    'fail',
    'elsewhere.example.com does not lead to alb-1.elb.example.net',
  ],
  ['alias.example.com', 'gone.elb.example.net', 'fail', 'gone.elb.example.net is not in DNS'],
  ['nobody.example.com', undefined, 'fail', 'nobody.example.com is not in DNS'],
  ['192.0.2.1', undefined, 'skip', '192.0.2.1 is an address and no name'],
])('%s to %s: %s', async (name, leadsTo, result, detail) => {
  expect(await lookAtName(await serveNames(names), name, leadsTo)).toMatchObject({ result, detail })
})

test('a name that only this machine knows is said to be that', async () => {
  // Whether the machine's own server knows localhost or not, the machine does.
  const answer = await createDns({ timeout: 300 }).resolve('localhost')
  expect(answer?.addresses.map(({ address }) => address)).toEqual(expect.arrayContaining(['127.0.0.1']))
})

test('a server that does not answer is not taken for a name that is not there', async () => {
  const silent = createSocket('udp4')
  await new Promise<void>((resolve) => {
    silent.bind(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    silent.close()
  })
  const dns = createDns({ servers: [`127.0.0.1:${silent.address().port}`], timeout: 50 })
  await expect(dns.resolve('rag.example.com')).rejects.toMatchObject({ kind: 'unreachable', passing: true })
})
