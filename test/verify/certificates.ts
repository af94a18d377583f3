import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server's key and the certificates that it sends. */
export interface Credentials {
  readonly key: string
  readonly cert: string
}

interface Leaf {
  /** As `subjectAltName` has them, e.g. `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string
  /** Negative for one that has expired. */
  readonly days?: number
  /** False leaves out the certificate in between, as servers often do. */
  readonly complete?: boolean
}

/** An authority of the tests: a root, one certificate in between, and what that one issues. */
export interface Authority {
  /** The root as PEM, and the file that holds it. */
  readonly root: string
  readonly file: string
  issue(leaf?: Leaf): Credentials
  /** A certificate that nobody but itself has signed. */
  selfSigned(): Credentials
  remove(): void
}

/** Makes a chain with the real openssl. */
export function createAuthority(): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'rampart-authority-'))
  const at = (name: string): string => join(directory, name)
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  let serial = 0
  const root = ['req', '-x509', ...newKey, '-keyout', 'root.key', '-out', 'root.pem', '-days', '90']
  openssl(...root, '-subj', '/CN=rampart test root', '-addext', 'basicConstraints=critical,CA:TRUE')

  function sign(name: string, subject: string, issuer: string, extensions: string, days: number): void {
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject)
    writeFileSync(at(`${name}.ext`), extensions)
    const from = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial', '-extfile', `${name}.ext`]
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...from, '-days', String(days))
  }
  sign('between', '/CN=rampart test issuer', 'root', 'basicConstraints=critical,CA:TRUE,pathlen:0\n', 60)
  const read = (name: string): string => readFileSync(at(name), 'utf8')

  return {
    root: read('root.pem'),
    file: at('root.pem'),
    issue({ names = 'DNS:localhost,IP:127.0.0.1', days = 30, complete = true } = {}) {
      serial += 1
      const name = `leaf-${serial}`
      sign(name, '/CN=rampart test server', 'between', `subjectAltName=${names}\n`, days)
      return { key: read(`${name}.key`), cert: `${read(`${name}.pem`)}${complete ? read('between.pem') : ''}` }
    },
    selfSigned() {
      const request = ['req', '-x509', ...newKey, '-keyout', 'self.key', '-out', 'self.pem', '-days', '30']
      openssl(...request, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost')
      return { key: read('self.key'), cert: read('self.pem') }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
