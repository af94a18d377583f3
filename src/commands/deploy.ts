import * as Flags from '@oclif/core/flags'
import { answerFlags } from '../answer-flags.js'
import { BaseCommand } from '../base-command.js'
import { keepFlag } from '../keep-flag.js'
import { watchFlags } from '../watch-flags.js'

export default class Deploy extends BaseCommand {
  static override readonly aliases = ['app:deploy']
  static override readonly summary = 'Build, push, release, roll out and prove, from a code change to every target.'
  static override readonly description = `Builds a thin app image for each service without a Docker daemon, pushes what the registry lacks, pins the digests \
in a new launch-template version or in task definitions, rolls the Auto Scaling group by instance refresh or the \
services of ECS one after the other, follows that to its real end, and proves that every target serves what was released. \
Then it makes the checks of the section verify. When one fails, the fleet goes back to what served before, with exit code 9; --keep lets the release stay.

Run it again after anything at all: each step finds its own earlier result, and a rollout that is under way is joined. \
Ctrl-C leaves; a rollout that has begun goes on without you.

With --version the whole repository must be as committed, and the commit be in a branch of the remote origin: that is where the tag goes, after everything else. What is missing then is told with exit code 9, and made by the same command.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --version v2.0.0',
    '<%= config.bin %> <%= command.id %> --env staging --progress ndjson > events.ndjson',
    '<%= config.bin %> <%= command.id %> --report report.html --report report.md',
  ]
  static override readonly flags = {
    ...watchFlags,
    ...answerFlags,
    keep: keepFlag,
    'allow-over-budget': Flags.boolean({
      description: 'push app layers above their budget all the same',
      env: 'RAMPART_ALLOW_OVER_BUDGET',
    }),
    builder: Flags.string({
      default: 'auto',
      description:
        'layer needs no Docker engine, docker does what it can not (RUN, stages), auto takes the first that can',
      env: 'RAMPART_BUILDER',
      options: ['auto', 'layer', 'docker'],
    }),
    'allow-stale-base': Flags.boolean({
      description: 'deploy also on a base of other sources than these, proved for another user, or too old',
      env: 'RAMPART_ALLOW_STALE_BASE',
    }),
    'with-base': Flags.boolean({
      description: 'first build, prove and push the bases that are stale',
      env: 'RAMPART_WITH_BASE',
    }),
    continue: Flags.boolean({
      description:
        'let a deployment of ECS go on that waits at a PAUSE hook, and follow it; also that of another run, which keeps its lock',
      env: 'RAMPART_CONTINUE',
    }),
    'lock-wait': Flags.string({
      description: 'wait that long for another run that changes this environment, e.g. 10m',
      env: 'RAMPART_LOCK_WAIT',
      helpValue: 'TIME',
    }),
    'release-hold': Flags.boolean({
      description: 'deploy although the environment is held, as after a rollback, and end the hold',
      env: 'RAMPART_RELEASE_HOLD',
    }),
    force: Flags.boolean({
      description: 'roll every target even when the fleet serves this release already',
      env: 'RAMPART_FORCE',
    }),
    version: Flags.string({
      description:
        'give the release a version when it is proved: its images the tags of release.tags, its commit an annotated git tag at origin; only from a clean tree that origin has',
      env: 'RAMPART_VERSION',
      helpValue: 'VERSION',
    }),
    hooks: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'run the programs in .rampart/hooks, and post the notices that rampart.yml names',
      env: 'RAMPART_HOOKS',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Deploy)
    const { runDeploy } = await import('../lib/compose/deploy.js')
    return this.finish(await runDeploy({ ...flags, json: this.jsonEnabled() }))
  }
}
