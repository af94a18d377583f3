import * as Flags from '@oclif/core/flags'

/** The flags of every command that starts a rehearsal. */
export const rehearsalFlags = {
  scenario: Flags.string({
    default: 'healthy',
    description: 'what happens to the rollout',
    env: 'RAMPART_SCENARIO',
    options: [
      'healthy',
      'slow-model',
      'bad-image',
      'never-ready',
      'crash-loop',
      'image-not-found',
      'throttled',
      'alarm-trip',
      'lying-health',
      'slow-release',
      'drifted-answers',
      'plain-http',
      'leaking-logs',
      'model-downloads',
      'no-capacity',
      'stuck-stack',
    ],
  }),
  speed: Flags.integer({
    default: 240,
    description: 'seconds of the cloud in a second of yours',
    env: 'RAMPART_SPEED',
    helpValue: 'N',
    max: 3600,
    min: 1,
  }),
}
