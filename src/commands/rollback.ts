import * as Flags from '@oclif/core/flags'
import { answerFlags } from '../answer-flags.js'
import { BaseCommand } from '../base-command.js'
import { watchFlags } from '../watch-flags.js'

export default class Rollback extends BaseCommand {
  static override readonly summary = 'Go back to a release that served before, prove it, and hold deploys.'
  static override readonly description = `Takes the last release before this one that was proved on every target, or the one that --to names. Builds and pushes \
nothing: the old launch-template version or task definitions and their images are looked for first. A rollout that is \
under way is taken back by AWS itself; at rest the old revision is rolled out and followed like any other. Run again, \
it goes one release further back. When the last release has gone back already, by itself or by an abort, there is \
nothing of it to undo: then it asks, and where nobody answers it changes nothing and wants --to (exit 3).

Afterwards deploys are refused until one is made with --release-hold, so that no pipeline undoes it.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --list',
    '<%= config.bin %> <%= command.id %> --to v1.4.2 --yes',
  ]
  static override readonly flags = {
    ...watchFlags,
    ...answerFlags,
    to: Flags.string({
      description: "a release's id, its number (#12) or its version",
      env: 'RAMPART_TO',
      helpValue: 'RELEASE',
      exclusive: ['last-proved'],
    }),
    'last-proved': Flags.boolean({
      description: 'take the last proved release without asking which',
      env: 'RAMPART_LAST_PROVED',
    }),
    hooks: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'run the programs in .rampart/hooks, and post the notices that rampart.yml names',
      env: 'RAMPART_HOOKS',
    }),
    list: Flags.boolean({
      description: 'only say what can be gone back to',
      env: 'RAMPART_LIST',
    }),
    'lock-wait': Flags.string({
      description: 'wait that long for another run that changes this environment, e.g. 10m',
      env: 'RAMPART_LOCK_WAIT',
      helpValue: 'TIME',
    }),
    yes: Flags.boolean({
      char: 'y',
      description: 'do not ask',
      env: 'RAMPART_YES',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Rollback)
    const { runRollback } = await import('../lib/compose/rollback.js')
    return this.finish(await runRollback({ ...flags, json: this.jsonEnabled() }))
  }
}
