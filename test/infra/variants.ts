import type { AsgInfra, EcsInfra, InfraPlan } from '../../src/lib/domain/infra.js'

const repositories = (names: readonly string[]): InfraPlan['repositories'] =>
  names.map((name) => ({ name, movingTags: ['latest'] }))

const common = {
  environment: 'production',
  network: { kind: 'own', cidr: '10.0.0.0/16', zones: 2, egress: 'nat' },
  outbound: [443, 5432],
  keepImages: 100,
  logDays: 30,
} as const

const given = {
  kind: 'given',
  vpc: 'vpc-0123456789abcdef0',
  publicSubnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  privateSubnets: ['subnet-0123456789abcdef2', 'subnet-0123456789abcdef3'],
} as const

const certificate = (region: string): string =>
  `arn:aws:acm:${region}:123456789012:certificate/0f0e0d0c-0000-4000-8000-000000000000`

/** The first example: two services on one group. */
export const asg: AsgInfra = {
  ...common,
  kind: 'asg',
  app: 'rampart-ai',
  stack: 'rampart-production',
  group: 'rampart-production-asg',
  https: { domain: 'rampart.example.com', zone: 'Z0123456789ABCDEFGHIJ' },
  repositories: repositories(['rampart-backend', 'rampart-backend-base', 'rampart-frontend', 'rampart-frontend-base']),
  logGroup: '/rampart/production',
  alarms: { errors: 5, latency: 2000, email: 'operations@example.com' },
  instanceType: 'c7i.xlarge',
  volume: 40,
  min: 2,
  max: 8,
  warmup: 180_000,
  startTimeout: 900_000,
  services: [
    {
      name: 'backend',
      repository: 'rampart-backend',
      platform: 'linux/amd64',
      port: 8000,
      ready: '/api/v1/health/ready',
      paths: ['/api/*'],
      env: { LOG_LEVEL: 'info', GREETING: `it's $HOME, \${HOME} & "more"` },
      secrets: [
        { variable: 'DATABASE_URL', secret: 'rampart/production/database', key: 'url' },
        { variable: 'JWT_KEY', secret: 'rampart/production/jwt' },
      ],
    },
    {
      name: 'frontend',
      repository: 'rampart-frontend',
      platform: 'linux/amd64',
      port: 3000,
      ready: '/healthz',
      paths: [],
      env: {},
      secrets: [],
    },
  ],
}

/** The second example: two services on Fargate. */
const ecs: EcsInfra = {
  ...common,
  kind: 'ecs',
  app: 'finbert-rag',
  stack: 'finbert-rag-production',
  cluster: 'finbert-rag-prod',
  https: { certificate: certificate('ap-south-1') },
  repositories: repositories(['finbert-rag/api', 'finbert-rag/api-base', 'finbert-rag/ui', 'finbert-rag/ui-base']),
  logGroup: '/ecs/finbert-rag',
  alarms: { errors: 5, latency: 500, topic: 'arn:aws:sns:ap-south-1:123456789012:operations' },
  services: [
    {
      name: 'api',
      service: 'finbert-api',
      container: 'api',
      repository: 'finbert-rag/api',
      platform: 'linux/amd64',
      port: 8000,
      ready: '/health',
      paths: ['/search/*', '/health', '/health/*'],
      env: { LOG_LEVEL: 'info' },
      secrets: [
        { variable: 'ES_HOST', secret: 'finbert-rag/elasticsearch/credentials', key: 'host' },
        { variable: 'ES_KEY', secret: 'finbert-rag/elasticsearch/credentials', key: 'key' },
        {
          variable: 'HF_TOKEN',
          secret: 'arn:aws:secretsmanager:ap-south-1:123456789012:secret:finbert-rag/api/tokens-AbCdEf',
          key: 'huggingface_token',
        },
      ],
      cpu: 2048,
      memory: 8192,
      min: 2,
      max: 6,
      cpuTarget: 60,
    },
    {
      name: 'ui',
      service: 'finbert-ui',
      container: 'ui',
      repository: 'finbert-rag/ui',
      platform: 'linux/arm64',
      port: 8501,
      ready: '/healthz',
      paths: [],
      env: {},
      secrets: [],
      cpu: 512,
      memory: 1024,
      min: 2,
      max: 4,
      cpuTarget: 60,
    },
  ],
}

const cached = { modelCache: { path: '/app/.cache/huggingface', throughput: 'elastic' } } as const

/** Every variant of both stacks, by its name. */
export const variants: Readonly<Record<string, InfraPlan>> = {
  asg,
  'asg-efs': {
    ...asg,
    modelCache: {
      path: '/app/.cache/huggingface',
      throughput: 'bursting',
      token: { variable: 'HF_TOKEN', secret: 'rampart/production/hub', key: 'token' },
    },
  },
  'asg-warm-pool': { ...asg, warmPool: { min: 1, state: 'Stopped' }, alarms: { errors: 1, latency: 5000 } },
  'asg-given-vpc': { ...asg, network: given, repositories: [], https: { certificate: certificate('us-west-2') } },
  'asg-endpoints-all': {
    ...asg,
    ...cached,
    network: { kind: 'own', cidr: '10.1.0.0/20', zones: 3, egress: 'endpoints' },
    warmPool: { min: 2, state: 'Running' },
    secretsKey: 'arn:aws:kms:us-west-2:123456789012:key/0f0e0d0c-0000-4000-8000-000000000000',
  },
  ecs,
  'ecs-efs': { ...ecs, ...cached },
  'ecs-given-vpc': { ...ecs, network: given, repositories: [] },
  'ecs-endpoints-all': {
    ...ecs,
    ...cached,
    network: { kind: 'own', cidr: '10.1.0.0/20', zones: 3, egress: 'endpoints' },
    https: { domain: 'finbert.example.com', zone: 'Z0123456789ABCDEFGHIJ' },
    alarms: { errors: 5, latency: 500, email: 'operations@example.com' },
  },
  'ecs-nat-per-zone': { ...ecs, network: { kind: 'own', cidr: '10.0.0.0/16', zones: 3, egress: 'nat-per-zone' } },
}
