import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class InfraDeploy extends BaseCommand {
  static override readonly summary = 'Make the infrastructure as rampart.yml says, by a change set that is shown first.'
  static override readonly description = `Shows what is added, changed, replaced and removed, asks, and follows CloudFormation to its end. What replaces or removes \
something that holds data or serves needs the name of the stack, typed. A change that is under way is joined: run it \
again after anything at all.

The stack gets the images that serve now, so that it changes no release. Before the repositories hold images nothing \
is started; push them, and deploy again.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --yes --progress plain',
  ]
  static override readonly flags = {
    yes: Flags.boolean({
      char: 'y',
      description: 'agree beforehand to all that can be undone',
      env: 'RAMPART_YES',
    }),
    confirm: Flags.string({
      description: "the stack's name: agrees beforehand to what can not be undone",
      env: 'RAMPART_CONFIRM',
      helpValue: 'STACK',
    }),
    'lock-wait': Flags.string({
      description: 'wait that long for another run that changes this environment, e.g. 10m',
      env: 'RAMPART_LOCK_WAIT',
      helpValue: 'TIME',
    }),
    'continue-rollback': Flags.boolean({
      description: 'go on with a rollback that failed (UPDATE_ROLLBACK_FAILED)',
      env: 'RAMPART_CONTINUE_ROLLBACK',
    }),
    skip: Flags.string({
      dependsOn: ['continue-rollback'],
      description:
        'leave this resource as it is in that rollback; may be given more than once, in the variable with commas',
      env: 'RAMPART_SKIP',
      helpValue: 'RESOURCE',
      multiple: true,
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(InfraDeploy)
    const { runInfraDeploy } = await import('../../lib/compose/infra.js')
    // oclif leaves what comes from the environment as one text.
    const named = flags.skip as string | readonly string[] | undefined
    const skip = typeof named === 'string' ? named.split(/[\s,]+/).filter((name) => name !== '') : named
    return this.finish(await runInfraDeploy({ ...flags, skip, json: this.jsonEnabled() }))
  }
}
