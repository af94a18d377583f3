import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser } from 'playwright-core'
import { onTestFinished } from 'vitest'

/** Debian's; what a person reads a report with. */
export const chromiumProgram = '/usr/bin/chromium'

/** What a page is asked by, in the page itself. */
export const inPage = fileURLToPath(new URL('in-page.js', import.meta.url))

/** A browser without a window and with an empty profile. It goes with the test. */
export async function startBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: chromiumProgram,
    args: [
      // Its sandbox does not start for root, and what it opens is ours.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  onTestFinished(() => browser.close())
  return browser
}

/** A page on loopback, as the artifact of a CI run is served; `asked` has the path of every request. */
export async function servePage(text: string): Promise<{ readonly url: string; readonly asked: readonly string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(text)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/report.html`, asked }
}
