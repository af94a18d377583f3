import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class AlarmsApply extends BaseCommand {
  static override readonly summary = 'Make the alarms of an environment, and those who are told, as rampart.yml says.'
  static override readonly description = `Alarms on 5xx and 4xx rates, p95 latency, targets that stay unhealthy, memory, the processors of a group and the burst \
credits of a model cache; an event rule for rollouts that fail; a topic and a subscription where an address is given. \
A second run changes nothing. Only what has the environment's name and tags is changed; what is no longer wanted goes \
with --yes. Rollouts watch the alarms on 5xx and latency unless rollout.alarms names others.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --yes --json',
  ]
  static override readonly flags = {
    yes: Flags.boolean({ char: 'y', description: 'also remove what is no longer wanted', env: 'RAMPART_YES' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AlarmsApply)
    const { runAlarmsApply } = await import('../../lib/compose/alarms.js')
    return this.finish(await runAlarmsApply({ ...flags, json: this.jsonEnabled() }))
  }
}
