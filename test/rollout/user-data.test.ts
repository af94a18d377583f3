import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Digest } from '../../src/lib/domain/digest.js'
import { decodeUserData, encodeUserData, findReferences, pinReferences } from '../../src/lib/rollout/asg/user-data.js'

const host = '123456789012.dkr.ecr.us-west-2.amazonaws.com'
const digest: Digest = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const pin = (text: string, repository = 'rampart-backend') => pinReferences(text, host, [{ repository, digest }])

describe('references that are pinned', () => {
  test.each([
    [`docker pull ${host}/rampart-backend:latest`, `docker pull ${host}/rampart-backend@${digest}`],
    [`IMAGE="${host}/rampart-backend"`, `IMAGE="${host}/rampart-backend@${digest}"`],
    [`image: '${host}/rampart-backend@${other}'`, `image: '${host}/rampart-backend@${digest}'`],
    [`${host}/rampart-backend:v1@${other} uvicorn`, `${host}/rampart-backend@${digest} uvicorn`],
    ['docker run $ECR/rampart-backend:$TAG', `docker run $ECR/rampart-backend@${digest}`],
    ['docker run ${ECR}/rampart-backend:${TAG:-latest} x', `docker run \${ECR}/rampart-backend@${digest} x`],
    [
      '${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/rampart-backend:v${V}',
      `\${ACCOUNT}.dkr.ecr.\${REGION}.amazonaws.com/rampart-backend@${digest}`,
    ],
    [`# starts ${host}/rampart-backend.`, `# starts ${host}/rampart-backend@${digest}.`],
  ])('%s', (text, expected) => {
    expect(pin(text)).toEqual({ text: expected, found: new Map([['rampart-backend', 1]]) })
  })
})

describe('text that is left alone', () => {
  test.each([
    ['a container name', 'docker run --name rampart-backend -p 8000:8000'],
    ['a longer repository', `${host}/rampart-backend-base:latest`],
    ['a repository that ends alike', `${host}/my-rampart-backend:latest`],
    ['a nested repository', `${host}/team/rampart-backend:latest`],
    ['another registry', 'ghcr.io/rampart-backend:latest'],
    ['a folder under a variable', 'cd $HOME/rampart-backend && ls'],
    ['a path', '/opt/rampart-backend:/app'],
    ['a longer path behind a variable', '-v ${DATA}/rampart-backend/models:/models'],
  ])('%s', (_name, text) => {
    expect(pin(text)).toEqual({ text, found: new Map([['rampart-backend', 0]]) })
  })
})

test('nothing but the references changes, whatever stands around them', () => {
  const around = fc.string({ unit: 'binary-ascii' }).filter((text) => !text.includes('rampart'))
  fc.assert(
    fc.property(fc.array(around, { minLength: 2, maxLength: 5 }), (parts) => {
      const spaced = parts.map((part) => `\n${part}\n`)
      const before = spaced.join(`${host}/rampart-backend:latest`)
      const after = spaced.join(`${host}/rampart-backend@${digest}`)
      expect(pin(before)).toEqual({ text: after, found: new Map([['rampart-backend', parts.length - 1]]) })
      expect(pin(after).text).toBe(after)
      expect(findReferences(after, host, 'rampart-backend')).toHaveLength(parts.length - 1)
    }),
  )
})

test('any bytes survive reading and writing, compressed or not', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.boolean(), (bytes, gzip) => {
      fc.pre(gzip || bytes[0] !== 0x1f || bytes[1] !== 0x8b)
      const stored = Buffer.from(gzip ? gzipSync(bytes) : bytes).toString('base64')
      const data = decodeUserData(stored)
      expect(data.gzip).toBe(gzip)
      expect(Buffer.from(data.text, 'latin1')).toEqual(Buffer.from(bytes))
      expect(decodeUserData(encodeUserData(data).base64)).toEqual(data)
    }),
  )
})

test('the size that EC2 counts is that before base64', () => {
  expect(encodeUserData({ text: 'x'.repeat(300), gzip: false }).bytes).toBe(300)
})
