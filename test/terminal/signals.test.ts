import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { onStop, type StopSignal } from '../../src/lib/terminal/signals.js'

/** A process that can be signalled and does not end. */
class Subject extends EventEmitter {
  readonly exits: number[] = []
  seconds = 100

  exit(code: number): void {
    this.exits.push(code)
  }

  uptime(): number {
    return this.seconds
  }

  signal(name: StopSignal, after = 0): void {
    this.seconds += after
    this.emit(name, name)
  }
}

function listen(): { readonly subject: Subject; readonly seen: StopSignal[]; readonly release: () => void } {
  const subject = new Subject()
  const seen: StopSignal[] = []
  return { subject, seen, release: onStop((signal) => seen.push(signal), subject) }
}

describe('a stop signal', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s is handed on once', (signal) => {
    const { subject, seen } = listen()
    subject.signal(signal)
    expect(seen).toEqual([signal])
    expect(subject.exits).toEqual([])
  })

  test('given again leaves at once', () => {
    const { subject, seen } = listen()
    subject.signal('SIGTERM')
    subject.signal('SIGINT', 1)
    expect(seen).toEqual(['SIGTERM'])
    expect(subject.exits).toEqual([130])
    subject.signal('SIGTERM', 1)
    expect(subject.exits).toEqual([130, 143])
  })

  test('passed on by npx as well as by the terminal is one', () => {
    const { subject } = listen()
    subject.signal('SIGINT')
    subject.signal('SIGINT', 0.02)
    expect(subject.exits).toEqual([])
  })

  test('of a terminal that closes does not force anything', () => {
    const { subject } = listen()
    subject.signal('SIGHUP')
    subject.signal('SIGHUP', 5)
    expect(subject.exits).toEqual([])
  })

  test('is no longer ours after the release', () => {
    const { subject, seen, release } = listen()
    release()
    expect(subject.eventNames()).toEqual([])
    subject.signal('SIGINT')
    expect(seen).toEqual([])
  })
})
