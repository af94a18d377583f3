import { describe, expect, test } from 'vitest'
import { stopHandler, type Wish } from '../../src/lib/compose/leave.js'
import type { StopSignal } from '../../src/lib/terminal/signals.js'

function subject(mayAsk = true) {
  const said: string[] = []
  const questions: PromiseWithResolvers<Wish>[] = []
  const press = stopHandler({
    mayAsk: () => mayAsk,
    ask: (signal) => {
      const question = Promise.withResolvers<Wish>()
      signal.addEventListener('abort', () => question.reject(new Error('closed')))
      questions.push(question)
      said.push('asked')
      return question.promise
    },
    leave: (signal: StopSignal) => said.push(`left by ${signal}`),
    abort: () => {
      said.push('went back')
      return Promise.resolve()
    },
  })
  const answer = async (wish: Wish | undefined): Promise<void> => {
    const question = questions.at(-1)
    if (wish === undefined) question?.reject(new Error('cancelled'))
    else question?.resolve(wish)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { said, press, answer }
}

describe('Ctrl-C during a rollout', () => {
  test.each<[Wish | undefined, readonly string[]]>([
    ['stay', ['asked']],
    ['detach', ['asked', 'left by SIGINT']],
    ['abort', ['asked', 'went back']],
    [undefined, ['asked', 'left by SIGINT']],
  ])('answered with %s', async (wish, expected) => {
    const { said, press, answer } = subject()
    expect(press('SIGINT')).toBe(true)
    await answer(wish)
    expect(said).toEqual(expected)
  })

  test('pressed again while the question is open leaves at once, and a third one ends the process', async () => {
    const { said, press } = subject()
    expect([press('SIGINT'), press('SIGINT'), press('SIGINT')]).toEqual([true, true, false])
    await new Promise((resolve) => setImmediate(resolve))
    expect(said).toEqual(['asked', 'left by SIGINT'])
  })

  test('is asked about again after staying', async () => {
    const { said, press, answer } = subject()
    press('SIGINT')
    await answer('stay')
    press('SIGINT')
    await answer('detach')
    expect(said).toEqual(['asked', 'asked', 'left by SIGINT'])
  })

  test('other signals ask nobody, nor does Ctrl-C where nobody is', () => {
    const first = subject()
    first.press('SIGTERM')
    expect(first.said).toEqual(['left by SIGTERM'])
    const second = subject(false)
    second.press('SIGINT')
    expect(second.said).toEqual(['left by SIGINT'])
  })
})
