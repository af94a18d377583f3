import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { encodeEvent } from '../events/codec.js'
import type { Event } from '../events/event.js'
import { stripControl } from '../terminal/clean.js'
import type { Mask } from '../terminal/mask.js'
import { cleanEvent } from './clean-event.js'

/** Writes every event of a run to a file. */
export interface Recorder {
  event(event: Event): void
  close(): void
}

/** True when the file ends in the middle of a line, as one does whose writer was killed. */
function isTorn(file: number): boolean {
  const { size } = fstatSync(file)
  const last = Buffer.alloc(1)
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a
}

/**
 * Appends the run's events to a file, one line of NDJSON each and one write each, so that several runs may share it and
 * a killed one leaves whole lines. The file is its owner's alone when it is new; what is secret never reaches it. Throws
 * what the file system says when it cannot be opened.
 */
export function createRecorder(path: string, mask: Mask): Recorder {
  const file = openSync(path, 'a+', 0o600)
  let start = isTorn(file) ? '\n' : ''
  let isOpen = true
  return {
    event(event) {
      if (!isOpen) return
      try {
        writeSync(file, start + encodeEvent(cleanEvent(event, (text) => mask(stripControl(text)))))
        start = ''
      } catch (error) {
        // A full disk must not end what is recorded; the stream says once that this sink has failed.
        isOpen = false
        throw error
      }
    },
    close() {
      isOpen = false
      closeSync(file)
    },
  }
}
