import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { motoProgram } from './requires.js'

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/`)).ok
  } catch {
    return false
  }
}

/** moto's server as a process of its own, which has nothing in it. It chooses its port itself, so that nobody can be there before it. */
export async function startMoto(): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const child = spawn(motoProgram, ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  const ended = once(child, 'close')
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  const deadline = Date.now() + 60_000
  for (;;) {
    const url = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1]
    if (url !== undefined && (await answers(url))) return { url, close }
    if (child.exitCode !== null || Date.now() > deadline) {
      await close()
      throw new Error(`moto did not start: ${said}`)
    }
    await delay(50)
  }
}

/** A certificate of that cloud, without which it makes no listener. */
export async function certificateOf(url: string, region: string): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'X-Amz-Target': 'CertificateManager.RequestCertificate',
      'Content-Type': 'application/x-amz-json-1.1',
      Authorization: `AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/${region}/acm/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify({ DomainName: 'example.com', ValidationMethod: 'DNS' }),
  })
  return ((await answer.json()) as { readonly CertificateArn: string }).CertificateArn
}

/** The network that is there from the beginning, with two subnets of it. */
export async function subnetsOf(
  url: string,
  region: string,
): Promise<{ readonly vpc: string; readonly subnets: readonly [string, string] }> {
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' }
  const client = new EC2Client({ endpoint: url, region, credentials })
  const { Subnets = [] } = await client.send(new DescribeSubnetsCommand({}))
  client.destroy()
  const [first, second] = Subnets.map(({ SubnetId = '' }) => SubnetId)
  return { vpc: Subnets[0]?.VpcId ?? '', subnets: [first ?? '', second ?? ''] }
}
