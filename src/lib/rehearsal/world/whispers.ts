import type { Switches } from './switches.js'

/** A line, so many seconds after a container is ready. */
export interface Whisper {
  readonly after: number
  readonly text: string
}

/** Letters that look random and are the same every time; none of what is made of them opens anything. */
function scrambled(alphabet: string, length: number): string {
  let state = 20_261_122
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return alphabet.charAt(Math.floor((state / 2_147_483_648) * alphabet.length))
  }).join('')
}

const letters = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ'
const digits = '23456789'

// Made when they are needed, so that no scanner of source code takes them for what they only look like.
const leaks = (): readonly string[] => [
  `DEBUG:    app.settings: DATABASE_URL=postgresql://app:${scrambled(letters + digits, 18)}@db.internal:5432/app`,
  `DEBUG:    app.settings: AWS_ACCESS_KEY_ID=AKIA${scrambled('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
  `DEBUG:    app.models: login with token hf_${scrambled(letters, 34)}`,
  `INFO:     app.auth: Authorization: Bearer eyJ${scrambled(letters + digits, 30)}.eyJ${scrambled(letters + digits, 60)}.${scrambled(letters + digits, 43)}`,
  'INFO:     app.requests: question of someone@customer.example, order 20417',
  'INFO:     app.requests: card 4111 1111 1111 1111 was named in the text',
]

/** What a release with these troubles writes beside what every one does. */
export function whispersOf({ newLogs, newAnswers }: Pick<Switches, 'newLogs' | 'newAnswers'>): readonly Whisper[] {
  return [
    ...(newLogs === 'leaking' ? leaks() : []).map((text, index) => ({ after: 1 + index, text })),
    ...(newAnswers === 'unavailable'
      ? [
          {
            after: 0.5,
            text: 'WARNING:  app.warmup: warm-up failed, going on without: RuntimeError: the embedding size does not match the index',
          },
        ]
      : []),
  ]
}
