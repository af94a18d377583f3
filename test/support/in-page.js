// Loaded into a page before its own content; asks what only the page itself knows.
function luminance(colour) {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
    const c = Number(part) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

globalThis.inPage = {
  /** Unfolds what is folded. */
  open() {
    for (const one of document.querySelectorAll('details')) one.open = true
  },
  /** What is wider than the screen, and texts that hardly differ from what is behind them (WCAG 2, 4.5 to 1). */
  faults() {
    const { scrollWidth } = document.documentElement
    const ground = luminance(getComputedStyle(document.body).backgroundColor)
    const texts = 'p, h1, h2, h3, dt, dd, th, td, li, caption, a, summary, span, text'
    const faint = [...document.querySelectorAll(texts)].flatMap((element) => {
      const style = getComputedStyle(element)
      const own = luminance(element instanceof SVGElement ? style.fill : style.color)
      const contrast = (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05)
      return contrast < 4.5 ? [`${element.tagName} ${element.getAttribute('class')} ${contrast.toFixed(2)}`] : []
    })
    return [...(scrollWidth > innerWidth ? [`${scrollWidth} wide on ${innerWidth}`] : []), ...new Set(faint)]
  },
  /** The size of the smallest text of a chart, in pixels of the screen. */
  smallest() {
    const sizes = [...document.querySelectorAll('svg text')].map((one) =>
      Number.parseFloat(getComputedStyle(one).fontSize),
    )
    return Math.min(...sizes)
  },
  /** The rows of the table whose caption begins so: of each cell its text, and its exact figure if it has one. */
  rows(caption) {
    const table = [...document.querySelectorAll('table')].find((one) => one.caption?.textContent.startsWith(caption))
    return [...(table?.tBodies[0]?.rows ?? [])].map((row) =>
      [...row.cells].map((cell) => [cell.textContent, cell.querySelector('data')?.getAttribute('value') ?? null]),
    )
  },
}
