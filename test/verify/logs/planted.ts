/** Letters from an alphabet, the same ones for the same number; nothing that stands in this file is a secret. */
export function letters(alphabet: string, length: number, seed: number): string {
  let state = seed + 1
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return alphabet.charAt(Math.floor((state / 2_147_483_648) * alphabet.length))
  }).join('')
}

export const alnum = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const alpha = alnum.slice(0, 52)
const hex = '0123456789abcdef'
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Twenty kinds of secrets as their makers write them; the line around each, and the secret itself. */
const kinds: Readonly<Record<string, (seed: number) => string>> = {
  'aws-access-key': (n) => `AKIA${letters(base32, 16, n)}`,
  'aws-secret-key': (n) => `aws_secret_access_key=${letters(alnum, 40, n)}`,
  'github-token': (n) => `ghp_${letters(alnum, 36, n)}`,
  'gitlab-token': (n) => `glpat-${letters(alnum, 20, n)}`,
  'hugging-face-token': (n) => `hf_${letters(alpha, 34, n)}`,
  'openai-key': (n) => `sk-proj-${letters(alnum, 90, n)}`,
  'anthropic-key': (n) => `sk-ant-api03-${letters(alnum, 90, n)}`,
  'slack-token': (n) => `xoxb-${letters('0123456789', 12, n)}-${letters(alnum, 24, n)}`,
  'stripe-key': (n) => `sk_live_${letters(alnum, 24, n)}`,
  'google-key': (n) => `AIza${letters(alnum, 35, n)}`,
  'npm-token': (n) => `npm_${letters(alnum, 36, n)}`,
  'pypi-token': (n) => `pypi-AgEIcHlwaS5vcmc${letters(alnum, 60, n)}`,
  'url-password': (n) => `postgresql://app:${letters(alnum, 18, n)}@db.internal:5432/app`,
  jwt: (n) => `eyJ${letters(alnum, 33, n)}.eyJ${letters(alnum, 60, n)}.${letters(alnum, 43, n)}`,
  'sendgrid-key': (n) => `SG.${letters(alnum, 22, n)}.${letters(alnum, 43, n)}`,
  'twilio-key': (n) => `SK${letters(hex, 32, n)}`,
  'digitalocean-token': (n) => `dop_v1_${letters(hex, 64, n)}`,
  'vault-token': (n) => `hvs.${letters(alnum, 90, n)}`,
  'databricks-token': (n) => `dapi${letters(hex, 32, n)}`,
  // A maker without a format: it is found by the word before it, or not at all.
  'named-secret': (n) => `password: ${letters(alnum, 20, n)}`,
}

const uuid = (n: number): string => [8, 4, 4, 4, 12].map((length, part) => letters(hex, length, n * 5 + part)).join('-')

/** Lines that hold nothing that is secret: hashes, digests, orders, dates, and what is masked already. */
const ordinary: readonly ((n: number) => string)[] = [
  (n) => `INFO:     10.0.1.41:${40_000 + (n % 9000)} - "GET /api/v1/health HTTP/1.1" 200 OK`,
  (n) => `INFO:     app.search: request ${letters(hex, 32, n)} took ${n % 400} ms`,
  (n) => `DEBUG:    image sha256:${letters(hex, 64, n)} at revision ${letters(hex, 40, n)}`,
  (n) => `INFO:     order 4${letters('0123456789', 3, n)} at 2026-11-22T09:${String(n % 60).padStart(2, '0')}:00Z`,
  (n) => `INFO:     request_id=${uuid(n)} trace=${letters(hex, 16, n)} etag="${letters(hex, 32, n)}-7"`,
  (n) => `DEBUG:    preview data:image/png;base64,iVBORw0KGgo${letters(`${alnum}+/`, 400, n)}==`,
  (n) => `DEBUG:    locked sha512-${letters(`${alnum}+/`, 86, n)}== torch==2.4.0+cpu layer ${letters(hex, 12, n)}`,
  () => 'INFO:     password: ********, api_key: ${API_KEY}, token=<hidden>',
  () => 'INFO:     Authorization: Bearer ***; password=None; secret: null',
]

interface Planting {
  readonly kinds: readonly string[]
  /** As they are written, each with its kind. */
  readonly planted: readonly { readonly kind: string; readonly secret: string }[]
  /** Values that somebody has configured, which have no format that tells them. */
  readonly configured: readonly { readonly name: string; readonly value: string }[]
  /** Ten thousand, with the planted secrets. */
  readonly lines: readonly string[]
  /** The same with the configured values too, each written in another way. */
  readonly all: readonly string[]
}

/** Ten thousand log lines with two hundred secrets of twenty kinds, and twenty configured values. */
export function plantSecrets(): Planting {
  const names = Object.keys(kinds)
  const planted = Array.from({ length: 200 }, (_, n) => {
    const kind = names[n % names.length] ?? ''
    return { kind, secret: kinds[kind]?.(n * 31 + 7) ?? '' }
  })
  const configured = Array.from({ length: 20 }, (_, n) => ({
    name: `SECRET_${n}`,
    value: `${letters(alnum, 12 + n, 900 + n)}"\\${letters('äöß%/+', 3, n)}`,
  }))
  const lines = Array.from({ length: 10_000 }, (_, n) =>
    n % 50 === 25
      ? `DEBUG: client with ${planted[(n - 25) / 50]?.secret} opened`
      : (ordinary[n % ordinary.length]?.(n) ?? ''),
  )
  // Each in a different way: as it is, in JSON, in an address, in base64.
  const ways = [
    (text: string) => text,
    JSON.stringify,
    encodeURIComponent,
    (text: string) => Buffer.from(text).toString('base64'),
  ]
  const all = lines.map((line, n) => {
    const value = configured[(n - 13) / 500]?.value
    return value === undefined ? line : `state ${ways[((n - 13) / 500) % 4]?.(value)} end`
  })
  return { kinds: names, planted, configured, lines, all }
}

/** What must be nowhere in what is said of them: each value, and its end. */
export function mustNotBeSaid({ planted, configured }: Planting): readonly string[] {
  const values = [
    ...planted.map(({ secret }) => secret.replace(/^(?:password: |aws_secret_access_key=)/, '')),
    ...configured.map(({ value }) => value),
  ]
  return values.flatMap((value) => [value, value.slice(-12)])
}
