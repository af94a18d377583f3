import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'

export default class Plan extends BaseCommand {
  static override readonly summary = 'Say what a deploy would change, how long it takes and what it costs.'
  static override readonly description = `Makes the images in memory, asks the registry and AWS what is there, and tells the images, bytes, configuration, targets, time and \
risks of a deploy. With --strategies, compares ways of getting a change to production for this project: its images, its fleet, its rules. The times come from the \
rehearsal's own state machines, run to their end without waiting; each number says whether it was measured, derived or assumed.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --check',
    '<%= config.bin %> <%= command.id %> --strategies',
    '<%= config.bin %> <%= command.id %> --adopt',
    '<%= config.bin %> <%= command.id %> --reclaim',
    '<%= config.bin %> <%= command.id %> --strategies --deploys-per-day 5 --assume upload=13MB/s',
  ]
  static override readonly flags = {
    strategies: Flags.boolean({
      description: 'compare the ways of deploying',
      env: 'RAMPART_STRATEGIES',
      exclusive: ['check', 'adopt', 'reclaim'],
    }),
    adopt: Flags.boolean({
      description: 'tell the way to the recommended strategy step by step',
      env: 'RAMPART_ADOPT',
      exclusive: ['check', 'reclaim'],
    }),
    reclaim: Flags.boolean({
      description: 'list images that no release needs, with what they cost; asks before it deletes them',
      env: 'RAMPART_RECLAIM',
      exclusive: ['check'],
    }),
    yes: Flags.boolean({
      char: 'y',
      dependsOn: ['reclaim'],
      description: 'delete them without asking',
      env: 'RAMPART_YES',
    }),
    check: Flags.boolean({
      description: 'end with 10 when a deploy would change something',
      env: 'RAMPART_CHECK',
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
    prices: Flags.string({
      description: 'table of prices to use instead of the one that rampart brings; prices refresh writes one',
      env: 'RAMPART_PRICES',
      helpValue: 'FILE',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Plan)
    const shared = { ...flags, json: this.jsonEnabled() }
    if (flags.strategies) {
      const { runStrategies } = await import('../lib/compose/plan.js')
      return this.finish(await runStrategies(shared))
    }
    if (flags.adopt) {
      const { runAdoptionPath } = await import('../lib/compose/plan.js')
      return this.finish(await runAdoptionPath(shared))
    }
    if (flags.reclaim) {
      const { runReclaim } = await import('../lib/compose/reclaim.js')
      return this.finish(await runReclaim(shared))
    }
    const { runPlan } = await import('../lib/compose/plan-deploy.js')
    return this.finish(await runPlan(shared))
  }
}
