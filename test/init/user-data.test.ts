import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { containersOf } from '../../src/lib/init/adopt/user-data.js'

const host = '123456789012.dkr.ecr.us-west-2.amazonaws.com'
const digest = `sha256:${'a'.repeat(64)}`

/** Name, repository, ports and log group of what a script starts. */
const seen = (script: string): unknown =>
  containersOf(script).map(({ name, host: of, repository, ports, logGroup, healthPath }) => ({
    name,
    image: `${of}/${repository}`,
    ports: ports.map((one) => `${one.host}:${one.container}`).join(),
    ...(logGroup !== undefined && { logGroup }),
    ...(healthPath !== undefined && { healthPath }),
  }))

describe('what user data starts is read from', () => {
  test('a compose file in a here-document, with ports in all their forms', () => {
    expect(
      seen(`#!/bin/bash
set -e
cat > /opt/app/docker-compose.yml <<'EOT'
services:
  backend:
    image: ${host}/shop-backend:latest
    ports: ["127.0.0.1:8000:8000/tcp", 9000]
    healthcheck: { test: ["CMD", "curl", "-f", "http://localhost:8000/health"] }
    logging: { driver: awslogs, options: { awslogs-group: /shop/production } }
  ui:
    image: ${host}/shop-ui@${digest}
    ports: [{ target: 3000, published: 80 }]
EOT
docker compose up -d
`),
    ).toEqual([
      {
        name: 'backend',
        image: `${host}/shop-backend`,
        ports: '8000:8000,9000:9000',
        logGroup: '/shop/production',
        healthPath: '/health',
      },
      { name: 'ui', image: `${host}/shop-ui`, ports: '80:3000' },
    ])
  })

  test('a compose file whose references come from variables that the script sets', () => {
    expect(
      seen(`#!/bin/bash
REGISTRY=${host}
export TAG="v7"
cat > compose.yaml <<-EOT
	services:
	  api:
	    image: \${REGISTRY}/shop/api:\${TAG:-latest}
	  worker:
	    image: \${WORKER_IMAGE}
	  cron:
	    image: \${CRON_IMAGE}
EOT
cat > .env <<EOT
WORKER_IMAGE=$REGISTRY/shop/worker:2
EOT
aws s3 cp s3://shop/cron.env .env.cron
`),
    ).toEqual([
      { name: 'api', image: `${host}/shop/api`, ports: '' },
      { name: 'worker', image: `${host}/shop/worker`, ports: '' },
      { name: 'cron', image: '/${CRON_IMAGE}', ports: '' },
    ])
  })

  test('docker run over several lines', () => {
    expect(
      seen(`#!/bin/bash
# docker run ${host}/old:1
docker run --detach --name backend --restart on-failure:5 \\
  --env-file /etc/shop/backend.env --publish 8000:8080 \\
  --log-driver awslogs --log-opt awslogs-group=/shop/production --log-opt "awslogs-stream=$INSTANCE_ID/backend" \\
  -e URL=http://other.example.com/path \\
  ${host}/shop-backend:latest serve --port 8080
`),
    ).toEqual([{ name: 'backend', image: `${host}/shop-backend`, ports: '8000:8080', logGroup: '/shop/production' }])
  })

  test('a unit of systemd, in cloud-config', () => {
    expect(
      seen(`#cloud-config
write_files:
  - path: /etc/systemd/system/api.service
    content: |
      [Service]
      ExecStart=/usr/bin/docker run --rm --name %n -p 8000:8000 registry.example.com:5000/team/api:3
  - path: /opt/compose.yml
    content: |
      services:
        ui: { image: "registry.example.com:5000/team/ui:3" }
`),
    ).toEqual([
      { name: 'ui', image: 'registry.example.com:5000/team/ui', ports: '' },
      { name: 'api', image: 'registry.example.com:5000/team/api', ports: '8000:8000' },
    ])
  })

  test('variables that name images of functions', () => {
    expect(
      seen(
        `backend_image=${host}/rampart-backend@${digest}\nURL=https://example.com/path:8\nstart backend "$backend_image"\n`,
      ),
    ).toEqual([{ name: 'backend', image: `${host}/rampart-backend`, ports: '' }])
  })
})

test('what is no such script has no containers, and nothing throws', () => {
  expect(seen('')).toEqual([])
  expect(seen('docker run "unclosed\n<<EOT\nservices: [\nEOT\n')).toEqual([])
  const pieces = constantFrom(
    'docker run ',
    '<<EOT\n',
    'EOT\n',
    'services:\n',
    ' a: { image: "$X/y:${Z:-1}" }\n',
    'X=$X$X\n',
    'Z="${Z}"\n',
    '"',
    "'",
    '\\\n',
    `${host}/a:1 `,
    '-p ',
    'content: |\n',
    '  ',
  )
  assert(
    property(array(oneof(pieces, string()), { maxLength: 30 }), (parts) => {
      const containers = containersOf(parts.join(''))
      expect(containers.every(({ repository }) => repository !== '')).toBe(true)
    }),
    { numRuns: 300 },
  )
})
