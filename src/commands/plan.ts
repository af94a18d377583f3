import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'

export default class Plan extends BaseCommand {
  static override readonly summary = 'Say how long ways of deploying take, what they cost, and which one pays.'
  static override readonly description = `Compares ways of getting a change to production for this project: its images, its fleet, its rules. The times come from the \
rehearsal's own state machines, run to their end without waiting; each number says whether it was measured, derived or assumed.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --strategies',
    '<%= config.bin %> <%= command.id %> --strategies --deploys-per-day 5 --assume upload=13MB/s',
  ]
  static override readonly flags = {
    strategies: Flags.boolean({
      description: 'compare the ways of deploying',
      env: 'RAMPART_STRATEGIES',
      required: true,
    }),
    assume: Flags.string({
      default: [],
      description: 'give a number that would be assumed otherwise; can be given several times',
      env: 'RAMPART_ASSUME',
      helpValue: 'NAME=VALUE',
      multiple: true,
    }),
    'deploys-per-day': Flags.string({
      default: '1',
      description: 'how often the team deploys',
      env: 'RAMPART_DEPLOYS_PER_DAY',
      helpValue: 'N',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Plan)
    const { runStrategies } = await import('../lib/compose/plan.js')
    return this.finish(await runStrategies({ ...flags, json: this.jsonEnabled() }))
  }
}
