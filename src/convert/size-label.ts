interface Sized {
  shape: readonly number[]
}

const UNITS = [
  { from: 1e12, suffix: 'T' },
  { from: 1e9, suffix: 'B' },
  { from: 1e6, suffix: 'M' },
] as const

/** The number of parameters with two digits or more: 8.0B, 135M, 23K. */
export function formatSize(tensors: readonly Sized[]): string {
  const count = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, dimension) => product * dimension, 1), 0)
  const unit = UNITS.find(({ from }) => count > from) ?? { from: 1e3, suffix: 'K' }
  const scaled = count / unit.from
  const digits = String(Math.round(scaled)).replace(/^0+/, '').length
  return `${scaled.toFixed(Math.max(2 - digits, 0))}${unit.suffix}`
}
