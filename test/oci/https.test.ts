import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requires } from '../support/requires.js'
import { absent, clientOf } from './stand-in.js'

requires('openssl').describe('a registry that speaks https', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rampart-https-'))
  const names: string[] = []
  let server: Server
  let connections = 0
  let host = ''
  const client = () => clientOf(host, { endpoint: `https://${host}` })
  const readCertificate = (): string => readFileSync(join(folder, 'certificate.pem'), 'utf8')

  beforeAll(async () => {
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')]
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    execFileSync('openssl', [...words, ...name, ...files], { stdio: 'ignore' })
    server = createServer(
      { key: readFileSync(join(folder, 'key.pem')), cert: readCertificate() },
      (request, response) => {
        names.push((request.socket as tls.TLSSocket & { readonly servername: string }).servername)
        response.end()
      },
    )
    server.on('connection', () => {
      connections += 1
    })
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    host = `localhost:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  })

  test('of an unknown authority is not trusted, and the way out is named', async () => {
    await expect(client().hasBlob('app', absent)).rejects.toMatchObject({
      kind: 'unreachable',
      next: ['name the authority that signed its certificate in NODE_EXTRA_CA_CERTS'],
    })
  })

  test('is asked by its name, over the connections that were opened ahead', async () => {
    const before = tls.getCACertificates('default')
    tls.setDefaultCACertificates([...before, readCertificate()])
    try {
      connections = 0
      const trusting = client()
      trusting.connect(2)
      await Promise.all([trusting.hasBlob('app', absent), trusting.hasBlob('app', absent)])
      expect(connections).toBe(2)
      expect(names).toEqual(['localhost', 'localhost'])
      await trusting.close()
    } finally {
      tls.setDefaultCACertificates(before)
    }
  })

  test('does not understand http, and the mistake is named', async () => {
    await expect(clientOf(host).hasBlob('app', absent)).rejects.toMatchObject({ kind: 'unreachable' })
  })
})
