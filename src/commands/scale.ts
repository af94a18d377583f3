import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'

export default class Scale extends BaseCommand {
  static override readonly summary = 'Set how many targets serve, and wait until they do.'
  static override readonly description = `Sets the desired capacity of the Auto Scaling group, or the desired count of a service of ECS, within its bounds (on ECS \
those of Application Auto Scaling), and \
follows that until so many targets are healthy. Refuses while a rollout is under way.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 6',
    '<%= config.bin %> <%= command.id %> 12 --bounds 4:16',
    '<%= config.bin %> <%= command.id %> 3 --service api',
  ]
  static override readonly args = {
    n: Args.integer({ description: 'how many targets', required: true, min: 0, max: 5000 }),
  }
  static override readonly flags = {
    bounds: Flags.string({
      description: 'set the minimum and maximum too',
      env: 'RAMPART_BOUNDS',
      helpValue: 'MIN:MAX',
    }),
    service: Flags.string({
      description: 'which service of ECS, as rampart.yml names it; needed where there are several',
      env: 'RAMPART_SERVICE',
      helpValue: 'NAME',
    }),
    'lock-wait': Flags.string({
      description: 'wait that long for another run that changes this environment, e.g. 10m',
      env: 'RAMPART_LOCK_WAIT',
      helpValue: 'TIME',
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Scale)
    const { runScale } = await import('../lib/compose/scale.js')
    return this.finish(await runScale(args.n, { ...flags, json: this.jsonEnabled() }))
  }
}
