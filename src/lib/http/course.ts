import type { Socket } from 'node:net'
import type { HttpStage, HttpTiming } from '../ports/http.js'

/** How far an exchange has come, and how long each step took. */
export interface Course {
  readonly start: number
  stage: HttpStage
  received: number
  readonly at: { -readonly [step in keyof HttpTiming]: number }
}

/** A course that begins now; addresses need not be resolved. */
export function beginCourse(hostname: string): Course {
  const isName = process.getBuiltinModule('node:net').isIP(hostname.replace(/^\[|\]$/g, '')) === 0
  return {
    start: performance.now(),
    stage: isName ? 'resolve' : 'connect',
    received: 0,
    at: { resolve: 0, connect: 0, tls: 0, firstByte: 0, total: 0 },
  }
}

/** Follows a connection until it is ready. One that was open already takes no time. */
export function followSocket(course: Course, socket: Socket, isSecure: boolean): void {
  if (!socket.connecting) {
    course.stage = 'answer'
    return
  }
  // A step ends where the next begins.
  let last = performance.now()
  const step = (name: 'resolve' | 'connect' | 'tls', next: HttpStage) => (): void => {
    const moment = performance.now()
    course.at[name] += moment - last
    last = moment
    course.stage = next
  }
  const resolved = step('resolve', 'connect')
  // Once: with several addresses there is an event for each. It also comes when there is none.
  socket.once('lookup', (error: unknown) => {
    if (!(error instanceof Error)) resolved()
  })
  socket.once('connect', step('connect', isSecure ? 'tls' : 'answer'))
  if (isSecure) socket.once('secureConnect', step('tls', 'answer'))
}

/** Follows a connection through a proxy: its step of connecting ends with the tunnel, which is open by now. */
export function followTunnel(course: Course, socket: Socket): void {
  const opened = performance.now()
  course.at.connect = opened - course.start
  course.stage = 'tls'
  socket.once('secureConnect', () => {
    course.at.tls = performance.now() - opened
    course.stage = 'answer'
  })
}
