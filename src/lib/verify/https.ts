import type { Finding } from '../domain/checkup.js'
import type { HttpsPlan } from '../domain/verify-plan.js'
import type { Http, HttpFailure } from '../ports/http.js'
import type { Certificate, Tls, TlsFacts } from '../ports/tls.js'
import { judgeAll, type Judged } from './judged.js'

const day = 86_400_000

/** What two handshakes came to: one with the versions of today, one with those of yesterday. */
export interface Handshakes {
  readonly modern: TlsFacts | HttpFailure
  readonly legacy: TlsFacts | HttpFailure
}

/** Shakes hands both ways. Where nothing could be connected to, the second try is left out. */
export async function shakeHands(tls: Tls, url: URL, timeout: number, signal: AbortSignal): Promise<Handshakes> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const request = { host, port: url.port === '' ? 443 : Number(url.port), timeout, signal }
  const modern = await tls.handshake({ ...request, versions: 'modern' })
  if (modern.kind === 'failure' && modern.stage !== 'tls') return { modern, legacy: modern }
  return { modern, legacy: await tls.handshake({ ...request, versions: 'legacy' }) }
}

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

const renew = 'renew the certificate; one of AWS Certificate Manager that DNS validates renews itself'

function certificateWords({ subject, issuer, names, validFrom, validTo }: Certificate): string {
  const others = names.length === 0 ? '' : ` (${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''})`
  return `${subject}${others}, issued by ${issuer}, ${dateOf(validFrom)} to ${dateOf(validTo)}`
}

/** Whether the certificate is trusted, for the name, and good for some time. */
export function judgeCertificate({ modern, legacy }: Handshakes, host: string, plan: HttpsPlan, now: number): Judged {
  const facts = modern.kind === 'tls' ? modern : legacy
  if (facts.kind === 'failure') {
    const seen = modern.kind === 'failure' ? modern : facts
    return {
      result: 'fail',
      detail: `no handshake with ${host}: ${seen.detail}`,
      evidence: [`${seen.stage}: ${seen.code}`],
    }
  }
  const { chain, distrust, wrongName } = facts
  // Who signed itself is trusted or not as it is, whatever its dates.
  const dated = chain.filter(({ subject, issuer }, index) => index === 0 || subject !== issuer)
  const first = dated.reduce<Certificate | undefined>(
    (least, one) => (least === undefined || one.validTo < least.validTo ? one : least),
    undefined,
  )
  const left = first === undefined ? 0 : Math.floor((first.validTo - now) / day)
  const expired = first !== undefined && first.validTo < now
  const whose = first === dated[0] ? '' : ` of ${first?.subject}`
  const findings: readonly Finding[] = [
    ...(expired ? [{ detail: `the certificate${whose} expired on ${dateOf(first.validTo)}`, remedy: renew }] : []),
    ...(distrust !== undefined && !(expired && distrust.code === 'CERT_HAS_EXPIRED')
      ? [
          {
            detail: `${distrust.words} (${distrust.code})`,
            remedy: 'serve the whole chain of an authority that clients trust',
          },
        ]
      : []),
    ...(wrongName === undefined
      ? []
      : [
          {
            detail: `the certificate is not for ${host}, but for ${dated[0]?.names.join(', ') || dated[0]?.subject}`,
            remedy: `use a certificate for ${host}`,
          },
        ]),
    ...(!expired && left < plan.minDays
      ? [{ detail: `the certificate${whose} has ${left} days left, fewer than ${plan.minDays}`, remedy: renew }]
      : []),
  ]
  return judgeAll(findings, `for ${host}, ${left} days left`, {
    evidence: [
      ...dated.map(certificateWords),
      ...(facts.via === undefined ? [] : [`seen through the proxy ${facts.via}`]),
    ],
  })
}

const policy = 'choose a newer security policy on the listener, e.g. ELBSecurityPolicy-TLS13-1-2-2021-06'

/** Whether TLS 1.2 or newer is spoken, and nothing older. */
export function judgeVersion({ modern, legacy }: Handshakes): Judged {
  if (modern.kind === 'tls') {
    const evidence = [`${modern.protocol}, ${modern.cipher}`]
    return legacy.kind === 'failure'
      ? { result: 'ok', detail: modern.protocol, evidence: [...evidence, `what is older is refused (${legacy.code})`] }
      : {
          result: 'warn',
          detail: `${modern.protocol}, but ${legacy.protocol} is accepted as well`,
          remedy: policy,
          evidence,
        }
  }
  if (legacy.kind === 'failure') return { result: 'skip', detail: 'no handshake, see the certificate' }
  return {
    result: 'fail',
    detail: `nothing newer than ${legacy.protocol} is spoken`,
    remedy: policy,
    evidence: [`TLS 1.2 and newer: ${modern.detail} (${modern.code})`, `${legacy.protocol}, ${legacy.cipher}`],
  }
}

/** Whether browsers are told to come by HTTPS alone: noted, no failure. RFC 6797. */
export async function lookAtHsts(http: Http, url: string, timeout: number, signal: AbortSignal): Promise<Judged> {
  const session = http.session(1)
  try {
    const answer = await session.send({ method: 'GET', url, headers: {} }, { timeout, signal })
    if (answer.kind === 'failure') return { result: 'skip', detail: `no answer: ${answer.detail}` }
    const header = answer.headers['strict-transport-security']
    const age = Number(/max-age\s*=\s*"?(\d+)/i.exec(header ?? '')?.[1] ?? Number.NaN)
    if (header !== undefined && age > 0) return { result: 'ok', detail: header }
    return {
      result: 'warn',
      detail: header === undefined ? 'no Strict-Transport-Security' : `Strict-Transport-Security is ${header}`,
      remedy: 'answer with Strict-Transport-Security: max-age=31536000 once HTTPS is there to stay',
    }
  } finally {
    session.close()
  }
}
