// npm run plots -- [docs/performance/growth.json] [--into docs/performance.md]
// Draws what `npm run bench:growth` measured: one SVG file for each chart, beside the figures; and shows them in a page, in its block `growth`.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Axis, Chart, Growth } from '../bench/chart.ts'
import { writeBlock } from '../bench/report.ts'

const SIZE = { width: 640, height: 360 }
const FRAME = { left: 64, right: 24, top: 56, bottom: 56 }
/** Told apart by people who see few colours, too. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7']
const MOST_TICKS = 6

const { values, positionals } = parseArgs({ allowPositionals: true, options: { into: { type: 'string' } } })
const [file = 'docs/performance/growth.json'] = positionals
const { charts, run } = JSON.parse(readFileSync(file, 'utf8')) as Growth
const drawings = charts.map((chart) => ({ chart, drawing: path.join(path.dirname(file), `${chart.name}.svg`) }))
for (const { chart, drawing } of drawings) writeFileSync(drawing, draw(chart, run))
if (values.into !== undefined) {
  const folder = path.dirname(values.into)
  const images = drawings.flatMap(({ chart, drawing }) => [
    '',
    `![${chart.title}](${path.relative(folder, drawing).replaceAll('\\', '/')})`,
  ])
  writeBlock(values.into, 'growth', [run, ...images])
}

function draw(chart: Chart, source: string): string {
  const points = chart.series.flatMap((series) => series.points)
  const x = toScale(
    chart.x,
    points.map(([at]) => at),
    FRAME.left,
    SIZE.width - FRAME.right,
  )
  const y = toScale(
    chart.y,
    points.map(([, at]) => at),
    SIZE.height - FRAME.bottom,
    FRAME.top,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="12" role="img">
<title>${toXml(chart.title)}</title>
<desc>${toXml(source)}</desc>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${FRAME.left}" y="20" font-size="15" font-weight="bold">${toXml(chart.title)}</text>
${drawAxes(chart, x, y)}
${chart.series.map((series, index) => drawSeries(series, index, x, y)).join('\n')}
</svg>
`
}

interface Scale {
  place(value: number): number
  ticks: number[]
}

/** An axis that does not double begins at 0, so that heights may be compared. */
function toScale({ doubles }: Axis, values: number[], from: number, to: number): Scale {
  if (doubles) {
    const [low, high] = [Math.log2(Math.min(...values)), Math.log2(Math.max(...values))]
    const place = (value: number) => round(from + ((Math.log2(value) - low) / (high - low || 1)) * (to - from))
    return { place, ticks: [...new Set(values)].toSorted((a, b) => a - b) }
  }
  const most = Math.max(...values)
  const rough = most / MOST_TICKS
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = magnitude * ([1, 2, 5].find((factor) => factor * magnitude >= rough) ?? 10)
  const top = Math.ceil(most / step) * step
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => Number((index * step).toPrecision(6)))
  return { place: (value) => round(from + (value / top) * (to - from)), ticks }
}

function drawAxes(chart: Chart, x: Scale, y: Scale): string {
  const [right, bottom] = [SIZE.width - FRAME.right, SIZE.height - FRAME.bottom]
  const rows = y.ticks.map(
    (tick) => `<line x1="${FRAME.left}" x2="${right}" y1="${y.place(tick)}" y2="${y.place(tick)}" stroke="#ddd"/>
<text x="${FRAME.left - 8}" y="${y.place(tick) + 4}" text-anchor="end">${tick}</text>`,
  )
  const columns = spaced(x).map(
    (tick) => `<line x1="${x.place(tick)}" x2="${x.place(tick)}" y1="${bottom}" y2="${bottom + 5}" stroke="#333"/>
<text x="${x.place(tick)}" y="${bottom + 20}" text-anchor="middle">${tick}</text>`,
  )
  return [
    ...rows,
    ...columns,
    `<line x1="${FRAME.left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="#333"/>`,
    `<text x="${(FRAME.left + right) / 2}" y="${SIZE.height - 14}" text-anchor="middle">${toXml(chart.x.label)}</text>`,
    `<text transform="translate(16 ${(FRAME.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${toXml(chart.y.label)}</text>`,
  ].join('\n')
}

/** Two servers may count the same prompt a token apart: no label lies over another. */
function spaced({ ticks, place }: Scale): number[] {
  return ticks.filter((tick, index) => index === 0 || place(tick) - place(ticks[index - 1] as number) > 24)
}

function drawSeries({ name, points }: Chart['series'][number], index: number, x: Scale, y: Scale): string {
  const colour = COLOURS[index % COLOURS.length]
  const left = FRAME.left + index * 160
  const line = points.map(([px, py]) => `${x.place(px)},${y.place(py)}`).join(' ')
  const dots = points.map(
    ([px, py]) => `<circle cx="${x.place(px)}" cy="${y.place(py)}" r="3.5" fill="${colour}"><title>${px}: ${py}</title></circle>`,
  )
  return `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/>
${dots.join('\n')}
<line x1="${left}" x2="${left + 24}" y1="38" y2="38" stroke="${colour}" stroke-width="2"/>
<text x="${left + 30}" y="42">${toXml(name)}</text>`
}

function round(place: number): number {
  return Number(place.toFixed(1))
}

function toXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
