/** The double with the fewest digits that is still this float32: vectors cost half the bytes, and read as Go writes a float32. */
export function shortenFloat32(value: number): number {
  for (let digits = 7; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}
