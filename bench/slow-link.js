/**
 * A link with a round-trip time and a bandwidth, as a TCP proxy on loopback. It runs as a process of its own, so that
 * its work does not slow what is measured. Messages to it: `{ shaped: boolean }`; without shaping it only passes on.
 *
 * Each direction of the link has the bandwidth once, shared by all connections; each piece leaves when the link is free
 * and arrives half a round trip later. A new connection carries nothing for one round trip, as a handshake would not.
 */
import { connect, createServer } from 'node:net'

const [target, rtt, bitsPerSecond] = process.argv.slice(2)
const [host, port] = target.split(':')
const latency = Number(rtt) / 2
const bytesPerMillisecond = Number(bitsPerSecond) / 8 / 1000
// No piece holds the link for longer than about a millisecond, and no connection buffers more than a window.
const pieceSize = 16 * 1024
const window = 1024 * 1024

let shaped = true

class Direction {
  free = 0

  /** When the last byte of that many arrives at the other end. */
  carry(bytes, notBefore) {
    const now = performance.now()
    this.free = Math.max(this.free, now, notBefore) + bytes / bytesPerMillisecond
    return this.free + latency
  }
}

const up = new Direction()
const down = new Direction()

function pass(from, to, direction, opensAt) {
  const queue = []
  let held = 0
  let ended = false
  let timer

  const deliver = () => {
    timer = undefined
    const now = performance.now()
    while (queue.length > 0 && queue[0].at <= now + 0.5) {
      const { piece } = queue.shift()
      held -= piece.length
      if (!to.destroyed) to.write(piece)
    }
    if (held < window / 2) from.resume()
    if (queue.length > 0) timer = setTimeout(deliver, Math.max(0, queue[0].at - now))
    else if (ended) to.end()
  }

  from.on('data', (data) => {
    if (!shaped) {
      to.write(data)
      return
    }
    for (let at = 0; at < data.length; at += pieceSize) {
      const piece = data.subarray(at, at + pieceSize)
      queue.push({ piece, at: direction.carry(piece.length, opensAt) })
      held += piece.length
    }
    if (held > window) from.pause()
    timer ??= setTimeout(deliver, Math.max(0, queue[0].at - performance.now()))
  })
  from.on('end', () => {
    ended = true
    if (queue.length === 0) to.end()
  })
  from.on('error', () => to.destroy())
  from.on('close', () => {
    if (!ended) to.destroy()
  })
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const origin = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true })
  const opensAt = shaped ? performance.now() + Number(rtt) : 0
  pass(client, origin, up, opensAt)
  pass(origin, client, down, 0)
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }))
process.on('message', (message) => {
  shaped = message.shaped
})
process.on('disconnect', () => process.exit())
