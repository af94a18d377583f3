import { formatImageRef, parseImageRef, type ImageRef } from '../../domain/image-ref.js'
import type { Digest } from '../../domain/digest.js'
import type { RehearsalSetup } from '../setup.js'

/** The user data of a machine that logs in to the registry and runs one container per service. */
export function writeUserData(
  setup: RehearsalSetup,
  registryHost: string,
  digests: Readonly<Record<string, Digest>>,
): string {
  const containers = setup.services.flatMap((service) => {
    const digest = digests[service.repository]
    if (digest === undefined) return []
    const image = formatImageRef({ registry: registryHost, repository: service.repository, digest })
    return [
      '',
      `docker run --detach --name ${service.name} --restart on-failure:5 \\`,
      `  --env-file /etc/${setup.app}/${service.name}.env --publish ${service.port}:${service.port} \\`,
      `  --log-driver awslogs --log-opt awslogs-region=${setup.region} --log-opt awslogs-group=${setup.logGroup} \\`,
      `  --log-opt "awslogs-stream=$INSTANCE_ID/${service.name}" \\`,
      `  ${image}`,
    ]
  })
  return [
    '#!/bin/bash',
    `# ${setup.app}, ${setup.environment}: starts the services of this machine.`,
    'set -euxo pipefail',
    '',
    'TOKEN=$(curl -sX PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 300")',
    'INSTANCE_ID=$(curl -s -H "X-aws-ec2-metadata-token: $TOKEN" http://169.254.169.254/latest/meta-data/instance-id)',
    '',
    `aws ecr get-login-password --region ${setup.region} \\`,
    `  | docker login --username AWS --password-stdin ${registryHost}`,
    ...containers,
    '',
  ].join('\n')
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** The images of that registry that a script names outside its comments, each once, in order of appearance. */
export function imagesInUserData(script: string, registryHost: string): readonly ImageRef[] {
  const pattern = new RegExp(
    String.raw`(?<![\w.:/-])${escaped(registryHost)}/[a-z0-9][\w./-]*(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?`,
    'g',
  )
  const found = new Map<string, ImageRef>()
  for (const line of script.split('\n')) {
    if (line.trimStart().startsWith('#')) continue
    for (const [text] of line.matchAll(pattern)) {
      const reference = parseImageRef(text)
      if (reference !== undefined) found.set(`${reference.repository}@${reference.digest ?? reference.tag}`, reference)
    }
  }
  return [...found.values()]
}

/** The script in a launch template's user data (base64); empty when there is none. */
export function decodeUserData(userData: string | undefined): string {
  return Buffer.from(userData ?? '', 'base64').toString('utf8')
}
