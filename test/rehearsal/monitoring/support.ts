import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { SNSClient } from '@aws-sdk/client-sns'
import { onTestFinished } from 'vitest'
import { startRehearsal, type Rehearsal, type RehearsalOptions } from '../../../src/lib/rehearsal/cloud.js'
import { setupOf, start } from '../world/support.js'

export interface Monitored {
  readonly rehearsal: Rehearsal
  readonly cloudWatch: CloudWatchClient
  readonly events: EventBridgeClient
  readonly sns: SNSClient
  now(): number
  /** Lets virtual minutes go by. */
  wait(minutes: number): void
}

/** A rehearsal with clients for what watches it, until the test ends. */
export async function monitored(options: Partial<RehearsalOptions> = {}): Promise<Monitored> {
  let now = start
  const rehearsal = await startRehearsal({ setup: setupOf(), scenario: 'healthy', now: () => now, ...options })
  onTestFinished(() => rehearsal.close())
  const settings = {
    region: 'us-west-2',
    endpoint: rehearsal.url,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
    maxAttempts: 1,
  }
  return {
    rehearsal,
    cloudWatch: new CloudWatchClient(settings),
    events: new EventBridgeClient(settings),
    sns: new SNSClient(settings),
    now: () => now,
    wait: (minutes) => {
      now += minutes * 60_000
      rehearsal.world.advanceTo(now)
    },
  }
}

/** What CloudWatch calls the load balancer and the target group of a service. */
export function dimensionsOf({ world: { state } }: Rehearsal, service: string): { Name: string; Value: string }[] {
  const group = state.targetGroups.find((one) => one.service === service)
  return [
    { Name: 'LoadBalancer', Value: state.loadBalancer.arn.replace(/^.*:loadbalancer\//, '') },
    { Name: 'TargetGroup', Value: group?.arn.replace(/^.*:/, '') ?? '' },
  ]
}
