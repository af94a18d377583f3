import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'
import { keepFlag } from '../../keep-flag.js'
import { rehearsalFlags } from '../../rehearsal-flags.js'
import { reportFlag } from '../../watch-flags.js'

export default class Rehearse extends BaseCommand {
  static override readonly summary = 'Deploy to the embedded rehearsal cloud: no AWS account, no Docker, nothing real.'
  static override readonly description = `Starts a cloud inside this program that speaks the real AWS and OCI protocols on loopback, sets up what rampart.yml \
names, and deploys to it with the same code that deploys to AWS. Without a rampart.yml the bundled example is used. \
All that it shows is simulated. The clock of that cloud runs faster than yours.

With --from-scratch it begins with an empty account and gives the commands of a first release, one after the other: \
infra deploy, secrets, bases, app build, infra deploy again for what serves, deploy, alarms, verify. The bases are \
layers with sizes and no content, so it needs no Docker engine. At its end it says how long each phase took.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --scenario bad-image --report report.html',
    '<%= config.bin %> <%= command.id %> --from-scratch --config examples/finbert-rag/rampart.yml',
  ]
  static override readonly flags = {
    ...rehearsalFlags,
    keep: keepFlag,
    report: reportFlag,
    'from-scratch': Flags.boolean({
      description: 'begin with an empty account: infrastructure, secrets, bases, release, alarms, proof',
      env: 'RAMPART_FROM_SCRATCH',
      exclusive: ['force'],
    }),
    force: Flags.boolean({
      description: 'roll every target even when the fleet serves this release already',
      env: 'RAMPART_FORCE',
    }),
    hooks: Flags.boolean({
      allowNo: true,
      default: false,
      description: 'also run the programs in .rampart/hooks and post notices: these are real',
      env: 'RAMPART_HOOKS',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Rehearse)
    const { runRehearsal } = await import('../../lib/compose/rehearsal.js')
    return this.finish(await runRehearsal({ ...flags, json: this.jsonEnabled() }))
  }
}
