import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

// DER, as far as one certificate needs it: https://www.itu.int/rec/T-REC-X.690, and RFC 5280, section 4.1 for what it says.

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts)
const octets = (content: Uint8Array): Buffer => tagged(0x04, content)
const bits = (content: Uint8Array): Buffer => tagged(0x03, Buffer.from([0]), content)
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

const oids = {
  ecdsaWithSha256: hex('06082a8648ce3d040302'),
  commonName: hex('0603550403'),
  subjectAltName: hex('0603551d11'),
  basicConstraints: hex('0603551d13'),
  keyUsage: hex('0603551d0f'),
  extendedKeyUsage: hex('0603551d25'),
  serverAuth: hex('06082b06010505070301'),
} as const

const yes = hex('0101ff')

// RFC 5280, section 4.1.2.5: until 2049 the year has two digits.
const time = (at: number): Buffer => {
  const [date = ''] = new Date(at).toISOString().slice(2).split('.')
  return tagged(0x17, Buffer.from(`${date.replaceAll(/[-T:]/g, '')}Z`))
}

const name = (text: string): Buffer =>
  sequence(tagged(0x31, sequence(oids.commonName, tagged(0x0c, Buffer.from(text)))))

// RFC 5280, section 4.2.1.6: [2] is a DNS name, [7] an address.
const altName = (text: string): Buffer =>
  isIPv4(text) ? tagged(0x87, Buffer.from(text.split('.').map(Number))) : tagged(0x82, Buffer.from(text))

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END CERTIFICATE-----\n`

/** A certificate with its key, both PEM. */
export interface ThrowAwayCertificate {
  readonly certificate: string
  readonly key: string
}

const day = 86_400_000

/**
 * A certificate for those DNS names and IPv4 addresses that is signed by itself, made anew each time and valid for 90
 * days of real time: whoever connects to it goes by the real clock.
 */
export function createCertificate(names: readonly string[], now: number = Date.now()): ThrowAwayCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(oids.ecdsaWithSha256)
  const itself = name('rampart rehearsal (simulated)')
  const serial = randomBytes(16)
  // RFC 5280, section 4.1.2.2: positive, and not 0.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  const extensions = sequence(
    sequence(oids.basicConstraints, yes, octets(sequence(yes))),
    // digitalSignature and keyCertSign
    sequence(oids.keyUsage, yes, octets(hex('03020284'))),
    sequence(oids.extendedKeyUsage, octets(sequence(oids.serverAuth))),
    sequence(oids.subjectAltName, octets(sequence(...names.map(altName)))),
  )
  const content = sequence(
    tagged(0xa0, hex('020102')),
    tagged(0x02, serial),
    algorithm,
    itself,
    sequence(time(now - day), time(now + 90 * day)),
    itself,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, extensions),
  )
  return {
    certificate: pem(sequence(content, algorithm, bits(sign('sha256', content, privateKey)))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
