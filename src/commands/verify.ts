import * as Flags from '@oclif/core/flags'
import { answerFlags } from '../answer-flags.js'
import { BaseCommand } from '../base-command.js'

export default class Verify extends BaseCommand {
  static override readonly summary = 'Check that what serves answers rightly, fast enough, and over HTTPS.'
  static override readonly description = `Makes the checks of the section verify in rampart.yml at the address where users reach the environment: its name in DNS, \
its certificate and TLS versions, the redirect from plain HTTP, each endpoint with what it must answer and how soon, and \
load. Each check comes to OK, WARN, FAIL or SKIP, with what was seen. Exits 0 when none fails, and 9 otherwise.

With --url alone any address is checked, without rampart.yml and without AWS.

Load goes to hosts that rampart.yml names and to no others. On any machine but this one it is asked about first, unless \
the environment says load: allow. Latency under load is counted from the moment at which a request was due.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --url https://rag.example.com/health --budget p95=500ms',
    '<%= config.bin %> <%= command.id %> --only search-384d --junit reports/verify.xml --no-load',
  ]
  static override readonly flags = {
    ...answerFlags,
    only: Flags.string({
      description: 'only this check; may be given more than once, in the variable with commas',
      env: 'RAMPART_ONLY',
      helpValue: 'NAME',
      multiple: true,
    }),
    load: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'send the load that is configured',
      env: 'RAMPART_LOAD',
    }),
    yes: Flags.boolean({
      char: 'y',
      description: 'send load without asking',
      env: 'RAMPART_YES',
    }),
    junit: Flags.string({
      description: 'write the checks as JUnit XML, too',
      env: 'RAMPART_JUNIT',
      helpValue: 'FILE',
    }),
    samples: Flags.integer({
      description: 'requests to measure at an address alone',
      env: 'RAMPART_SAMPLES',
      max: 1000,
      min: 1,
    }),
    budget: Flags.string({
      description: 'most that they may take, e.g. mean=250ms,p95=0.5s; of mean, p50, p95, p99, max',
      env: 'RAMPART_BUDGET',
      helpValue: 'BUDGET',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Verify)
    // From its variable the flag is one text.
    const named = flags.only as string | readonly string[] | undefined
    const only = (typeof named === 'string' ? named.split(/[\s,]+/) : (named ?? [])).filter((name) => name !== '')
    const { runVerify } = await import('../lib/compose/verify.js')
    return this.finish(await runVerify({ ...flags, only, json: this.jsonEnabled() }))
  }
}
