import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with what was left out and why, and with one plain line that any log reader understands. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 }
    const reasons = new Map<string, number>()
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') count.passed += 1
        else if (result.state === 'failed') count.failed += 1
        else {
          count.skipped += 1
          const reason = (result.state === 'skipped' && result.note) || 'not run'
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
        }
      }
    }
    const lines = [...reasons].map(([reason, times]) => `left out ${times}: ${reason}`)
    process.stdout.write(
      [...lines, `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`, ''].join('\n'),
    )
  }
}
